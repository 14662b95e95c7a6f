import CFathomKernels
import Synchronization

extension WorkerPool {
  /// Nanoseconds in which a cache line passes from one core to another, measured now; nil where two threads didn't compute
  /// at the same time.
  ///
  /// Cores of one cluster share a cache and, on chips made of several dies, one link to memory; cores of different
  /// clusters are farther apart and have a link each. A virtual machine's cores may be moved between the two while it
  /// runs, and what they can read from memory changes with it.
  package func coreHop() -> Double? {
    guard threads > 1 else { return nil }
    let hops = 2000
    let arrived = Atomic<Int>(0)
    let turn = Atomic<Int>(0)
    let nanoseconds = Atomic<Int>(0)
    run(units: 2) { side, _ in
      // One thread may be given both sides. The first then gives up, and the second never sees two arrive.
      arrived.add(1, ordering: .acquiringAndReleasing)
      var patience = 20_000
      while arrived.load(ordering: .acquiring) != 2 {
        patience -= 1
        if patience == 0,
          arrived.compareExchange(expected: 1, desired: -2, ordering: .acquiringAndReleasing)
            .exchanged || arrived.load(ordering: .acquiring) < 0
        {
          return
        }
        fk_pause()
      }
      let start = ContinuousClock.now
      for _ in 0..<hops {
        // Two threads that take turns on one core would take a time slice for each hop.
        var looks = 1 << 20
        while turn.load(ordering: .acquiring) != side {
          looks -= 1
          if looks == 0 { return }
        }
        turn.store(1 - side, ordering: .releasing)
      }
      let elapsed = (ContinuousClock.now - start) / .nanoseconds(1)
      nanoseconds.store(Int(elapsed), ordering: .relaxed)
    }
    let total = nanoseconds.load(ordering: .relaxed)
    return total > 0 ? Double(total) / Double(2 * hops) : nil
  }
}
