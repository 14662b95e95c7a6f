import FathomInference
import FathomModels
import Foundation
import Synchronization
import Testing

@Suite struct BlockStoreTests {
  @Test func `what is saved comes back, now and after a restart`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store(system: BlockSystem())
      #expect(!store.contains(Block.key(1)) && !store.hits(block: 1))
      for number in 0..<20 { store.save(block: number) }
      store.flush()
      for number in 0..<20 {
        #expect(store.contains(Block.key(number)) && store.hits(block: number))
      }
      var statistics = store.statistics
      #expect(statistics.saved == 20 && statistics.hits == 20 && statistics.misses == 1)
      #expect(statistics.files == 20 && statistics.bytes == 20 * Block.fileBytes)
      #expect(statistics.isWritable && statistics.queuedBytes == 0)
      store.close()
      #expect(!store.contains(Block.key(3)) && !store.hits(block: 3))
      store.save(block: 21)
      store.flush()
      store.close()

      let again = try folder.store()
      #expect(again.statistics.files == 20 && again.statistics.bytes == 20 * Block.fileBytes)
      for number in 0..<20 { #expect(again.hits(block: number)) }
      #expect(!again.hits(block: 21))
      again.save(block: 7)
      again.flush()
      statistics = again.statistics
      #expect(statistics.saved == 0 && statistics.damaged == 0 && statistics.dropped == 0)
      #expect(folder.reports.lines.isEmpty)
    }
  }

  @Test func `only the owner can look into the cache`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      store.save(block: 1)
      store.flush()
      func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      }
      #expect(try mode(folder.path) == 0o700)
      #expect(try mode(folder.path + "/" + "\(Block.key(1))".prefix(2)) == 0o700)
      #expect(try mode(folder.path(1)) == 0o600)
      #expect(try mode(folder.path + "/lock") == 0o600)
      let size = try FileManager.default.attributesOfItem(atPath: folder.path(1))[.size] as? Int
      #expect(size == Block.fileBytes)
    }
  }

  @Test func `tenants and models share nothing`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      let ours = Block.key(1, tenant: "a")
      store.save(block: 1, key: ours)
      store.flush()
      for key in [Block.key(1), Block.key(1, tenant: "b"), Block.key(1, identity: [9])] {
        #expect(!store.contains(key) && store.load(key, tokens: Block.tokens(1)) == nil)
      }
      #expect(store.load(ours, tokens: Block.tokens(1)) != nil)
      store.close()
      // Another model in the same folder finds nothing of its own and spoils nothing, even if it asks for our key.
      let other = try folder.store(identity: [9])
      #expect(other.load(ours, tokens: Block.tokens(1)) == nil)
      #expect(!other.contains(ours))
      other.close()
      #expect(try folder.store().load(ours, tokens: Block.tokens(1)) != nil)
    }
  }

  @Test func `other tokens under a key are a miss and the file stays`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      store.save(block: 1)
      store.flush()
      #expect(store.load(Block.key(1), tokens: Block.tokens(2)) == nil)
      #expect(folder.files.count == 1 && store.statistics.damaged == 0)
      // It is no hit from now on, and the next save replaces it.
      #expect(!store.contains(Block.key(1)))
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1) && store.statistics.bytes == Block.fileBytes)
      #expect(store.load(Block.key(1), tokens: Block.tokens(1).dropLast()) == nil)
      let many = [Int32](repeating: 0, count: 100_000)
      #expect(store.load(Block.key(1), tokens: many) == nil)
    }
  }

  @Test func `the budget holds and what was unused for longest goes first`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store(budget: 5 * Block.fileBytes)
      for number in 0..<5 { store.save(block: number) }
      store.flush()
      #expect(store.hits(block: 0) && store.hits(block: 2))
      for number in 5..<8 { store.save(block: number) }
      store.flush()
      #expect((0..<8).filter { store.contains(Block.key($0)) } == [0, 2, 5, 6, 7])
      let statistics = store.statistics
      #expect(statistics.evicted == 3 && statistics.bytes == 5 * Block.fileBytes)
      #expect(folder.files.count == 5)
    }
  }

  @Test func `the order of use survives a restart, whatever the clock does`() throws {
    try StoreFolder.with { folder in
      var store = try folder.store()
      for number in 0..<6 { store.save(block: number) }
      store.flush()
      folder.faults.setClock(microseconds: 1_700_000_000_000_000)
      #expect(store.hits(block: 1))
      folder.faults.setClock(microseconds: -5)
      #expect(store.hits(block: 0))
      store.save(block: 3)
      store.close()
      folder.faults.setClock(microseconds: 1_900_000_000_000_000)
      // A smaller budget is kept to at once.
      store = try folder.store(budget: 4 * Block.fileBytes)
      #expect(store.statistics.evicted == 2)
      #expect((0..<6).filter { store.contains(Block.key($0)) } == [0, 1, 3, 5])
      for number in 6..<8 { store.save(block: number) }
      store.flush()
      #expect((0..<8).filter { store.contains(Block.key($0)) } == [0, 3, 6, 7])
    }
  }

  @Test func `of a prefix that was used the beginning stays longest`() throws {
    try StoreFolder.with { folder in
      var store = try folder.store()
      for number in 0..<4 { store.save(block: number) }
      store.flush()
      store.touch((0..<4).map { Block.key($0) } + [Block.key(99)])
      store.close()
      store = try folder.store(budget: 2 * Block.fileBytes)
      #expect((0..<4).filter { store.contains(Block.key($0)) } == [0, 1])
    }
  }

  @Test func `blocks that don't fit the budget at all are dropped`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store(budget: Block.fileBytes - 1)
      store.save(block: 1)
      store.flush()
      #expect(store.statistics.dropped == 1 && folder.files.isEmpty)
      #expect(store.statistics.isWritable)
    }
  }

  @Test func `a full queue drops and counts, and never holds more than it may`() throws {
    try StoreFolder.with { folder in
      let gate = DispatchSemaphore(value: 0)
      var system = folder.faults.system
      let sync = system.sync
      system.sync = { descriptor in
        gate.wait()
        gate.signal()
        return sync(descriptor)
      }
      let store = try folder.store(queueBytes: 3 * Block.bytes, system: system)
      for number in 0..<10 {
        store.save(block: number)
        store.save(block: number)
        #expect(store.statistics.queuedBytes <= 3 * Block.bytes)
      }
      #expect(store.statistics.dropped == 14)
      gate.signal()
      store.flush()
      #expect(store.statistics.saved == 3 && store.statistics.queuedBytes == 0)
      for number in 0..<3 { #expect(store.hits(block: number)) }
      store.save(block: 9)
      store.flush()
      #expect(store.hits(block: 9))
    }
  }

  @Test func `a block larger than the queue is saved when nothing else waits`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store(queueBytes: 10)
      store.save(block: 1)
      store.flush()
      #expect(store.hits(block: 1))
    }
  }

  @Test func `threads that load, save, touch and ask at once never get a wrong block`() async throws
  {
    try await StoreFolder.withWaiting { folder in
      // Room for half of them, so that blocks come and go.
      let store = try folder.store(budget: 20 * Block.fileBytes)
      let hits = await withTaskGroup(of: Int.self) { group in
        for thread in 0..<4 {
          group.addTask {
            var hits = 0
            for step in 0..<400 {
              let number = (step * (2 * thread + 3) + thread) % 40
              if store.hits(block: number) {
                hits += 1
              } else {
                store.save(block: number)
              }
              if step % 7 == 0 { store.touch((0..<5).map { Block.key($0) }) }
              if step % 50 == 0 { _ = store.statistics }
              if step % 90 == 0 { store.flush() }
            }
            return hits
          }
        }
        return await group.reduce(0, +)
      }
      store.flush()
      let statistics = store.statistics
      #expect(statistics.bytes <= 20 * Block.fileBytes && statistics.damaged == 0)
      #expect(statistics.hits == hits && statistics.hits > 0)
      #expect(statistics.hits + statistics.misses == 1600)
      #expect(folder.files.count == statistics.files)
      #expect(folder.reports.lines.isEmpty)
    }
  }

  @Test func `a store that nobody holds lets go of its folder`() throws {
    try StoreFolder.with { folder in
      for number in 0..<3 {
        let store = try folder.store()
        #expect(store.statistics.isWritable, "round \(number)")
        store.save(block: number)
        store.flush()
      }
      #expect(try folder.store().statistics.files == 3)
    }
  }
}
