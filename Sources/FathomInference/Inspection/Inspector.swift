import FathomCore
import FathomModels
import Foundation
import Synchronization

/// Runs inspections of an engine's model, one at a time, on a thread of its own.
///
/// An inspection shares the engine's compute threads: they run one parallel region at a time, its own and the engine's in turn.
/// Its cached rows are its own, beside the engine's memory. The engine knows nothing of it.
package final class Inspector: Sendable {
  /// Inspections that may wait for the one that runs.
  package static let waiting = 4

  private let engine: Engine

  private struct Line {
    var running: Job?
    var waiting: [Job] = []
    var isStopped = false
  }
  private let line = Mutex(Line())

  /// One inspection, whatever becomes of its frames.
  private final class Job: Sendable {
    let run: @Sendable () -> Void
    /// Ends it with a failure, wherever it stands.
    let fail: @Sendable (EngineFailure) -> Void
    init(run: @escaping @Sendable () -> Void, fail: @escaping @Sendable (EngineFailure) -> Void) {
      self.run = run
      self.fail = fail
    }
  }

  package init(_ engine: Engine) { self.engine = engine }

  /// Whether an inspection runs.
  package var isBusy: Bool { line.withLock { $0.running != nil } }

  /// Takes an inspection.
  ///
  /// - Parameters:
  ///   - deadline: when to give up, wherever it stands.
  ///   - line: what becomes of each frame, on the thread that made it.
  /// - Throws: `EngineFailure` if too many wait, or none can be run any more.
  package func submit<Output: Sendable>(
    _ inspection: Inspection, deadline: ContinuousClock.Instant,
    line write: @escaping @Sendable (InspectionFrame) -> Output
  ) throws -> InspectionAnswer<Output> {
    if let failure = engine.statistics.failure { throw EngineFailure.broken(failure) }
    let answer = InspectionAnswer<Output>(
      deadline: deadline, slowReaderSeconds: engine.options.slowReaderSeconds)
    let job = Job(
      run: { [engine] in
        answer.finish {
          try inspection.run(
            runtime: engine.options.runtime, compute: engine.compute, check: answer.check,
            yield: { try answer.send(write($0)) })
        }
      }, fail: answer.end)
    let place = ObjectIdentifier(job)
    answer.onCancel = { [weak self] in self?.leave(place) }
    try enter(job)
    return answer
  }

  /// Fails all inspections; takes no more.
  package func stop() {
    let jobs = line.withLock { line in
      line.isStopped = true
      defer { line.waiting = [] }
      return line.waiting + (line.running.map { [$0] } ?? [])
    }
    for job in jobs { job.fail(.shutDown) }
  }

  private func enter(_ job: Job) throws {
    let starts = try line.withLock { line in
      guard !line.isStopped else { throw EngineFailure.shutDown }
      guard line.running != nil else {
        line.running = job
        return true
      }
      guard line.waiting.count < Self.waiting else {
        throw EngineFailure.queueFull(waiting: line.waiting.count)
      }
      line.waiting.append(job)
      return false
    }
    if starts { start(job) }
  }

  private func leave(_ job: ObjectIdentifier) {
    line.withLock { $0.waiting.removeAll { ObjectIdentifier($0) == job } }
  }

  private func start(_ job: Job) {
    let thread = Thread { [self] in
      var next: Job? = job
      while let job = next {
        job.run()
        next = line.withLock { line in
          line.running = line.waiting.isEmpty ? nil : line.waiting.removeFirst()
          return line.running
        }
      }
    }
    thread.name = "fathom-inspect"
    thread.stackSize = 8 << 20
    thread.start()
  }
}
