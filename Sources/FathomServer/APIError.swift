import FathomCore
import FathomInference
import HTTPTypes

/// Why a request has no answer, with the status code of DeepSeek's API.
///
/// Source: api-docs.deepseek.com, "Error codes": 400 format, 401 key, 422 parameters, 429 rate, 500, 503 overloaded.
struct APIError: Error {
  var status: HTTPResponse.Status
  var message: String
  /// Which parameter, as the client spells it.
  var param: String?
  var code: String?
  var retryAfterSeconds: Int?

  init(
    _ status: HTTPResponse.Status, _ message: String, param: String? = nil, code: String? = nil,
    retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.message = message
    self.param = param
    self.code = code
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// A field of the wrong kind, or one that is missing.
  static func malformed(_ message: String, param: String? = nil) -> APIError {
    APIError(.badRequest, message, param: param)
  }

  /// A value out of range.
  static func outOfRange(_ param: String, expected: String, found: String) -> APIError {
    APIError(
      .unprocessableContent, "\(param): expected \(expected), found \(found)", param: param)
  }

  /// What any error means to a client.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as InputError:
      self.init(.badRequest, error.description, param: error.place)
    case let error as InputErrors: self.init(.badRequest, error.description)
    case let failure as EngineFailure: self.init(failure)
    default: self.init(.internalServerError, "the server failed on this request")
    }
  }

  private init(_ failure: EngineFailure) {
    let message = failure.description
    switch failure {
    case .queueFull, .tooManyTokensWaiting:
      self.init(.tooManyRequests, message, code: "rate_limit_exceeded", retryAfterSeconds: 5)
    case .contextFull(let tokens, let limit):
      // Clients tell this error from others by these words: litellm by the first half, langchain by the second.
      self.init(
        .badRequest,
        "this model's maximum context length is \(limit) tokens, and the prompt is too long: "
          + "\(tokens) tokens leave no room for an answer", code: "context_length_exceeded")
    case .invalid: self.init(.badRequest, message)
    case .deadline, .slowReader: self.init(.requestTimeout, message, code: "timeout")
    case .broken: self.init(.internalServerError, message, code: "model_failure")
    case .shutDown: self.init(.serviceUnavailable, message, code: "shutting_down")
    }
  }

  /// The kind of error, in words that both dialects share.
  private var type: String {
    switch status.code {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 404: "not_found_error"
    case 413: "request_too_large"
    case 408: "timeout_error"
    case 429: "rate_limit_error"
    case 503: "overloaded_error"
    case 500...: "api_error"
    default: "invalid_request_error"
    }
  }

  /// The status in the numbers of a dialect: Anthropic's knows no 422, and says 529 for 503.
  func status(_ dialect: Dialect) -> HTTPResponse.Status {
    switch (dialect, status.code) {
    case (.anthropic, 422): .badRequest
    case (.anthropic, 503): HTTPResponse.Status(code: 529, reasonPhrase: "Overloaded")
    default: status
    }
  }

  /// The body that clients of a dialect read.
  func json(_ dialect: Dialect, requestID: String) -> JSON {
    switch dialect {
    case .openAI:
      .of([
        "error": .of([
          "message": .string(message), "type": .string(type),
          "param": param.map { .string($0) } ?? .null, "code": code.map { .string($0) } ?? .null,
        ])
      ])
    case .anthropic:
      .of([
        "type": .string("error"),
        "error": .of(["type": .string(type), "message": .string(message)]),
        "request_id": .string(requestID),
      ])
    }
  }
}

/// Whose words a route speaks.
enum Dialect: Sendable {
  case openAI
  case anthropic
}

extension JSON {
  /// An object with its members in this order.
  static func of(_ members: KeyValuePairs<String, JSON>) -> JSON { .object(JSONObject(members)) }
}
