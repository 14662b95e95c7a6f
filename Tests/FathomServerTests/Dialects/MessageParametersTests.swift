import FathomCore
import FathomText
import Testing

@testable import FathomServer

@Suite struct MessageParametersTests {
  private static func read(_ text: String) throws -> ChatParameters {
    try ChatParameters(message: Fields(text: text), service: TestService.get())
  }

  @Test func `a request is read with all that it says`() throws {
    let parameters = try Self.read(
      #"""
      {"model": "any", "max_tokens": 100, "temperature": 0.5, "top_p": 0.9, "top_k": 7, "stream": true,
       "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
                  {"type": "text", "text": "Be kind."}],
       "stop": "STOP", "stop_sequences": ["END"], "metadata": {"user_id": "u1"},
       "thinking": {"type": "enabled", "budget_tokens": 2000},
       "tools": [{"name": "find", "description": "Finds.", "input_schema": {"type": "object"}}],
       "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
       "messages": [{"role": "user", "content": "hello"}]}
      """#)
    #expect(parameters.options.maxTokens == 100)
    #expect(parameters.options.sampling.temperature == 0.5)
    #expect(parameters.options.sampling.topP == 0.9)
    #expect(parameters.options.sampling.topK == 7)
    #expect(parameters.options.stopStrings == ["STOP", "END"])
    #expect(parameters.streams)
    #expect(parameters.tenant == "u1")
    #expect(parameters.rendering.thinking == true)
    #expect(parameters.reasoningBudget == 2000)
    #expect(parameters.toolChoice == .required)
    #expect(!parameters.callsInParallel)
    #expect(parameters.request.messages == [.system("Be brief.\nBe kind."), .user("hello")])
    #expect(
      parameters.request.tools.map { $0.json.text() } == [
        #"{"type":"function","function":{"name":"find","description":"Finds.","parameters":{"type":"object"}}}"#
      ])
  }

  @Test func `blocks become messages in their order`() throws {
    let parameters = try Self.read(
      #"""
      {"max_tokens": 1, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [
          {"type": "thinking", "thinking": "hm", "signature": "s"},
          {"type": "redacted_thinking", "data": "x"},
          {"type": "text", "text": "I look."},
          {"type": "tool_use", "id": "t1", "name": "find", "input": {"b": 1, "a": [2]}},
          {"type": "tool_use", "id": "t2", "name": "find"}]},
        {"role": "user", "content": [
          {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
          {"type": "tool_result", "tool_use_id": "t2", "is_error": true, "content": "gone"},
          {"type": "tool_result", "tool_use_id": "t3"},
          {"type": "text", "text": "and now?"}]}]}
      """#)
    let calls: [ToolCall] = [
      ToolCall(id: "t1", name: "find", arguments: .text(#"{"b":1,"a":[2]}"#)),
      ToolCall(id: "t2", name: "find", arguments: .text("{}")),
    ]
    #expect(
      parameters.request.messages == [
        .user("a\nb"),
        ChatMessage(
          role: .assistant, content: "I look.", reasoningContent: "hm", toolCalls: .calls(calls)),
        ChatMessage(role: .tool, content: "x\ny", toolCallID: "t1"),
        ChatMessage(role: .tool, content: "Error: gone", toolCallID: "t2"),
        ChatMessage(role: .tool, content: "", toolCallID: "t3"),
        .user("and now?"),
      ])
  }

  @Test func `an answer that was begun is gone on with`() throws {
    let parameters = try Self.read(
      #"""
      {"max_tokens": 1, "messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}
      """#)
    #expect(parameters.request.messages.map(\.prefix) == [false, false, false, true])
    #expect(parameters.rendering.continuesPrefix)
  }

  @Test func `no tools are offered where none may be called`() throws {
    let parameters = try Self.read(
      #"""
      {"max_tokens": 1, "messages": [{"role": "user", "content": "a"}],
       "tools": [{"name": "find", "input_schema": {}}], "tool_choice": {"type": "none"}}
      """#)
    #expect(parameters.request.tools.isEmpty)
    let named = try Self.read(
      #"""
      {"max_tokens": 1, "messages": [{"role": "user", "content": "a"}],
       "tools": [{"name": "find", "input_schema": {}}], "tool_choice": {"type": "tool", "name": "find"}}
      """#)
    #expect(named.toolChoice == .named("find"))
    #expect(named.request.tools.count == 1)
  }

  @Test(
    arguments: [
      (#""thinking": {"type": "disabled"}"#, false, nil),
      (#""thinking": {"type": "adaptive"}"#, true, nil),
      (#""thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}"#, true, 1024),
      (
        #""thinking": {"type": "enabled", "budget_tokens": 9}, "output_config": {"effort": "low"}"#,
        true, 9
      ),
      (#""thinking": {"type": "disabled"}, "output_config": {"effort": "max"}"#, false, nil),
      (#""output_config": {"effort": "medium"}"#, true, 4096),
    ] as [(String, Bool, Int?)])
  func `thinking is as asked for`(members: String, on: Bool, budget: Int?) throws {
    let parameters = try Self.read(
      #"{"max_tokens": 1, "messages": [{"role": "user", "content": "a"}], \#(members)}"#)
    #expect(parameters.rendering.thinking == on)
    #expect(parameters.reasoningBudget == budget)
  }

  @Test func `a request to be counted needs no limit`() throws {
    let service = try TestService.get()
    func count(_ text: String) throws -> Int {
      let parameters = try ChatParameters(countedMessage: Fields(text: text), service: service)
      return try service.engineRequest(parameters).prompt.count
    }
    let short = try count(#"{"messages": [{"role": "user", "content": "a"}]}"#)
    let long = try count(
      #"{"system": "Be brief.", "messages": [{"role": "user", "content": "a"}]}"#)
    #expect(short > 0)
    #expect(long > short)
  }

  private static let hello = #""messages": [{"role": "user", "content": "hello"}]"#

  @Test(arguments: [
    ("{\(hello)}", "max_tokens"),
    (#"{"max_tokens": 0, \#(hello)}"#, "max_tokens"),
    (#"{"max_tokens": 1.5, \#(hello)}"#, "max_tokens"),
    (#"{"max_tokens": 1}"#, "messages"),
    (#"{"max_tokens": 1, "messages": []}"#, "messages"),
    (#"{"max_tokens": 1, "messages": ["hello"]}"#, "messages[0]"),
    (#"{"max_tokens": 1, "messages": [{"role": "user"}]}"#, "messages[0].content"),
    (#"{"max_tokens": 1, "messages": [{"content": "a"}]}"#, "messages[0].role"),
    (#"{"max_tokens": 1, "messages": [{"role": "tool", "content": "a"}]}"#, "messages[0].role"),
    (#"{"max_tokens": 1, "messages": [{"role": "user", "content": 1}]}"#, "messages[0].content"),
    (
      #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}"#,
      "messages[0].content[0].type"
    ),
    (
      #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}"#,
      "messages[0].content[0].type"
    ),
    (
      #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image"}]}]}]}"#,
      "messages[0].content[0].content[0].type"
    ),
    (
      #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}"#,
      "messages[0].content[0].tool_use_id"
    ),
    (
      #"{"max_tokens": 1, "messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": "x"}]}]}"#,
      "messages[0].content[0].input"
    ),
    (#"{"max_tokens": 1, "temperature": 9, \#(hello)}"#, "temperature"),
    (#"{"max_tokens": 1, "stop_sequences": [""], \#(hello)}"#, "stop_sequences"),
    (#"{"max_tokens": 1, "tools": [{"name": "f"}], \#(hello)}"#, "tools[0].input_schema"),
    (#"{"max_tokens": 1, "tools": [{"input_schema": {}}], \#(hello)}"#, "tools[0].name"),
    (
      #"{"max_tokens": 1, "tools": [{"type": "bash_20250124", "name": "bash"}], \#(hello)}"#,
      "tools[0].type"
    ),
    (#"{"max_tokens": 1, "tool_choice": {"type": "all"}, \#(hello)}"#, "tool_choice.type"),
    (#"{"max_tokens": 1, "tool_choice": {"type": "tool"}, \#(hello)}"#, "tool_choice.name"),
    (#"{"max_tokens": 1, "thinking": {"type": "much"}, \#(hello)}"#, "thinking.type"),
    (
      #"{"max_tokens": 1, "output_config": {"format": {"type": "cards"}}, \#(hello)}"#,
      "output_config.format.type"
    ),
  ])
  func `what is wrong is named by its place`(text: String, place: String) throws {
    let error = try #require(throws: APIError.self) { try Self.read(text) }
    #expect(error.param == place)
    #expect(error.message.hasPrefix(place))
    #expect(error.status(.anthropic) == .badRequest)
  }

  /// A system prompt in front, and a message that became several, moved the places of all others.
  @Test func `what a chat format cannot say is named by its place in the request`() throws {
    let request = try MessageConversation.request(
      Fields(
        text: #"""
          {"system": "Be brief.", "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f"}]},
            {"role": "user", "content": [
              {"type": "text", "text": "b"},
              {"type": "tool_result", "tool_use_id": "t1", "content": "c"}]}]}
          """#))
    let error = try #require(throws: InputError.self) { try ChatFormat.deepSeekV2.render(request) }
    #expect(error.place == "messages[2].content[1].role")
    let begun = try MessageConversation.request(
      Fields(text: #"{"messages": [{"role": "assistant", "content": "a"}]}"#))
    let prefix = try #require(throws: InputError.self) {
      try ChatFormat.deepSeekV3.render(begun, ChatParameters.rendering)
    }
    #expect(prefix.place == "messages[0].prefix")
  }

  @Test func `a kind of content that cannot be read is told by its name`() throws {
    let error = try #require(throws: APIError.self) {
      try Self.read(
        #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}"#
      )
    }
    #expect(error.message.contains("\"image\""))
  }
}
