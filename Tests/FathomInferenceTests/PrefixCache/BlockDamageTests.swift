import FathomInference
import FathomModels
import Foundation
import GoldenSupport
import Testing

/// Whatever a file holds, and whatever lies in its place, is a miss.
@Suite struct BlockDamageTests {
  private func sound(_ folder: StoreFolder) throws -> [UInt8] {
    let store = try folder.store()
    store.save(block: 1)
    store.close()
    return try TemporaryFolder.read(folder.path(1))
  }

  /// Writes into the file that is there, so that it stays ours.
  private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    #expect(file >= 0)
    defer { close(file) }
    #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
  }

  @Test func `a file cut off anywhere is a miss and goes`() throws {
    try StoreFolder.with { folder in
      let bytes = try sound(folder)
      let lengths =
        Array(0..<140) + stride(from: 140, to: bytes.count, by: 97) + [
          bytes.count - 1, bytes.count + 1, bytes.count + 5000,
        ]
      for length in lengths {
        let store = try folder.store()
        store.save(block: 1)
        store.flush()
        let longer = bytes + [UInt8](repeating: 0, count: max(0, length - bytes.count))
        try overwrite(folder.path(1), Array(longer.prefix(length)))
        #expect(store.contains(Block.key(1)) && !store.hits(block: 1), "\(length) bytes")
        #expect(!store.contains(Block.key(1)) && folder.files.isEmpty, "\(length) bytes")
        #expect(store.statistics.damaged == 1 && store.statistics.bytes == 0)
        store.close()
        // The same, found by the scan of a store that opens later.
        try overwrite(folder.path(1), Array(longer.prefix(length)))
        let later = try folder.store()
        #expect(!later.hits(block: 1) && folder.files.isEmpty, "\(length) bytes")
        later.close()
      }
      #expect(folder.reports.lines.isEmpty)
    }
  }

  @Test func `a changed byte anywhere is a miss`() throws {
    try StoreFolder.with { folder in
      let bytes = try sound(folder)
      let header = bytes.count - Block.bytes
      let store = try folder.store()
      let places =
        Array(0..<header) + stride(from: header, to: bytes.count, by: 41) + [bytes.count - 1]
      for place in places {
        for change: UInt8 in [0x01, 0x80, 0xFF] {
          store.save(block: 1)
          store.flush()
          var changed = bytes
          changed[place] ^= change
          try overwrite(folder.path(1), changed)
          #expect(!store.hits(block: 1), "byte \(place)")
          #expect(!store.contains(Block.key(1)), "byte \(place)")
          // Another version is nobody's damage; its file waits to be replaced or to be the oldest.
          #expect(folder.files.isEmpty == !(8..<12).contains(place), "byte \(place)")
        }
      }
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1))
      #expect(store.statistics.files == 1 && store.statistics.bytes == Block.fileBytes)
    }
  }

  @Test(arguments: 1...8) func `random headers and lengths never trap`(seed: UInt64) throws {
    var state = seed
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    try StoreFolder.with { folder in
      let bytes = try sound(folder)
      let block = BlockFile(
        identity: BlockFile.identity(Block.identity), key: Block.key(1),
        tokens: Block.tokens(1), blockBytes: Block.bytes)
      for _ in 0..<500 {
        var changed = bytes
        for _ in 0..<(1 + random(4)) {
          let place = [random(88), 8 + random(8), 80 + random(8), random(bytes.count)][random(4)]
          changed[place] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(random(256))][random(6)]
        }
        if random(3) == 0 { changed = Array(changed.prefix(random(changed.count))) }
        let isSound = changed == bytes
        try overwrite(folder.path(1), changed)
        let file = open(folder.path(1), O_RDONLY)
        defer { close(file) }
        // Sizes that are not the file's own happen when it changes meanwhile.
        for size in [changed.count, bytes.count, 0, .max, random(1 << 20)] {
          if case .page = block.read(file, size: size, system: BlockSystem()) {
            #expect(isSound && size == bytes.count, "seed \(seed)")
          }
        }
      }
    }
  }

  @Test func `a sound file of another model or another place is a miss`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      for number in 1...2 { store.save(block: number) }
      store.flush()
      let second = try TemporaryFolder.read(folder.path(2))
      try overwrite(folder.path(1), second)
      #expect(!store.hits(block: 1) && store.hits(block: 2))
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1))
      store.close()
      // Rows of another size under our key, whole as far as their header says.
      let larger = try folder.store(blockBytes: 2 * Block.bytes)
      #expect(larger.load(Block.key(1), tokens: Block.tokens(1)) == nil)
      #expect(folder.files.count == 2 && larger.statistics.damaged == 0)
      larger.save(
        Block.key(1), tokens: Block.tokens(1), page: Block.page(1, bytes: 2 * Block.bytes))
      larger.flush()
      #expect(larger.load(Block.key(1), tokens: Block.tokens(1))?.bytes.count == 2 * Block.bytes)
      larger.close()
      #expect(try !folder.store().hits(block: 1))
    }
  }

  enum Stranger: CaseIterable { case link, linkedFolder, folder, pipe, open, openFolder }

  @Test(arguments: Stranger.allCases)
  func `what is not a plain file of ours is a miss, before and after a restart, and stays`(
    stranger: Stranger
  ) throws {
    try StoreFolder.with { folder in
      _ = try sound(folder)
      let store = try folder.store()
      let (path, elsewhere) = (folder.path(1), folder.outer + "/elsewhere")
      let subfolder = String(path.dropLast(71))
      switch stranger {
      case .link:
        #expect(rename(path, elsewhere) == 0 && symlink(elsewhere, path) == 0)
      case .linkedFolder:
        #expect(rename(subfolder, elsewhere) == 0 && symlink(elsewhere, subfolder) == 0)
      case .folder:
        #expect(unlink(path) == 0 && mkdir(path, 0o700) == 0)
      case .pipe:
        #expect(unlink(path) == 0 && mkfifo(path, 0o600) == 0)
      case .open:
        #expect(chmod(path, 0o640) == 0)
      case .openFolder:
        #expect(chmod(subfolder, 0o770) == 0)
      }
      #expect(!store.hits(block: 1), "\(stranger)")
      // Saving does not replace it either, and other blocks are saved as ever.
      store.save(block: 1)
      store.save(block: 2)
      store.flush()
      #expect(!store.hits(block: 1) && store.hits(block: 2))
      #expect(store.statistics.isWritable && store.statistics.dropped == 1)
      store.close()
      let later = try folder.store(budget: 0)
      #expect(!later.hits(block: 1))
      later.close()
      #expect(access(path, F_OK) == 0, "\(stranger)")
      #expect(folder.reports.lines.count == 1, "\(folder.reports.lines)")
      #expect(folder.reports.lines.first?.contains("1 entries ignored") == true)
    }
  }

  @Test func `names that are not ours are never touched, old temporaries are swept`() throws {
    try StoreFolder.with { folder in
      _ = try sound(folder)
      let path = folder.path(1)
      let subfolder = String(path.dropLast(71))
      let strangers = [
        "\(folder.path)/README", "\(folder.path)/\(Block.key(1)).block", "\(subfolder)/notes.tmp",
        "\(subfolder)/\(Block.key(1)).blocks", "\(subfolder)/\(Block.key(1))x.block",
        "\(subfolder)/\(Block.key(1)).", "\(subfolder)/\(String(repeating: "0", count: 64)).block",
        "\(subfolder)/.tmp", "\(folder.path)/00000.block",
      ]
      for stranger in strangers { try overwrite(stranger, [1, 2, 3]) }
      let temporaries = ["", "7.", "4194304.1800000000000000."].map {
        "\(subfolder)/\(Block.key(1)).\($0)tmp"
      }
      for temporary in temporaries { try overwrite(temporary, [1, 2, 3]) }
      let store = try folder.store()
      #expect(store.statistics.files == 1 && store.hits(block: 1))
      for temporary in temporaries { #expect(access(temporary, F_OK) != 0) }
      store.close()
      try folder.store(budget: 0).close()
      #expect(access(path, F_OK) != 0)
      for stranger in strangers { #expect(try TemporaryFolder.read(stranger) == [1, 2, 3]) }
    }
  }

  @Test func `a disk that cannot be read is a miss and the file stays`() throws {
    try StoreFolder.with { folder in
      _ = try sound(folder)
      let store = try folder.store()
      folder.faults.fail(.read, with: EIO)
      #expect(!store.hits(block: 1) && !store.contains(Block.key(1)))
      #expect(folder.files.count == 1 && store.statistics.damaged == 0)
      folder.faults.fail(.read, with: nil)
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1))
    }
  }

  @Test func `folders that are none or open to others are refused by name`() throws {
    try StoreFolder.with { folder in
      func refusal() -> String? {
        do {
          _ = try folder.store()
          return nil
        } catch { return "\(error)" }
      }
      try overwrite(folder.path, [1])
      #expect(refusal()?.contains("Not a directory") == true)
      #expect(unlink(folder.path) == 0 && symlink(folder.outer, folder.path) == 0)
      #expect(refusal() != nil)
      #expect(unlink(folder.path) == 0 && mkdir(folder.path, 0o777) == 0)
      #expect(chmod(folder.path, 0o777) == 0)
      #expect(refusal()?.contains("open to others") == true)
      #expect(chmod(folder.path, 0o755) == 0 && refusal() == nil)
      #expect(throws: (any Error).self) {
        try BlockStore(directory: "", identity: [], blockBytes: 1, byteBudget: 1) { _ in }
      }
      let deep = folder.outer + "/a/b//c/"
      try BlockStore(directory: deep, identity: [], blockBytes: 1, byteBudget: 1) { _ in }.close()
      #expect(access(folder.outer + "/a/b/c/lock", F_OK) == 0)
    }
  }
}
