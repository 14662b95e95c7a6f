import FathomCore
import FathomInference
import FathomText
import Testing

@testable import FathomServer

@Suite struct MessageFramesTests {
  private static func sent(_ events: [EngineEvent]) throws -> [SentEvent] {
    let frames = MessageFrames(promptTokens: 10, service: try TestService.get())
    return (events.flatMap { frames.frames($0) } + frames.frames(nil)).compactMap { SentEvent($0) }
  }

  private static func lines(_ events: [EngineEvent]) throws -> [String] {
    try sent(events).map { event in
      #expect(event.json["type"]?.stringValue == event.name)
      return event.json.withoutNames.text()
    }
  }

  @Test func `a stream has the events of the client in their order`() throws {
    let signature = try #require(
      try Self.sent(Script.everything).compactMap { $0.json["delta"]?["signature"]?.stringValue }
        .first)
    let start =
      #"{"type":"message_start","message":{"id":"msg_","type":"message","role":"assistant","model":"tiny","#
      + #""content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":6,"#
      + #""cache_read_input_tokens":4,"cache_creation_input_tokens":0,"output_tokens":0,"#
      + #""output_tokens_details":{"thinking_tokens":0}}}}"#
    let end =
      #"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"#
      + #""usage":{"input_tokens":6,"cache_read_input_tokens":4,"cache_creation_input_tokens":0,"#
      + #""output_tokens":6,"output_tokens_details":{"thinking_tokens":2}}}"#
    #expect(
      try Self.lines(Script.everything) == [
        start,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}"#,
        #"{"type":"ping"}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see."}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"\#(signature)"}}"#,
        #"{"type":"content_block_stop","index":0}"#,
        #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I "}}"#,
        #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"look."}}"#,
        #"{"type":"content_block_stop","index":1}"#,
        #"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_","name":"find","input":{}}}"#,
        #"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\": "}}"#,
        #"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"Rome\"}"}}"#,
        #"{"type":"content_block_stop","index":2}"#,
        #"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_","name":"find","input":{}}}"#,
        #"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        #"{"type":"content_block_stop","index":3}"#,
        end,
        #"{"type":"message_stop"}"#,
      ])
  }

  @Test func `a whole answer has the blocks of the stream`() throws {
    let frames = MessageFrames(promptTokens: 10, service: try TestService.get())
    let body = frames.body(try Script.collected(Script.everything)).withoutNames
    let signature = try #require(body["content"]?[0]?["signature"]?.stringValue)
    #expect(signature.count == 64)
    #expect(
      try Self.sent(Script.everything).contains {
        $0.json["delta"]?["signature"]?.stringValue == signature
      })
    #expect(
      body["content"]?.text()
        == #"[{"type":"thinking","thinking":"Let me see.","signature":"\#(signature)"},"#
        + #"{"type":"text","text":"I look."},"#
        + #"{"type":"tool_use","id":"toolu_","name":"find","input":{"city":"Rome"}},"#
        + #"{"type":"tool_use","id":"toolu_","name":"find","input":{}}]"#)
    #expect(body["stop_reason"]?.stringValue == "tool_use")
    #expect(body["usage"]?["input_tokens"]?.intValue == 6)
    #expect(body["usage"]?["cache_read_input_tokens"]?.intValue == 4)
  }

  @Test(
    arguments: [
      (.end(), "end_turn", nil), (.end(.length), "max_tokens", nil),
      (.end(.contextLength), "max_tokens", nil),
      (.end(.stop, stopString: "END"), "stop_sequence", "END"),
      // A stop string that was complete only after the last token that was allowed.
      (.end(.length, stopString: "END"), "max_tokens", nil),
    ] as [(EngineEvent, String, String?)])
  func `the reason says how an answer ended`(end: EngineEvent, reason: String, stop: String?) throws
  {
    let events: [EngineEvent] = [.started(cachedTokens: 0), .piece(.content("a")), end]
    let delta = try #require(try Self.sent(events).first { $0.name == "message_delta" })
    #expect(delta.json["delta"]?["stop_reason"]?.stringValue == reason)
    #expect(delta.json["delta"]?["stop_sequence"]?.stringValue == stop)
    let frames = MessageFrames(promptTokens: 10, service: try TestService.get())
    let body = frames.body(try Script.collected(events))
    #expect(body["stop_reason"]?.stringValue == reason)
    #expect(body["stop_sequence"]?.stringValue == stop)
  }

  @Test func `a request that waits gives signs of life before it starts`() throws {
    let names = try Self.sent([.waiting, .waiting, .started(cachedTokens: 4), .end()]).map(\.name)
    #expect(
      names == ["message_start", "ping", "ping", "message_delta", "message_stop"])
  }

  @Test func `a failure on the way is an event in the client's form`() throws {
    let sent = try Self.sent([
      .started(cachedTokens: 0), .piece(.content("a")), .failed(.broken("no numbers")),
    ])
    #expect(sent.last?.name == "error")
    #expect(sent.last?.json["type"]?.stringValue == "error")
    #expect(sent.last?.json["error"]?["type"]?.stringValue == "api_error")
    #expect(sent.last?.json["error"]?["message"]?.stringValue == "no numbers")
    #expect(!sent.map(\.name).contains("message_stop"))
  }

  @Test func `a call that is none stays text`() throws {
    let events: [EngineEvent] = [
      .piece(.content("a")), .piece(.malformedToolCall("<call")), .end(),
    ]
    let text = try Self.sent(events).compactMap { $0.json["delta"]?["text"]?.stringValue }
    #expect(text == ["a", "<call"])
  }

  @Test func `a call that is cut off holds what is whole of its arguments`() throws {
    let events: [EngineEvent] = [
      .piece(
        .toolCall(index: 0, name: "find"),
        .toolArguments(index: 0, text: #"{"city": "Rome", "days": [1, 2], "units": "metr"#)),
      .end(.length),
    ]
    let frames = MessageFrames(promptTokens: 10, service: try TestService.get())
    let body = frames.body(try Script.collected(events))
    #expect(body["content"]?[0]?["input"]?.text() == #"{"city":"Rome","days":[1,2]}"#)
    #expect(body["stop_reason"]?.stringValue == "max_tokens")
    let told = try Self.sent(events).compactMap { $0.json["delta"]?["partial_json"]?.stringValue }
    #expect(told == [#"{"city": "Rome", "days": [1, 2], "units": "metr"#])
  }
}
