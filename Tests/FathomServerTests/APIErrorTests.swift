import FathomCore
import FathomInference
import Testing

@testable import FathomServer

@Suite struct APIErrorTests {
  @Test func `an error has the form and the number of its dialect`() {
    let error = APIError.outOfRange("top_p", expected: "0 to 1", found: "2")
    #expect(error.status(.openAI) == .unprocessableContent)
    #expect(error.status(.anthropic) == .badRequest)
    #expect(
      error.json(.openAI, requestID: "r").text()
        == #"{"error":{"message":"top_p: expected 0 to 1, found 2","type":"invalid_request_error","param":"top_p","code":null}}"#
    )
    #expect(
      error.json(.anthropic, requestID: "r").text()
        == #"{"type":"error","error":{"type":"invalid_request_error","message":"top_p: expected 0 to 1, found 2"},"request_id":"r"}"#
    )
  }

  @Test(arguments: [
    (EngineFailure.queueFull(waiting: 3), 429, 429, "rate_limit_error"),
    (.contextFull(tokens: 9, limit: 8), 400, 400, "invalid_request_error"),
    (.broken("no numbers"), 500, 500, "api_error"),
    (.shutDown, 503, 529, "overloaded_error"),
  ])
  func `a failure of the engine is one of the errors that clients know`(
    failure: EngineFailure, openAI: Int, anthropic: Int, type: String
  ) {
    let error = APIError(failure as any Error)
    #expect(error.status(.openAI).code == openAI)
    #expect(error.status(.anthropic).code == anthropic)
    #expect(error.json(.anthropic, requestID: "r")["error"]?["type"]?.stringValue == type)
  }

  @Test(arguments: [
    "/v1/messages", "/anthropic/v1/messages", "/v1/messages/count_tokens",
    "/anthropic/v1/messages/count_tokens",
  ])
  func `routes of Anthropic's clients answer in their dialect`(path: String) {
    #expect(Routes.all.contains { $0.matches(path) && $0.dialect == .anthropic })
  }
}
