import FathomInference
import Testing

@testable import FathomServer

@Suite struct ToolChoiceTests {
  @Test(
    arguments: [
      ("{}", .auto), (#"{"tool_choice": null}"#, .auto), (#"{"tool_choice": "auto"}"#, .auto),
      (#"{"tool_choice": "none"}"#, .none), (#"{"tool_choice": "required"}"#, .required),
      (#"{"tool_choice": {"type": "auto"}}"#, .auto),
      (#"{"tool_choice": {"type": "function", "function": {"name": "find"}}}"#, .named("find")),
    ] as [(String, ToolChoice)])
  func `a chat's choice is a word or a name`(text: String, choice: ToolChoice) throws {
    #expect(try ToolChoice(chatCompletion: Fields(text: text)) == choice)
  }

  @Test(arguments: [
    #"{"tool_choice": "any"}"#, #"{"tool_choice": 1}"#, #"{"tool_choice": {"type": "tool"}}"#,
    #"{"tool_choice": {"type": "function"}}"#,
    #"{"tool_choice": {"type": "function", "function": {}}}"#,
  ])
  func `any other is refused`(text: String) throws {
    let fields = try Fields(text: text)
    let error = try #require(throws: APIError.self) { try ToolChoice(chatCompletion: fields) }
    #expect(error.param?.hasPrefix("tool_choice") == true)
  }

  @Test func `an answer cannot obey two schemas`() throws {
    let service = try TestService.get()
    func request(_ more: String) throws -> EngineRequest {
      try service.engineRequest(
        ChatParameters(
          chatCompletion: Fields(
            text: #"""
              {"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "json_object"},
               "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]\#(more)}
              """#), service: service))
    }
    #expect(try request("").grammar != nil)
    let error = #expect(throws: APIError.self) { _ = try request(#", "tool_choice": "required""#) }
    #expect(error?.param == "response_format")
  }
}
