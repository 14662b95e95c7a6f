import FathomCore
import FathomText
import NIOCore
import Testing

@testable import FathomInference
@testable import FathomServer

/// Reasoning goes under two names: DeepSeek's, and the one that some clients read.
@Suite struct ReasoningFieldTests {
  private static func frames(alias: Bool) throws -> ChatCompletionFrames {
    let shared = try TestService.get()
    var options = shared.options
    options.sendsReasoningAlias = alias
    let service = Service(engine: shared.engine, options: options, page: shared.page)
    let parameters = try ChatParameters(
      chatCompletion: Fields(text: #"{"messages": [{"role": "user", "content": "a"}]}"#),
      service: service)
    return ChatCompletionFrames(parameters, promptTokens: 10, service: service)
  }

  private static func message(alias: Bool) throws -> JSON? {
    try frames(alias: alias).body([Script.collected(Script.everything)])["choices"]?[0]?["message"]
  }

  /// `delta` of each chunk that has reasoning, put together.
  private static func streamed(_ name: String, alias: Bool) throws -> String {
    let frames = try frames(alias: alias)
    var text = ""
    for event in Script.everything {
      for case .data(let json) in frames.frames(0, event) {
        text += json["choices"]?[0]?["delta"]?[name]?.stringValue ?? ""
      }
    }
    return text
  }

  @Test func `the alias is sent where it is asked for, whole and streamed`() throws {
    let reasoning = "Let me see."
    for alias in [true, false] {
      let message = try Self.message(alias: alias)
      #expect(message?["reasoning_content"]?.stringValue == reasoning)
      #expect(message?["reasoning"]?.stringValue == (alias ? reasoning : nil))
      #expect(try Self.streamed("reasoning_content", alias: alias) == reasoning)
      #expect(try Self.streamed("reasoning", alias: alias) == (alias ? reasoning : ""))
    }
  }

  @Test func `either name is read, and DeepSeek's comes first`() throws {
    func reasoning(_ fields: String) throws -> String? {
      try ChatRequest(
        JSON.parse(#"[{"role": "assistant", "content": "b", \#(fields)}]"#)
      ).messages[0].reasoningContent
    }
    #expect(try reasoning(#""reasoning": "x""#) == "x")
    #expect(try reasoning(#""reasoning_content": "y", "reasoning": "x""#) == "y")
    #expect(try reasoning(#""reasoning": null"#) == nil)
  }

  @Test func `while nothing comes, a stream says that it lives`() throws {
    let frames = try Self.frames(alias: false)
    let comments = frames.frames(0, .waiting).filter {
      if case .comment = $0 { true } else { false }
    }
    #expect(comments.count == 1)
    #expect(comments.first.map { String(buffer: $0.buffer) } == ": keep-alive\n\n")
  }
}
