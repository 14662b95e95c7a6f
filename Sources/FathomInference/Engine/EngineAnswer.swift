import Synchronization

/// The events of one request, as an engine makes them. Ending the loop early, or `cancel`, stops the request wherever it
/// stands.
///
/// Events wait here until they are read. An engine leaves a request out of its steps while too many wait.
public final class EngineAnswer: AsyncSequence, Sendable {
  public typealias Element = EngineEvent

  public let id: UInt64
  private let stream: AsyncStream<EngineEvent>
  private let continuation: AsyncStream<EngineEvent>.Continuation
  private let unread = Atomic(0)
  private let onCancel: @Sendable (UInt64) -> Void

  init(id: UInt64, onCancel: @escaping @Sendable (UInt64) -> Void) {
    self.id = id
    self.onCancel = onCancel
    (stream, continuation) = AsyncStream.makeStream()
    continuation.onTermination = { reason in
      if case .cancelled = reason { onCancel(id) }
    }
  }

  public func cancel() { onCancel(id) }

  /// Sends `waiting` to a reader who has nothing else to read.
  public func nudge() {
    if unreadCount == 0 { send(.waiting) }
  }

  /// Events that nobody has read yet.
  var unreadCount: Int { unread.load(ordering: .relaxed) }

  func send(_ event: EngineEvent) {
    unread.add(1, ordering: .relaxed)
    continuation.yield(event)
  }

  func end() { continuation.finish() }

  public struct AsyncIterator: AsyncIteratorProtocol {
    private var iterator: AsyncStream<EngineEvent>.Iterator
    private let answer: EngineAnswer

    init(_ answer: EngineAnswer) {
      self.answer = answer
      iterator = answer.stream.makeAsyncIterator()
    }

    public mutating func next() async -> EngineEvent? {
      let event = await iterator.next()
      if event != nil { answer.unread.subtract(1, ordering: .relaxed) }
      return event
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
