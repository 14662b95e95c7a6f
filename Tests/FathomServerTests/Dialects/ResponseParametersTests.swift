import FathomCore
import FathomText
import Testing

@testable import FathomServer

@Suite struct ResponseParametersTests {
  private static func read(_ text: String) throws -> ChatParameters {
    try ChatParameters(response: Fields(text: text), service: TestService.get())
  }

  @Test func `a request is read with all that it says`() throws {
    let parameters = try Self.read(
      #"""
      {"model": "any", "input": "hello", "instructions": "Be brief.", "max_output_tokens": 50, "temperature": 0.5,
       "top_p": 0.9, "stream": true, "store": true, "user": "u1", "reasoning": {"effort": "low", "summary": "auto"},
       "text": {"format": {"type": "text"}, "verbosity": "low"}, "metadata": {"a": "b"},
       "tools": [{"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}, "strict": true}],
       "tool_choice": {"type": "function", "name": "find"}}
      """#)
    #expect(parameters.options.maxTokens == 50)
    #expect(parameters.options.sampling.temperature == 0.5)
    #expect(parameters.options.sampling.topP == 0.9)
    #expect(parameters.streams)
    #expect(parameters.tenant == "u1")
    #expect(parameters.rendering.thinking == true)
    #expect(parameters.reasoningBudget == 1024)
    #expect(parameters.toolChoice == .named("find"))
    #expect(parameters.request.messages == [.system("Be brief."), .user("hello")])
    #expect(
      parameters.request.tools.map { $0.json.text() } == [
        #"{"type":"function","function":{"name":"find","description":"Finds.","parameters":{"type":"object"},"strict":true}}"#
      ])
  }

  @Test func `items of one turn become one message`() throws {
    let parameters = try Self.read(
      #"""
      {"input": [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
         "content": [{"type": "output_text", "text": "I look.", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{\"a\": 1}"},
        {"type": "function_call", "call_id": "c2", "name": "find", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "y"}]},
        {"type": "reasoning", "id": "rs_2", "summary": [{"type": "summary_text", "text": "so"}]},
        {"type": "function_call", "call_id": "c3", "name": "find", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c3", "output": "z"},
        {"type": "reasoning", "id": "rs_3", "summary": [], "encrypted_content": "x"}]}
      """#)
    func call(_ id: String, _ arguments: String = "{}") -> ToolCall {
      ToolCall(id: id, name: "find", arguments: .text(arguments))
    }
    #expect(
      parameters.request.messages == [
        .system("Be brief."), .user("a\nb"),
        ChatMessage(
          role: .assistant, content: "I look.", reasoningContent: "hm",
          toolCalls: .calls([call("c1", #"{"a": 1}"#), call("c2")])),
        ChatMessage(role: .tool, content: "x", toolCallID: "c1"),
        ChatMessage(role: .tool, content: "y", toolCallID: "c2"),
        ChatMessage(
          role: .assistant, content: "", reasoningContent: "so", toolCalls: [call("c3")]),
        ChatMessage(role: .tool, content: "z", toolCallID: "c3"),
      ])
  }

  @Test func `what a chat format cannot say is named by its place in the request`() throws {
    let request = try ResponseInput.request(
      Fields(
        text: #"""
          {"instructions": "Be brief.", "input": [
            {"role": "user", "content": "a"},
            {"type": "reasoning", "content": [{"text": "hm"}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "no"},
            {"type": "function_call_output", "call_id": "c1", "output": "b"}]}
          """#))
    #expect(request.places == ["instructions", "input[0]", "input[2]", "input[3]"])
    let error = try #require(throws: InputError.self) { try ChatFormat.deepSeekV2.render(request) }
    #expect(error.place == "input[3].role")
    let arguments = try #require(throws: InputError.self) {
      try ChatFormat.deepSeekV32.render(request)
    }
    #expect(arguments.place.hasPrefix("input[2]"))
  }

  @Test func `no tools are offered where none may be called`() throws {
    let parameters = try Self.read(
      #"{"input": "a", "tools": [{"type": "function", "name": "find"}], "tool_choice": "none"}"#)
    #expect(parameters.request.tools.isEmpty)
  }

  @Test func `an assistant's last message is not gone on with`() throws {
    let parameters = try Self.read(
      #"{"input": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#)
    #expect(parameters.request.messages.allSatisfy { !$0.prefix })
  }

  @Test(arguments: [
    ("{}", "input"), (#"{"input": []}"#, "input"), (#"{"input": 1}"#, "input"),
    (#"{"input": ["a"]}"#, "input[0]"), (#"{"input": [{"role": "user"}]}"#, "input[0]"),
    (#"{"input": [{"role": "tool", "content": "a"}]}"#, "input[0].role"),
    (#"{"input": [{"type": "web_search_call", "id": "w"}]}"#, "input[0].type"),
    (#"{"input": [{"type": "item_reference", "id": "w"}]}"#, "input[0].type"),
    (
      #"{"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}"#,
      "input[0].content[0].type"
    ),
    (
      #"{"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]}"#,
      "input[0].content[0].type"
    ),
    (
      #"{"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}"#, "input[0].call_id"
    ),
    (#"{"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}"#, "input[0].arguments"),
    (#"{"input": [{"type": "function_call_output", "call_id": "c"}]}"#, "input[0].output"),
    (#"{"input": "a", "previous_response_id": "resp_1"}"#, "previous_response_id"),
    (#"{"input": "a", "conversation": "conv_1"}"#, "conversation"),
    (#"{"input": "a", "background": true}"#, "background"),
    (#"{"input": "a", "max_output_tokens": 0}"#, "max_output_tokens"),
    (#"{"input": "a", "tools": [{"type": "web_search"}]}"#, "tools[0].type"),
    (#"{"input": "a", "tools": [{"type": "function"}]}"#, "tools[0].name"),
    (#"{"input": "a", "tool_choice": "all"}"#, "tool_choice"),
    (#"{"input": "a", "tool_choice": {"type": "mcp"}}"#, "tool_choice.type"),
    (#"{"input": "a", "reasoning": {"effort": "huge"}}"#, "reasoning.effort"),
    (
      #"{"input": [{"type": "reasoning", "content": [{"text": "a"}], "summary": [{}]}]}"#,
      "input[0].summary[0].text"
    ),
    (#"{"input": "a", "text": {"format": {"type": "cards"}}}"#, "text.format.type"),
  ])
  func `what is wrong is named by its place`(text: String, place: String) throws {
    let error = try #require(throws: APIError.self) { try Self.read(text) }
    #expect(error.param == place)
    #expect(error.message.hasPrefix(place))
  }

  @Test func `both names of a summary are looked at`() throws {
    func head(_ reasoning: String) throws -> ResponseHead {
      let fields = try Fields(text: #"{"input": "a", "reasoning": \#(reasoning)}"#)
      let service = try TestService.get()
      return try ResponseHead(
        fields, ChatParameters(response: fields, service: service), service: service)
    }
    #expect(try head(#"{"generate_summary": "auto"}"#).summarizes)
    #expect(try !head(#"{"summary": "none", "generate_summary": "auto"}"#).summarizes)
    #expect(throws: APIError.self) {
      try head(#"{"summary": "auto", "generate_summary": "long"}"#)
    }
  }

  @Test func `a response says what it was asked`() throws {
    let fields = try Fields(
      text:
        #"{"input": "a", "instructions": "Be brief.", "metadata": {"a": "b"}, "max_output_tokens": 5, "user": "u", "#
        + #""text": {"format": {"type": "json_object"}}}"#
    )
    let service = try TestService.get()
    let head = try ResponseHead(
      fields, ChatParameters(response: fields, service: service), service: service)
    let response = head.response("in_progress", output: [])
    #expect(response["metadata"]?.text() == #"{"a":"b"}"#)
    #expect(response["instructions"]?.stringValue == "Be brief.")
    #expect(response["max_output_tokens"]?.intValue == 5)
    #expect(response["user"]?.stringValue == "u")
    #expect(response["text"]?.text() == #"{"format":{"type":"json_object"}}"#)
    #expect(response["store"]?.boolValue == false)
    #expect(response["tool_choice"]?.stringValue == "auto")
    #expect(response["usage"]?.isNull == true)
  }
}
