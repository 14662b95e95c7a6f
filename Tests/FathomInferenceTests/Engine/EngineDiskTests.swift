import Foundation
import GoldenSupport
import Synchronization
import Testing

@testable import FathomInference

/// Whatever happens to the blocks on disk, an engine answers as if there were none.
@Suite struct EngineDiskTests {
  private static let family = "deepseek_v3_mtp"

  /// A trouble of the disk: with files that are there already, or with calls from then on.
  enum Trouble: CaseIterable {
    case changedByte, cutOff, empty, longer, otherVersion, otherModel, swapped
    case linked, folders, unreadable, missingFiles, missingFolder
    case unreadableOpen, brokenRead, noDescriptors
    case fullDisk, readOnly, brokenWrite, brokenSync, brokenRename
    case second

    /// Whether blocks can still be read.
    var leavesBlocks: Bool {
      switch self {
      case .fullDisk, .readOnly, .brokenWrite, .brokenSync, .brokenRename, .second: true
      default: false
      }
    }

    func happen(to faults: Faults) {
      switch self {
      case .unreadableOpen: faults.fail(.look, with: EACCES)
      case .noDescriptors: faults.fail(.look, with: EMFILE)
      case .brokenRead: faults.fail(.read, with: EIO)
      case .fullDisk: faults.fail(.write, with: ENOSPC)
      case .readOnly: faults.fail(.open, with: EROFS)
      case .brokenWrite: faults.fail(.write, with: EIO)
      case .brokenSync: faults.fail(.sync, with: EIO)
      case .brokenRename: faults.fail(.rename, with: EIO)
      default: break
      }
    }

    func happen(to files: [String], in folder: String) throws {
      switch self {
      case .missingFolder: return try FileManager.default.removeItem(atPath: folder)
      case .swapped:
        let contents = try files.map { try TemporaryFolder.read($0) }
        for (file, bytes) in zip(files, contents[1...] + contents[..<1]) {
          try Self.overwrite(file, bytes)
        }
        return
      default: break
      }
      for file in files {
        var bytes = try TemporaryFolder.read(file)
        switch self {
        case .changedByte: bytes[bytes.count - 100] ^= 1
        case .cutOff: bytes.removeLast(bytes.count / 3)
        case .empty: bytes = []
        case .longer: bytes += [1, 2, 3]
        case .otherVersion: bytes[8] ^= 0x40
        case .otherModel: for place in 16..<48 { bytes[place] ^= 0xFF }
        case .linked:
          #expect(rename(file, folder + "/elsewhere") == 0)
          #expect(symlink(folder + "/elsewhere", file) == 0)
          continue
        case .folders:
          #expect(unlink(file) == 0 && mkdir(file, 0o700) == 0)
          continue
        case .unreadable:
          #expect(chmod(file, 0o666) == 0)
          continue
        case .missingFiles:
          #expect(unlink(file) == 0)
          continue
        default: continue
        }
        try Self.overwrite(file, bytes)
      }
    }

    private static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
      let file = open(path, O_WRONLY | O_TRUNC)
      #expect(file >= 0)
      defer { close(file) }
      #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
    }
  }

  private static func files(_ folder: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".block") }.sorted().map { folder + "/" + $0 }
  }

  private static func until(_ holds: () -> Bool) async throws {
    for _ in 0..<1000 where !holds() { try await Task.sleep(for: .milliseconds(5)) }
    #expect(holds())
  }

  @Test(arguments: Trouble.allCases)
  func `the answer is the same bits whatever happens to the disk`(trouble: Trouble) async throws {
    try await TemporaryFolder.whileRunning { outer in
      let folder = outer + "/blocks"
      let prompts = try GoldenFamily(Self.family).prompts.map(\.ids)
      var request = EngineTests.request(prompts[3], maxTokens: 24)
      request.topScores = 3
      // Not on disk: its blocks are to be written while the trouble lasts.
      var fresh = EngineTests.request(prompts[3].reversed(), maxTokens: 24)
      fresh.topScores = 3

      let first = try EngineTests.engine { $0.disk = (folder, 1 << 30) }
      let computed = await EngineTests.outcome(first.submit(request))
      let blocks = prompts[3].count / 64
      try await Self.until { (first.statistics.disk?.saved ?? 0) >= blocks }
      if trouble != .second {
        first.stop()
        try await Self.until { first.statistics.disk?.isWritable != true }
      }

      let faults = Faults()
      let reports = Mutex(0)
      let second = try EngineTests.engine {
        $0.disk = (folder, 1 << 30)
        $0.diskSystem = faults.system
        $0.report = { _ in reports.withLock { $0 += 1 } }
      }
      try trouble.happen(to: Self.files(folder), in: folder)
      trouble.happen(to: faults)

      var again = await EngineTests.outcome(second.submit(request))
      // A second engine may leave the folder to the first.
      if trouble != .second { #expect(again.cached == (trouble.leavesBlocks ? blocks * 64 : 0)) }
      again.cached = computed.cached
      #expect(again == computed)

      let other = await EngineTests.outcome(second.submit(fresh))
      #expect(other.failure == nil)
      #expect(try other.tokens == EngineTests.alone(second, fresh))
      var warm = await EngineTests.outcome(second.submit(request))
      #expect(warm.cached >= blocks * 64, "what is in memory needs no disk")
      warm.cached = computed.cached
      #expect(warm == computed)

      try await Self.until { second.statistics.pinnedBlocks == 0 }
      #expect(second.statistics.failure == nil)
      #expect(reports.withLock { $0 } <= 3)
      second.stop()
      first.stop()
    }
  }
}
