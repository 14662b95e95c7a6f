import Dispatch
import Synchronization

/// Asynchronous work for those who have nothing else to do.
enum Asynchronous {
  /// Does the work on other threads and waits for it. Never called from a task.
  static func wait<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    let ended = DispatchSemaphore(value: 0)
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    Task.detached {
      let result: Swift.Result<Result, any Error>
      do { result = .success(try await work()) } catch { result = .failure(error) }
      outcome.withLock { $0 = result }
      ended.signal()
    }
    ended.wait()
    guard let result = outcome.withLock({ $0 }) else { throw CancellationError() }
    return try result.get()
  }
}

/// A thread waits for what a task computes.
enum Waiting {
  /// - Throws: what the task throws; it is cancelled once an interruption is raised.
  static func forResult<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value)
    throws -> Value
  {
    let ended = DispatchSemaphore(value: 0)
    let outcome = Outcome<Value>()
    let task = Task.detached {
      do { outcome.result = .success(try await body()) } catch { outcome.result = .failure(error) }
      ended.signal()
    }
    while ended.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
      if Interrupts.isRaised { task.cancel() }
    }
    guard let result = outcome.result else { throw CancellationError() }
    return try result.get()
  }

  /// Written by one task before another thread reads it.
  private final class Outcome<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
  }
}
