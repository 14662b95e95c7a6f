import FathomInference
import FathomModels
import Foundation
import Testing

/// What stops writing, what is said about it, and how it starts again.
@Suite struct BlockWritingTests {
  @Test(
    arguments: [ENOSPC, EDQUOT, EROFS, EIO, EACCES, EFBIG, EPERM],
    [Faults.Call.open, .write, .sync, .rename])
  func `a refused write stops writing with one report until a minute has passed`(
    code: Int32, call: Faults.Call
  ) throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      store.save(block: 0)
      store.flush()
      folder.faults.fail(call, with: code)
      for number in 1..<5 {
        store.save(block: number)
        store.flush()
      }
      #expect(!store.statistics.isWritable && store.statistics.dropped == 4)
      #expect(store.hits(block: 0) && !store.hits(block: 1))
      // What was written halfway is gone.
      #expect(folder.files.allSatisfy { !$0.hasSuffix(".tmp") })
      #expect(folder.reports.lines.count == 1, "\(folder.reports.lines)")
      #expect(folder.reports.lines[0].contains(String(cString: strerror(code))))

      // Still failing after a minute: nothing new to say, and two minutes until the next try.
      folder.faults.passSeconds(61)
      store.save(block: 5)
      store.flush()
      folder.faults.fail(call, with: nil)
      folder.faults.passSeconds(61)
      store.save(block: 6)
      store.flush()
      #expect(!store.hits(block: 6) && folder.reports.lines.count == 1)
      folder.faults.passSeconds(60)
      store.save(block: 7)
      store.flush()
      #expect(store.hits(block: 7) && store.hits(block: 0) && store.statistics.isWritable)
      #expect(folder.reports.lines.count == 2, "\(folder.reports.lines)")
      #expect(folder.reports.lines[1].contains("writing again"))
    }
  }

  @Test(arguments: [EMFILE, ENFILE, ENOMEM])
  func `what passes by itself costs one block`(code: Int32) throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      folder.faults.fail(.open, with: code)
      store.save(block: 1)
      store.flush()
      folder.faults.fail(.open, with: nil)
      store.save(block: 2)
      store.flush()
      #expect(!store.hits(block: 1) && store.hits(block: 2))
      folder.faults.fail(.look, with: code)
      #expect(!store.hits(block: 2) && store.contains(Block.key(2)))
      folder.faults.fail(.look, with: nil)
      #expect(store.hits(block: 2))
      #expect(store.statistics.isWritable && folder.reports.lines.isEmpty)
    }
  }

  @Test func `a cache on a disk that is read-only from the start is read`() throws {
    try StoreFolder.with { folder in
      let first = try folder.store()
      first.save(block: 1)
      first.close()
      folder.faults.fail(.open, with: EROFS)
      let store = try folder.store()
      #expect(store.hits(block: 1) && !store.statistics.isWritable)
      store.save(block: 2)
      store.flush()
      #expect(folder.files.count == 1 && folder.reports.lines.count == 1)
    }
  }

  @Test func `a folder removed while in use is a row of misses and is made anew`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      for number in 0..<3 { store.save(block: number) }
      store.flush()
      try FileManager.default.removeItem(atPath: folder.path)
      #expect(!store.hits(block: 0))
      store.save(block: 4)
      store.flush()
      #expect(store.hits(block: 4) && !store.contains(Block.key(1)))
      #expect(store.statistics.isWritable && store.statistics.files == 1)
      #expect(folder.reports.lines.count == 1, "\(folder.reports.lines)")
      // Only what is in it.
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        try FileManager.default.removeItem(atPath: folder.path + "/" + name)
      }
      #expect(!store.hits(block: 4))
      store.save(block: 4)
      store.flush()
      #expect(store.hits(block: 4))
    }
  }

  @Test func `a folder replaced by a file ends the writing and nothing else`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      store.save(block: 0)
      store.flush()
      try FileManager.default.removeItem(atPath: folder.path)
      #expect(FileManager.default.createFile(atPath: folder.path, contents: nil))
      for number in 0..<3 {
        #expect(!store.hits(block: number))
        store.save(block: number)
        store.flush()
      }
      #expect(!store.statistics.isWritable && folder.reports.lines.count == 1)
      try FileManager.default.removeItem(atPath: folder.path)
      folder.faults.passSeconds(1000)
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1) && store.statistics.isWritable)
    }
  }

  @Test func `of two stores on one folder one writes and both read`() throws {
    try StoreFolder.with { folder in
      let first = try folder.store()
      first.save(block: 1)
      first.flush()
      let temporary = folder.path(1).dropLast(5) + "9.tmp"
      #expect(FileManager.default.createFile(atPath: String(temporary), contents: nil))
      #expect(chmod(String(temporary), 0o600) == 0)
      let reports = Reports()
      let second = try BlockStore(
        directory: folder.path, identity: Block.identity, blockBytes: Block.bytes,
        byteBudget: Block.fileBytes, queueBytes: 1 << 20, system: folder.faults.system,
        report: reports.add)
      func date() throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: folder.path(1))[.modificationDate] as? Date
      }
      let dateBefore = try date()
      #expect(second.hits(block: 1) && !second.statistics.isWritable)
      second.flush()
      #expect(try date() == dateBefore)
      #expect(unlink(String(temporary)) == 0)
      for number in 2..<5 {
        second.save(block: number)
        second.flush()
      }
      #expect(reports.lines.count == 1 && reports.lines[0].contains("another process writes"))
      // The reader removes nothing: neither for its budget, nor damage, nor what is being written.
      #expect(truncate(folder.path(1), 1000) == 0)
      #expect(!second.hits(block: 1) && folder.files.count == 1)
      #expect(first.statistics.isWritable && !first.hits(block: 1) && folder.files.isEmpty)

      // A minute later it sees what the other has saved since; when that one ends, it takes over.
      first.save(block: 6)
      first.flush()
      folder.faults.passSeconds(61)
      second.save(block: 7)
      second.flush()
      #expect(second.hits(block: 6) && !second.statistics.isWritable)
      first.close()
      folder.faults.passSeconds(121)
      second.save(block: 8)
      second.flush()
      #expect(second.statistics.evicted == 1 && second.hits(block: 8) && folder.files.count == 1)
      #expect(reports.lines.count == 2 && reports.lines[1].contains("writing again"))
    }
  }

  @Test func `the successor of a writer writes`() throws {
    try StoreFolder.with { folder in
      let first = try folder.store()
      let second = try folder.store()
      first.close()
      folder.faults.passSeconds(61)
      second.save(block: 1)
      second.flush()
      #expect(second.hits(block: 1) && second.statistics.isWritable)
      #expect(folder.reports.lines.count == 2)
      #expect(try !folder.store().statistics.isWritable)
    }
  }

  @Test func `removing the lock by hand does not let go of the folder for long`() throws {
    try StoreFolder.with { folder in
      let first = try folder.store()
      #expect(unlink(folder.path + "/lock") == 0)
      let second = try folder.store()
      // Both write now, one file each at a time and whole; neither can hand out the other's half.
      for number in 0..<20 {
        first.save(block: number)
        second.save(block: number)
      }
      first.flush()
      second.flush()
      for number in 0..<20 { #expect(first.hits(block: number) && second.hits(block: number)) }
      #expect(folder.files.count == 20)
    }
  }
}
