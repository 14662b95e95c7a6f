import FathomCore
import Hummingbird
import Synchronization
import Testing

@testable import FathomInference
@testable import FathomServer

/// Answers that are sent as one body.
@Suite struct WholeAnswerTests {
  /// A service that sends signs of life each second.
  private static func replies(_ hangUp: HangUp = HangUp()) throws -> Replies {
    let shared = try TestService.get()
    var options = shared.options
    options.keepAliveSeconds = 1
    let service = Service(engine: shared.engine, options: options, page: shared.page)
    return Replies(service: service, hangUp: hangUp, dialect: .openAI, requestID: "test")
  }

  /// - Parameter onFirst: called with the first piece of the body.
  private static func text(
    _ response: Response, onFirst: @escaping @Sendable () -> Void = {}
  ) async throws -> String {
    let writer = CollectingWriter { if $0 == 1 { onFirst() } }
    try await response.body.write(writer)
    return writer.text
  }

  private static func length(_ answers: [CollectedAnswer]) -> JSON {
    .of(["length": .integer(answers.map(\.content.count).reduce(0, +))])
  }

  @Test func `what comes soon is a body alone`() async throws {
    let answer = EngineAnswer(id: 1) { _ in }
    for event in Script.everything { answer.send(event) }
    answer.end()
    let response = try await Self.replies().whole([answer], body: Self.length)
    #expect(try await Self.text(response) == #"{"length":7}"#)
  }

  @Test func `what fails soon is an error with its status`() async throws {
    let answer = EngineAnswer(id: 1) { _ in }
    answer.send(.failed(.deadline))
    answer.end()
    let replies = try Self.replies()
    await #expect(throws: EngineFailure.deadline) {
      _ = try await replies.whole([answer], body: Self.length)
    }
  }

  @Test func `blank lines come before an answer that takes long, and it is still JSON`()
    async throws
  {
    let answer = EngineAnswer(id: 1) { _ in }
    let response = try await Self.replies().whole([answer], body: Self.length)
    #expect(response.status == .ok)
    let text = try await Self.text(response) {
      for event in Script.everything { answer.send(event) }
      answer.end()
    }
    #expect(text.hasPrefix("\n"))
    #expect(try JSON.parse(text) == .of(["length": .integer(7)]))
  }

  @Test func `an error behind blank lines is told in the body, and the other answers end`()
    async throws
  {
    let cancelled = Mutex<Set<UInt64>>([])
    let answers = (1...2).map { id in
      EngineAnswer(id: UInt64(id)) { id in cancelled.withLock { _ = $0.insert(id) } }
    }
    let response = try await Self.replies().whole(answers, body: Self.length)
    let text = try await Self.text(response) {
      answers[0].send(.failed(.broken("nothing works")))
      answers[0].end()
    }
    let json = try JSON.parse(text)
    #expect(json["error"]?["code"]?.stringValue == "model_failure")
    #expect(cancelled.withLock { $0.contains(2) })
  }

  /// Read one after the other, the second would be given up by its engine as read by nobody.
  @Test func `several answers are read side by side`() async throws {
    let answers = (1...2).map { EngineAnswer(id: UInt64($0)) { _ in } }
    let replies = try Self.replies()
    let waiting = Task { try await replies.whole(answers, body: Self.length) }
    for event in Script.everything { answers[1].send(event) }
    for _ in 0..<2000 where answers[1].unreadCount > 0 {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(answers[1].unreadCount == 0)
    for event in Script.everything { answers[0].send(event) }
    for answer in answers { answer.end() }
    #expect(try JSON.parse(try await Self.text(waiting.value)) == .of(["length": .integer(14)]))
  }

  @Test func `a client that hangs up while it waits ends its answers`() async throws {
    let hangUp = HangUp()
    let cancelled = Mutex(false)
    let answer = EngineAnswer(id: 1) { _ in cancelled.withLock { $0 = true } }
    let replies = try Self.replies(hangUp)
    let waiting = Task { try await replies.whole([answer], body: Self.length) }
    try await Task.sleep(for: .milliseconds(100))
    hangUp.happen()
    for _ in 0..<500 where !cancelled.withLock({ $0 }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(cancelled.withLock { $0 })
    answer.end()
    _ = try await waiting.value
  }
}
