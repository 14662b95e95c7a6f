import FathomCore
import FathomText
import Testing

@testable import FathomInference
@testable import FathomServer

/// Tool calls as clients put them together from a stream, and as they are told whole.
@Suite struct StreamedCallTests {
  /// Two calls at once, as each family writes them.
  private static let answers: [(syntax: ToolCallSyntax, text: String)] = [
    (
      .marks,
      "I look.\n\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>find\n```json\n"
        + "{\"city\": \"Zü\\\"rich\", \"days\": [1, 2.50]}\n```<｜tool▁call▁end｜>\n"
        + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜>"
        + "<｜tool▁calls▁end｜>"
    ),
    (
      .marks,
      "I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>find<｜tool▁sep｜>"
        + "{\"city\": \"Zü\\\"rich\", \"days\": [1, 2.50]}<｜tool▁call▁end｜>"
        + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    (
      .dsml,
      "I look.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"find\">\n"
        + "<｜DSML｜parameter name=\"city\" string=\"true\">Zü\"rich</｜DSML｜parameter>\n"
        + "<｜DSML｜parameter name=\"days\" string=\"false\">[1, 2.50]</｜DSML｜parameter>\n"
        + "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>\n"
        + "</｜DSML｜function_calls>"
    ),
  ]
  private static let expected: [Call] = [
    Call(name: "find", arguments: #"{"city": "Zü\"rich", "days": [1, 2.50]}"#),
    Call(name: "now", arguments: "{}"),
  ]

  private struct Call: Equatable {
    var name: String
    var arguments: String
    /// Pieces that the arguments came in.
    var pieces = 0

    static func == (a: Call, b: Call) -> Bool {
      a.name == b.name && a.arguments == b.arguments
    }
  }

  /// An answer of a character for each token.
  private static func events(_ answer: (syntax: ToolCallSyntax, text: String)) -> [EngineEvent] {
    var parser = ResponseParser(reasoning: .closed, toolCalls: answer.syntax)
    func piece(_ events: [ResponseEvent]) -> EngineEvent {
      .piece(AnswerPiece(token: 1, score: nil, events: events, isReasoning: false))
    }
    let pieces = answer.text.unicodeScalars.map { piece(parser.feed(String($0))) }
    return [.started(cachedTokens: 0)] + pieces + [piece(parser.finish()), .end()]
  }

  @Test(arguments: answers.indices)
  func `a chat's deltas are the calls of the whole answer`(place: Int) throws {
    let service = try TestService.get()
    let parameters = try ChatParameters(
      chatCompletion: Fields(text: #"{"messages": [{"role": "user", "content": "a"}]}"#),
      service: service)
    let frames = ChatCompletionFrames(parameters, promptTokens: 10, service: service)
    let events = Self.events(Self.answers[place])
    var calls: [Call] = []
    var reasons: [String] = []
    for frame in events.flatMap({ frames.frames(0, $0) }) {
      guard case .data(let chunk) = frame, let choice = chunk["choices"]?[0] else { continue }
      reasons += [choice["finish_reason"]?.stringValue].compactMap { $0 }
      guard let delta = choice["delta"]?["tool_calls"]?[0] else { continue }
      let index = try #require(delta["index"]?.intValue)
      if let name = delta["function"]?["name"]?.stringValue {
        #expect(index == calls.count)
        #expect(delta["id"]?.stringValue?.hasPrefix("call_") == true)
        calls.append(Call(name: name, arguments: ""))
      } else {
        #expect(index == calls.count - 1)
        calls[index].pieces += 1
      }
      calls[index].arguments += delta["function"]?["arguments"]?.stringValue ?? ""
    }
    #expect(calls == Self.expected)
    #expect(calls[0].pieces > 10)
    #expect(reasons == ["tool_calls"])
    let message = frames.body([try Script.collected(events)])["choices"]?[0]?["message"]
    let whole = message?["tool_calls"]?.arrayValue?.map {
      Call(
        name: $0["function"]?["name"]?.stringValue ?? "",
        arguments: $0["function"]?["arguments"]?.stringValue ?? "")
    }
    #expect(whole == Self.expected)
    #expect(message?["content"]?.stringValue == "I look.")
  }

  @Test(arguments: answers.indices)
  func `a message's deltas are the calls of the whole answer`(place: Int) throws {
    let frames = MessageFrames(promptTokens: 10, service: try TestService.get())
    let events = Self.events(Self.answers[place])
    var calls: [Call] = []
    for event in events.flatMap({ frames.frames($0) }).compactMap({ SentEvent($0) }) {
      if let name = event.json["content_block"]?["name"]?.stringValue {
        calls.append(Call(name: name, arguments: ""))
      }
      guard let text = event.json["delta"]?["partial_json"]?.stringValue else { continue }
      #expect(event.json["index"]?.intValue == calls.count)
      calls[calls.count - 1].arguments += text
      calls[calls.count - 1].pieces += 1
    }
    #expect(calls == Self.expected)
    #expect(calls[0].pieces > 10)
    let blocks = frames.body(try Script.collected(events))["content"]?.arrayValue ?? []
    #expect(
      blocks.compactMap { $0["input"] }
        == [#"{"city": "Zü\"rich", "days": [1, 2.50]}"#, "{}"]
        .map { try? JSON.parse($0) })
  }

  @Test(arguments: answers.indices)
  func `a response's deltas are the calls of the whole answer`(place: Int) throws {
    let service = try TestService.get()
    let fields = try Fields(text: #"{"input": "a"}"#)
    let frames = ResponseFrames(
      try ResponseHead(
        fields, ChatParameters(response: fields, service: service), service: service),
      service: service)
    var arguments: [Int: Call] = [:]
    let sent = Self.events(Self.answers[place]).flatMap { frames.frames($0) }
      .compactMap { SentEvent($0) }
    for event in sent {
      let index = event.json["output_index"]?.intValue ?? -1
      switch event.name {
      case "response.output_item.added":
        guard let name = event.json["item"]?["name"]?.stringValue else { continue }
        arguments[index] = Call(name: name, arguments: "")
      case "response.function_call_arguments.delta":
        arguments[index]?.arguments += event.json["delta"]?.stringValue ?? ""
        arguments[index]?.pieces += 1
      case "response.function_call_arguments.done":
        #expect(event.json["arguments"]?.stringValue == arguments[index]?.arguments)
      default: break
      }
    }
    #expect(arguments == [1: Self.expected[0], 2: Self.expected[1]])
    #expect(arguments[1]?.pieces ?? 0 > 10)
    let whole = sent.last?.json["response"]?["output"]?.arrayValue?.compactMap {
      $0["arguments"]?.stringValue
    }
    #expect(whole == Self.expected.map(\.arguments))
  }
}
