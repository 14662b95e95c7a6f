import FathomCore
import FathomInference
import FathomText
import Testing

@testable import FathomServer

@Suite struct PrefixCompletionTests {
  private static func prompt(_ last: String, _ more: String = "") throws -> String {
    let service = try TestService.get()
    let parameters = try ChatParameters(
      chatCompletion: Fields(
        text: #"{"messages": [{"role": "user", "content": "hi"}, \#(last)]\#(more)}"#),
      service: service)
    return try service.language.encode(parameters.request, parameters.rendering).prompt.text
  }

  @Test func `a last message with prefix is left open`() throws {
    #expect(
      try Self.prompt(#"{"role": "assistant", "content": "Once", "prefix": true}"#)
        == "<｜begin▁of▁sentence｜><｜User｜>hi<｜Assistant｜><think></think>Once")
    #expect(
      try Self.prompt(
        #"{"role": "assistant", "content": "Once", "reasoning_content": "hm", "prefix": true}"#,
        #", "thinking": {"type": "enabled"}"#)
        == "<｜begin▁of▁sentence｜><｜User｜>hi<｜Assistant｜><think>hm</think>Once")
  }

  @Test func `one without it is an earlier turn`() throws {
    #expect(
      try Self.prompt(#"{"role": "assistant", "content": "Once"}"#).contains(
        "Once<｜end▁of▁sentence｜>"))
  }

  @Test(arguments: ["/chat/completions", "/v1/chat/completions", "/beta/chat/completions"])
  func `it is served where DeepSeek's clients look for it`(path: String) {
    #expect(Routes.all.contains { $0.matches(path) && $0.method == .post })
  }
}
