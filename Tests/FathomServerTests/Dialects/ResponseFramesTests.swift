import FathomCore
import FathomInference
import FathomText
import Testing

@testable import FathomServer

@Suite struct ResponseFramesTests {
  private static func frames(_ body: String = #"{"input": "a"}"#) throws -> ResponseFrames {
    let service = try TestService.get()
    let fields = try Fields(text: body)
    let head = try ResponseHead(
      fields, ChatParameters(response: fields, service: service), service: service)
    return ResponseFrames(head, service: service)
  }

  private static func sent(_ events: [EngineEvent], _ body: String = #"{"input": "a"}"#) throws
    -> [SentEvent]
  {
    let frames = try frames(body)
    let sent = (events.flatMap { frames.frames($0) } + frames.frames(nil)).compactMap {
      SentEvent($0)
    }
    #expect(sent.map { $0.json["sequence_number"]?.intValue } == sent.indices.map { $0 })
    return sent
  }

  /// Events without what is the same in all, and without whole responses.
  private static func lines(_ events: [SentEvent]) -> [String] {
    events.map { event in
      #expect(event.json["type"]?.stringValue == event.name)
      var rest = event.json.withoutNames.objectValue ?? JSONObject()
      for key in ["type", "sequence_number", "response"] { rest[key] = nil }
      let name = event.name.dropFirst("response.".count)
      return rest.isEmpty ? String(name) : "\(name) \(JSON.object(rest).text())"
    }
  }

  @Test func `a stream has the events of the client in their order`() throws {
    let text = #""type":"output_text","text""#
    #expect(
      Self.lines(try Self.sent(Script.everything)) == [
        "created", "in_progress",
        #"output_item.added {"output_index":0,"item":{"id":"rs_","type":"reasoning","summary":[],"content":[],"status":"in_progress"}}"#,
        #"content_part.added {"output_index":0,"content_index":0,"item_id":"rs_","part":{"type":"reasoning_text","text":""}}"#,
        #"reasoning_text.delta {"output_index":0,"content_index":0,"delta":"Let me ","item_id":"rs_"}"#,
        #"reasoning_text.delta {"output_index":0,"content_index":0,"delta":"see.","item_id":"rs_"}"#,
        #"reasoning_text.done {"output_index":0,"content_index":0,"item_id":"rs_","text":"Let me see."}"#,
        #"content_part.done {"output_index":0,"content_index":0,"item_id":"rs_","part":{"type":"reasoning_text","text":"Let me see."}}"#,
        #"output_item.done {"output_index":0,"item":{"id":"rs_","type":"reasoning","summary":[],"#
          + #""content":[{"type":"reasoning_text","text":"Let me see."}],"status":"completed"}}"#,
        #"output_item.added {"output_index":1,"item":{"id":"msg_","type":"message","role":"assistant","content":[],"status":"in_progress"}}"#,
        #"content_part.added {"output_index":1,"content_index":0,"item_id":"msg_","part":{\#(text):"","annotations":[],"logprobs":[]}}"#,
        #"output_text.delta {"output_index":1,"content_index":0,"delta":"I ","item_id":"msg_","logprobs":[]}"#,
        #"output_text.delta {"output_index":1,"content_index":0,"delta":"look.","item_id":"msg_","logprobs":[]}"#,
        #"output_text.done {"output_index":1,"content_index":0,"item_id":"msg_","logprobs":[],"text":"I look."}"#,
        #"content_part.done {"output_index":1,"content_index":0,"item_id":"msg_","part":{\#(text):"I look.","annotations":[],"logprobs":[]}}"#,
        #"output_item.done {"output_index":1,"item":{"id":"msg_","type":"message","role":"assistant","#
          + #""content":[{\#(text):"I look.","annotations":[],"logprobs":[]}],"status":"completed"}}"#,
        #"output_item.added {"output_index":2,"item":{"id":"fc_","type":"function_call","call_id":"call_","name":"find","arguments":"","status":"in_progress"}}"#,
        #"function_call_arguments.delta {"output_index":2,"delta":"{\"city\": ","item_id":"fc_"}"#,
        #"function_call_arguments.delta {"output_index":2,"delta":"\"Rome\"}","item_id":"fc_"}"#,
        #"function_call_arguments.done {"output_index":2,"arguments":"{\"city\": \"Rome\"}","item_id":"fc_","name":"find"}"#,
        #"output_item.done {"output_index":2,"item":{"id":"fc_","type":"function_call","call_id":"call_","name":"find","#
          + #""arguments":"{\"city\": \"Rome\"}","status":"completed"}}"#,
        #"output_item.added {"output_index":3,"item":{"id":"fc_","type":"function_call","call_id":"call_","name":"find","arguments":"","status":"in_progress"}}"#,
        #"function_call_arguments.delta {"output_index":3,"delta":"{}","item_id":"fc_"}"#,
        #"function_call_arguments.done {"output_index":3,"arguments":"{}","item_id":"fc_","name":"find"}"#,
        #"output_item.done {"output_index":3,"item":{"id":"fc_","type":"function_call","call_id":"call_","name":"find","arguments":"{}","status":"completed"}}"#,
        "completed",
      ])
  }

  @Test func `the last event holds the items of the stream, by their names`() throws {
    let sent = try Self.sent(Script.everything)
    let items = sent.filter { $0.name == "response.output_item.done" }.map { $0.json["item"] }
    let response = try #require(sent.last?.json["response"])
    #expect(response["output"]?.arrayValue == items)
    #expect(response["id"] == sent.first?.json["response"]?["id"])
    #expect(response["status"]?.stringValue == "completed")
    #expect(
      response["usage"]?.text()
        == #"{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"#
        + #""output_tokens":6,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":16}"#)
    let body = try Self.frames().body(try Script.collected(Script.everything))
    #expect(body["output"]?.withoutNames == response["output"]?.withoutNames)
    #expect(body["usage"] == response["usage"])
  }

  @Test(arguments: [FinishReason.length, .contextLength])
  func `an answer that was cut short is incomplete, and so is its last item`(reason: FinishReason)
    throws
  {
    let events: [EngineEvent] = [
      .piece(.reasoning("hm"), thinking: true), .piece(.content("a")), .end(reason),
    ]
    let last = try #require(try Self.sent(events).last)
    #expect(last.name == "response.incomplete")
    for response in [
      try #require(last.json["response"]), try Self.frames().body(try Script.collected(events)),
    ] {
      #expect(response["status"]?.stringValue == "incomplete")
      #expect(response["incomplete_details"]?["reason"]?.stringValue == "max_output_tokens")
      #expect(response["output"]?[0]?["status"]?.stringValue == "completed")
      #expect(response["output"]?[1]?["status"]?.stringValue == "incomplete")
    }
  }

  @Test func `reasoning is told as a summary where one is asked for`() throws {
    let body = #"{"input": "a", "reasoning": {"summary": "auto"}}"#
    let lines = Self.lines(
      try Self.sent([.piece(.reasoning("hm"), thinking: true), .end()], body))
    #expect(
      lines == [
        "created", "in_progress",
        #"output_item.added {"output_index":0,"item":{"id":"rs_","type":"reasoning","summary":[],"status":"in_progress"}}"#,
        #"reasoning_summary_part.added {"output_index":0,"item_id":"rs_","part":{"type":"summary_text","text":""},"summary_index":0}"#,
        #"reasoning_summary_text.delta {"output_index":0,"delta":"hm","item_id":"rs_","summary_index":0}"#,
        #"reasoning_summary_text.done {"output_index":0,"item_id":"rs_","summary_index":0,"text":"hm"}"#,
        #"reasoning_summary_part.done {"output_index":0,"item_id":"rs_","part":{"type":"summary_text","text":"hm"},"summary_index":0}"#,
        #"output_item.done {"output_index":0,"item":{"id":"rs_","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"status":"completed"}}"#,
        "completed",
      ])
  }

  @Test func `a failure on the way fails the response`() throws {
    let last = try #require(
      try Self.sent([.piece(.content("a")), .failed(.broken("no numbers"))]).last)
    #expect(last.name == "response.failed")
    let response = try #require(last.json["response"])
    #expect(response["status"]?.stringValue == "failed")
    #expect(response["error"]?["message"]?.stringValue == "no numbers")
    #expect(response["output"]?[0]?["status"]?.stringValue == "incomplete")
  }

  @Test func `a request that waits gives signs of life`() throws {
    let frames = try Self.frames()
    let first = frames.frames(.waiting)
    #expect(
      first.compactMap { SentEvent($0)?.name } == ["response.created", "response.in_progress"])
    guard case .comment? = first.last else {
      Issue.record("expected a comment, found \(first)")
      return
    }
  }
}
