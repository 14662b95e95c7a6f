import FathomTensors
import Foundation
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func `every unit runs exactly once`(threads: Int) {
    let pool = WorkerPool(threads: threads)
    for units in [0, 1, 2, 7, 100] {
      for _ in 0..<50 {
        let counts = (0..<units).map { _ in Counter() }
        pool.run(units: units) { unit, worker in
          precondition(worker < threads)
          counts[unit].value.add(1, ordering: .relaxed)
        }
        #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
      }
    }
  }

  @Test func `a pool that parked wakes up again`() async throws {
    let pool = WorkerPool(threads: 3)
    for _ in 0..<3 {
      try await Task.sleep(for: .milliseconds(30))
      let total = Counter()
      pool.run(units: 64) { _, _ in total.value.add(1, ordering: .relaxed) }
      #expect(total.value.load(ordering: .relaxed) == 64)
    }
  }

  @Test func `pools in use at once from many threads do not disturb each other`() {
    DispatchQueue.concurrentPerform(iterations: 6) { caller in
      for round in 0..<20 {
        let pool = WorkerPool(threads: 2 + caller % 2)
        let total = Counter()
        for _ in 0..<10 {
          pool.run(units: 9) { _, _ in total.value.add(1, ordering: .relaxed) }
        }
        #expect(total.value.load(ordering: .relaxed) == 90, "caller \(caller), round \(round)")
      }
    }
  }

  @Test func `the way between two cores takes its time, or is not known`() {
    #expect(WorkerPool(threads: 1).coreHop() == nil)
    for threads in [2, 8] {
      let pool = WorkerPool(threads: threads)
      // On a busy machine the second thread comes too late.
      for _ in 0..<20 { #expect(pool.coreHop() ?? 1 > 0, "\(threads) threads") }
    }
  }

  #if os(Linux)
    @Test func `a pool that is gone leaves no threads behind`() throws {
      func threads() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
      }
      let before = try threads()
      for _ in 0..<200 {
        let pool = WorkerPool(threads: 4)
        pool.run(units: 8) { _, _ in }
      }
      // Other tests of this process may start some of their own meanwhile.
      #expect(try threads() < before + 100)
    }
  #endif

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
