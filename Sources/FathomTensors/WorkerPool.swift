import CFathomKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Persistent threads that share the units of one parallel region at a time.
///
/// Workers spin briefly for the next region and then park on a condition variable, so regions that follow each
/// other closely cost well under a microsecond and an idle pool costs nothing. Units are handed out by a counter;
/// since no kernel's result depends on who computes it, neither do results depend on the number of threads.
///
/// `@unchecked Sendable`: all of it is constant but the handles, which only `init` and `deinit` touch.
package final class WorkerPool: @unchecked Sendable {
  package let threads: Int

  private let shared = PoolState()
  private var handles: [pthread_t] = []

  /// - Parameter threads: how many threads compute, the calling one included; at least 1. Where the system gives
  ///   fewer, regions still complete, only slower.
  package init(threads: Int) {
    precondition(threads >= 1, "a pool of \(threads) threads")
    self.threads = threads
    for worker in 1..<max(threads, 1) {
      if let handle = Self.start(worker, shared) { handles.append(handle) }
    }
  }

  deinit {
    shared.stop()
    for handle in handles { pthread_join(handle, nil) }
  }

  /// Runs `body` once for each unit in `0..<units` and returns when all are done. Not to be called from inside a
  /// body of the same pool.
  ///
  /// - Parameter body: takes the unit and the number of the worker, below `threads`, that runs it.
  package func run(units: Int, _ body: (_ unit: Int, _ worker: Int) -> Void) {
    guard units > 1, !handles.isEmpty else {
      for unit in 0..<units { body(unit, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      shared.run(body, units: units, helpers: handles.count)
    }
  }

  private static func start(_ worker: Int, _ state: PoolState) -> pthread_t? {
    let argument = Unmanaged.passRetained(ThreadStart(state, worker))
    #if canImport(Darwin)
      var handle: pthread_t?
      let failure = pthread_create(
        &handle, nil,
        { argument in
          Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().work()
          return nil
        }, argument.toOpaque())
    #else
      var handle = pthread_t()
      let failure = pthread_create(
        &handle, nil,
        { argument in
          if let argument {
            Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().work()
          }
          return nil
        }, argument.toOpaque())
    #endif
    if failure == 0 { return handle }
    argument.release()
    return nil
  }
}

/// What a new thread is given: the state it shares with the pool, never the pool itself, which has to go away for
/// its threads to end.
private final class ThreadStart {
  private let state: PoolState
  private let worker: Int

  init(_ state: PoolState, _ worker: Int) {
    self.state = state
    self.worker = worker
  }

  func work() { state.work(as: worker) }
}

/// What the threads of a pool share.
///
/// `@unchecked Sendable`: `job` is written only by the thread that holds `entry`, before `generation` is advanced
/// (release), and read by workers after they have seen the new generation (acquire).
private final class PoolState: @unchecked Sendable {
  private struct Job {
    var body: (_ unit: Int, _ worker: Int) -> Void
    var units: Int
  }

  private let entry = Parking()
  private let parking = Parking()
  private var job: Job?
  private let generation = Atomic<Int>(0)
  private let nextUnit = Atomic<Int>(0)
  private let unfinished = Atomic<Int>(0)
  private let parked = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)

  /// Looks before a waiting thread gives its core up: some 50 µs, longer than the serial work between two regions.
  private static let spins = 4000

  func run(_ body: @escaping (_ unit: Int, _ worker: Int) -> Void, units: Int, helpers: Int) {
    entry.withLock {
      job = Job(body: body, units: units)
      nextUnit.store(0, ordering: .relaxed)
      unfinished.store(helpers, ordering: .relaxed)
      generation.add(1, ordering: .sequentiallyConsistent)
      if parked.load(ordering: .sequentiallyConsistent) > 0 {
        parking.withLock { parking.wakeAll() }
      }
      takeUnits(worker: 0)
      var spins = 0
      while unfinished.load(ordering: .acquiring) > 0 {
        spins += 1
        if spins > Self.spins { sched_yield() } else { fk_pause() }
      }
      job = nil
    }
  }

  func stop() {
    stopping.store(true, ordering: .releasing)
    parking.withLock {
      generation.add(1, ordering: .sequentiallyConsistent)
      parking.wakeAll()
    }
  }

  func work(as worker: Int) {
    var seen = 0
    while true {
      seen = waitForGeneration(after: seen)
      if stopping.load(ordering: .acquiring) { return }
      takeUnits(worker: worker)
      unfinished.subtract(1, ordering: .releasing)
    }
  }

  private func takeUnits(worker: Int) {
    guard let job else { return }
    while true {
      let unit = nextUnit.add(1, ordering: .relaxed).oldValue
      guard unit < job.units else { return }
      job.body(unit, worker)
    }
  }

  private func waitForGeneration(after seen: Int) -> Int {
    for _ in 0..<Self.spins {
      let now = generation.load(ordering: .acquiring)
      if now != seen { return now }
      fk_pause()
    }
    return parking.withLock {
      parked.add(1, ordering: .sequentiallyConsistent)
      defer { parked.subtract(1, ordering: .sequentiallyConsistent) }
      while true {
        let now = generation.load(ordering: .sequentiallyConsistent)
        if now != seen { return now }
        parking.wait()
      }
    }
  }
}

/// A mutex and the condition that threads wait for under it.
///
/// `@unchecked Sendable`: both are made for use from several threads, at addresses that never move.
private final class Parking: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Gives the lock up until woken.
  func wait() { pthread_cond_wait(condition, mutex) }

  func wakeAll() { pthread_cond_broadcast(condition) }
}
