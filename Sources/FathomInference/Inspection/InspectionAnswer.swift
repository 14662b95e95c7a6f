import Dispatch
import FathomCore
import Synchronization

/// What becomes of the frames of one inspection, as it goes on. The inspection waits while its reader does not read, and ends
/// when the reader goes away.
package final class InspectionAnswer<Output: Sendable>: AsyncSequence, Sendable {
  package typealias Element = Output

  /// Outputs that may wait to be read.
  private static var unreadLimit: Int { 2 }

  private let deadline: ContinuousClock.Instant
  private let slowReaderSeconds: Double
  private let stream: AsyncThrowingStream<Output, any Error>
  private let continuation: AsyncThrowingStream<Output, any Error>.Continuation
  private let state = Mutex(State())
  /// Signalled when something was read, and at the end. Its clock is one that nobody sets.
  private let changes = DispatchSemaphore(value: 0)

  private struct State {
    var unread = 0
    var ending: (any Error)?
    var cancelAction: (@Sendable () -> Void)?
  }

  init(deadline: ContinuousClock.Instant, slowReaderSeconds: Double) {
    self.deadline = deadline
    self.slowReaderSeconds = slowReaderSeconds
    (stream, continuation) = AsyncThrowingStream.makeStream()
    continuation.onTermination = { [weak self] reason in
      if case .cancelled = reason { self?.cancel() }
    }
  }

  /// What else is to be done when it is cancelled.
  var onCancel: (@Sendable () -> Void)? {
    get { state.withLock { $0.cancelAction } }
    set { state.withLock { $0.cancelAction = newValue } }
  }

  /// Ends the inspection, wherever it stands; its reader sees no more.
  package func cancel() {
    end(with: CancellationError())
    onCancel?()
  }

  /// Ends the inspection; its reader sees why.
  func end(_ failure: EngineFailure) { end(with: failure) }

  private func end(with error: any Error) {
    state.withLock { if $0.ending == nil { $0.ending = error } }
    changes.signal()
    close(error)
  }

  private func close(_ error: any Error) {
    continuation.finish(throwing: error is CancellationError ? nil : error)
  }

  // MARK: The inspection's side

  /// - Throws: why nobody wants to see more.
  func check() throws {
    if let ending = state.withLock({ $0.ending }) { throw ending }
    if ContinuousClock.now > deadline { throw EngineFailure.deadline }
  }

  /// Hands over an output once there is room for it.
  func send(_ output: Output) throws {
    try check()
    let limit = DispatchTime.now() + slowReaderSeconds
    while try !takeRoom() {
      // What was signalled before there was somebody to wait may wake too early.
      if changes.wait(timeout: limit) == .timedOut {
        throw EngineFailure.slowReader(seconds: slowReaderSeconds)
      }
    }
    continuation.yield(output)
  }

  /// Counts an output as unread, if there is room for it.
  private func takeRoom() throws -> Bool {
    try state.withLock { state in
      if let ending = state.ending { throw ending }
      guard state.unread < Self.unreadLimit else { return false }
      state.unread += 1
      return true
    }
  }

  /// Runs an inspection and closes the answer behind it.
  func finish(_ body: () throws -> Void) {
    do {
      try check()
      try body()
      continuation.finish()
    } catch {
      close(Self.failure(error))
    }
  }

  private static func failure(_ error: any Error) -> any Error {
    switch error {
    case is CancellationError, is EngineFailure: error
    case let full as ContextFull: EngineFailure.contextFull(tokens: full.tokens, limit: full.limit)
    default: EngineFailure.broken("\(error)")
    }
  }

  // MARK: The reader's side

  private func noteRead() {
    state.withLock { $0.unread -= 1 }
    changes.signal()
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    private var iterator: AsyncThrowingStream<Output, any Error>.Iterator
    private let answer: InspectionAnswer

    init(_ answer: InspectionAnswer) {
      self.answer = answer
      iterator = answer.stream.makeAsyncIterator()
    }

    package mutating func next() async throws -> Output? {
      let output = try await iterator.next()
      if output != nil { answer.noteRead() }
      return output
    }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
