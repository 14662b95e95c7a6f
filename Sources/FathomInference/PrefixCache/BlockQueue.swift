import FathomModels
import Foundation
import Synchronization

/// Work for the writing thread: blocks to save, bounded in bytes, and what has to come after them.
final class BlockQueue: Sendable {
  enum Job {
    case save(BlockKey, tokens: [Int32], CachePage)
    /// Note in the files which blocks were used.
    case date
    /// Tell somebody that all jobs before this one are done.
    case signal(DispatchSemaphore)
  }

  private struct State {
    var jobs: [Job] = []
    /// Those waiting and the one in hand.
    var keys: Set<BlockKey> = []
    var bytes = 0
    var willDate = false
    var isStopped = false
  }

  enum Answer { case taken, alreadyThere, full }

  let byteLimit: Int
  private let state = Mutex(State())
  private let count = DispatchSemaphore(value: 0)

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  /// Takes a block, unless it has it or there is no room. One block always has room.
  func save(_ key: BlockKey, tokens: [Int32], page: CachePage) -> Answer {
    let answer = state.withLock { state -> Answer in
      if state.isStopped { return .full }
      if state.keys.contains(key) { return .alreadyThere }
      let isFull = state.bytes + page.bytes.count > byteLimit
      if isFull, !state.keys.isEmpty { return .full }
      state.keys.insert(key)
      state.bytes += page.bytes.count
      state.jobs.append(.save(key, tokens: tokens, page))
      return .taken
    }
    if answer == .taken { count.signal() }
    return answer
  }

  /// Asks for one `date` job behind everything that waits now.
  func date() {
    let isNew = state.withLock { state in
      if state.willDate || state.isStopped { return false }
      state.willDate = true
      state.jobs.append(.date)
      return true
    }
    if isNew { count.signal() }
  }

  /// Waits until everything that was asked for before is done.
  func drain() {
    let done = DispatchSemaphore(value: 0)
    let isRunning = state.withLock { state in
      if !state.isStopped { state.jobs.append(.signal(done)) }
      return !state.isStopped
    }
    guard isRunning else { return }
    count.signal()
    done.wait()
  }

  /// Takes no more work; the thread ends when it has done what there is.
  func stop() {
    state.withLock { $0.isStopped = true }
    count.signal()
  }

  /// Waits for a job; nil when there will be none any more.
  func next() -> Job? {
    while true {
      count.wait()
      let (job, isOver) = state.withLock { state -> (Job?, Bool) in
        guard !state.jobs.isEmpty else { return (nil, state.isStopped) }
        let job = state.jobs.removeFirst()
        if case .date = job { state.willDate = false }
        return (job, false)
      }
      if job != nil || isOver { return job }
    }
  }

  func finished(_ job: Job) {
    switch job {
    case .save(let key, _, let page):
      state.withLock { state in
        state.keys.remove(key)
        state.bytes -= page.bytes.count
      }
    case .signal(let done): done.signal()
    case .date: break
    }
  }

  var bytes: Int { state.withLock { $0.bytes } }
}
