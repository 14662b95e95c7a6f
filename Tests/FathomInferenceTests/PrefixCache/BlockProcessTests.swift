import FathomInference
import FathomModels
import Foundation
import Testing

/// Faults that need a process of their own.
@Suite struct BlockProcessTests {
  enum Moment: String, CaseIterable, Codable {
    case create, firstWrite, halfOfTheRows, fileSync, rename, renamed, folderSync
  }

  /// A system that kills its process at that moment of the next save.
  private static func dying(at moment: Moment) -> BlockSystem {
    @Sendable func die() { kill(getpid(), SIGKILL) }
    var system = BlockSystem()
    let real = system
    let (create, sync) = (O_CREAT | O_EXCL, Count())
    system.open = { folder, name, flags in
      let file = real.open(folder, name, flags)
      if moment == .create, flags & create == create { die() }
      return file
    }
    system.write = { file, bytes in
      if moment == .firstWrite { die() }
      if moment == .halfOfTheRows, bytes.count == Block.bytes {
        _ = real.write(file, UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2)))
        die()
      }
      return real.write(file, bytes)
    }
    system.sync = { file in
      // The first one syncs the file: the folder it lies in is there already.
      let number = sync.next()
      if number == 0, moment == .fileSync { die() }
      if number == 1, moment == .folderSync { die() }
      return real.sync(file)
    }
    system.rename = { folder, from, to in
      if moment == .rename { die() }
      let result = real.rename(folder, from, to)
      if moment == .renamed { die() }
      return result
    }
    return system
  }

  @Test(arguments: Moment.allCases)
  func `killed while it saves, a store leaves what was there and no half of a block`(
    moment: Moment
  ) async throws {
    try await StoreFolder.withWaiting { folder in
      let numbers = BlockProcessTests.neighbours
      let before = try folder.store(system: BlockSystem())
      before.save(block: numbers.0)
      before.close()
      let path = folder.path
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, moment = moment as Moment] in
        let store = try BlockStore(
          directory: path, identity: Block.identity, blockBytes: Block.bytes,
          byteBudget: 1 << 30, queueBytes: 1 << 20, system: BlockProcessTests.dying(at: moment)
        ) { print($0) }
        store.save(block: BlockProcessTests.neighbours.1)
        store.flush()
      }
      let isThere = [Moment.renamed, .folderSync].contains(moment)
      let left = folder.files
      #expect(left.count == 2, "\(left)")
      #expect(left.contains { $0.hasSuffix(".tmp") } == !isThere)
      // The lock went with the process.
      let after = try folder.store(system: BlockSystem())
      #expect(after.statistics.isWritable && after.hits(block: numbers.0))
      #expect(after.hits(block: numbers.1) == isThere)
      #expect(after.statistics.damaged == 0)
      #expect(folder.files.count == after.statistics.files)
      after.save(block: numbers.1)
      after.flush()
      #expect(after.hits(block: numbers.1) && folder.reports.lines.isEmpty)
    }
  }

  /// Two blocks that lie in one folder.
  private static let neighbours: (Int, Int) = {
    var seen: [Substring: Int] = [:]
    for number in 0... {
      let folder = "\(Block.key(number))".prefix(2)
      if let other = seen[folder] { return (other, number) }
      seen[folder] = number
    }
    return (0, 0)
  }()

  @Test func `a file size limit of the process stops the writing, not the process`() async throws {
    try await StoreFolder.withWaiting { folder in
      await #expect(processExitsWith: .exitCode(7)) { [path = folder.path as String] in
        // As on a main thread: whoever started the tests may have turned it off, and this one may block it.
        signal(SIGXFSZ, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGXFSZ)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        var limit = rlimit(rlim_cur: 2048, rlim_max: 2048)
        #if canImport(Darwin)
          setrlimit(RLIMIT_FSIZE, &limit)
        #else
          setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        #endif
        let reports = Reports()
        let store = try BlockStore(
          directory: path, identity: Block.identity, blockBytes: Block.bytes,
          byteBudget: 1 << 30, report: reports.add)
        for number in 0..<3 { store.save(block: number) }
        store.flush()
        let isRight =
          !store.statistics.isWritable && reports.lines.count == 1
          && reports.lines[0].contains("File too large") && store.statistics.dropped == 3
        exit(isRight ? 7 : 1)
      }
      #expect(folder.files.isEmpty)
    }
  }

  @Test func `folders that this user may not write in are read`() async throws {
    try await StoreFolder.withWaiting { folder in
      await #expect(processExitsWith: .exitCode(7)) { [outer = folder.outer as String] in
        // Root may write anywhere, so this process becomes somebody else.
        let user: uid_t = geteuid() == 0 ? 65534 : geteuid()
        guard chmod(outer, 0o755) == 0, chown(outer, user, gid_t.max) == 0, seteuid(user) == 0
        else { exit(2) }
        let reports = Reports()
        let store = try BlockStore(
          directory: outer + "/blocks", identity: Block.identity, blockBytes: Block.bytes,
          byteBudget: 1 << 30, report: reports.add)
        let (first, second) = BlockProcessTests.neighbours
        store.save(block: first)
        store.flush()
        let subfolder = outer + "/blocks/" + "\(Block.key(first))".prefix(2)
        chmod(subfolder, 0o500)
        store.save(block: second)
        store.flush()
        guard store.hits(block: first), !store.statistics.isWritable, reports.lines.count == 1,
          reports.lines[0].contains("Permission denied")
        else { exit(3) }
        store.close()
        // From the start, and without even the lock.
        chmod(outer + "/blocks/lock", 0o400)
        let reader = try BlockStore(
          directory: outer + "/blocks", identity: Block.identity, blockBytes: Block.bytes,
          byteBudget: 1 << 30, report: reports.add)
        guard reader.hits(block: first), !reader.statistics.isWritable else { exit(4) }
        // Nothing may be opened at all any more.
        chmod(subfolder, 0)
        exit(!reader.hits(block: first) && reports.lines.count == 2 ? 7 : 5)
      }
    }
  }

  @Test func `a second process reads what the first one writes`() async throws {
    try await StoreFolder.withWaiting { folder in
      let store = try folder.store()
      store.save(block: 1)
      store.flush()
      await #expect(processExitsWith: .exitCode(7)) { [path = folder.path as String] in
        let reports = Reports()
        let other = try BlockStore(
          directory: path, identity: Block.identity, blockBytes: Block.bytes,
          byteBudget: 1 << 30, report: reports.add)
        other.save(block: 2)
        other.flush()
        let isRight =
          other.hits(block: 1) && !other.statistics.isWritable && reports.lines.count == 1
        exit(isRight ? 7 : 1)
      }
      #expect(folder.files.count == 1 && store.statistics.isWritable)
    }
  }
}

private final class Count: Sendable {
  private let lock = NSLock()
  nonisolated(unsafe) private var count = 0
  func next() -> Int {
    lock.withLock {
      defer { count += 1 }
      return count
    }
  }
}
