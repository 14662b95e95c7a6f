import Dispatch
import FathomConstraints
import Synchronization

/// Messages to the engine's thread.
final class EngineMailbox: Sendable {
  enum Message: Sendable {
    case submit(EngineRequest, Constraint?, EngineAnswer)
    /// What was on disk of a request's beginning.
    case loaded(DiskPrefix)
    case cancel(UInt64)
    case stop
  }

  private struct State {
    var messages: [Message] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Its clock is one that nobody sets.
  private let arrivals = DispatchSemaphore(value: 0)

  func post(_ message: Message) {
    let isLate = state.withLock { state in
      if !state.isClosed { state.messages.append(message) }
      return state.isClosed
    }
    if isLate { refuse(message) } else { arrivals.signal() }
  }

  /// Takes no more messages; requests among those that nobody took are refused.
  func close() {
    let left = state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
    for message in left { refuse(message) }
  }

  private func refuse(_ message: Message) {
    let answer: EngineAnswer
    switch message {
    case .submit(_, _, let new): answer = new
    // Whom it was read for has ended.
    case .loaded, .cancel, .stop: return
    }
    answer.send(.failed(.shutDown))
    answer.end()
  }

  /// All messages so far; waits for the first, up to a time if there is one.
  func take(waiting: Wait) -> [Message] {
    switch waiting {
    case .no: break
    case .upTo(let seconds):
      if isEmpty { _ = arrivals.wait(timeout: .now() + seconds) }
    case .forMessage:
      while isEmpty { arrivals.wait() }
    }
    // Arrivals of what is taken now are not waited for again.
    while arrivals.wait(timeout: .now()) == .success {}
    return state.withLock { state in
      defer { state.messages = [] }
      return state.messages
    }
  }

  private var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

  enum Wait {
    case no
    case upTo(Double)
    case forMessage
  }
}
