import FathomCore
import HTTPTypes
import Hummingbird

/// Every path the server knows.
enum Routes {
  static let all: [Route] =
    chat + messages + responses + completions + inspections + operations + models + text + pages

  private static func posts(
    _ paths: [String], dialect: Dialect = .openAI,
    _ handle: @escaping @Sendable (Call) async throws -> Response
  ) -> [Route] {
    paths.map { Route(method: .post, path: $0, dialect: dialect, handle: handle) }
  }

  private static func gets(
    _ paths: [String], isOpen: Bool = false,
    _ handle: @escaping @Sendable (Call) async throws -> Response
  ) -> [Route] {
    paths.map { Route(method: .get, path: $0, isOpen: isOpen, handle: handle) }
  }

  private static let chat = posts(
    ["/v1/chat/completions", "/chat/completions", "/beta/chat/completions"], chatCompletion)

  private static let messages = ["", "/anthropic"].flatMap { start in
    posts([start + "/v1/messages"], dialect: .anthropic, message)
      + posts([start + "/v1/messages/count_tokens"], dialect: .anthropic, countMessage)
  }

  private static let responses = posts(["/v1/responses", "/responses"], response)

  private static let completions = posts(
    ["/v1/completions", "/completions", "/beta/completions"], completion)

  private static let inspections = posts(["/inspect"], inspect)

  private static let models =
    gets(["/v1/models", "/models"], listModels) + gets(["/v1/models/*", "/models/*"], showModel)

  private static let text =
    posts(["/tokenize", "/v1/tokenize"], tokenize) + posts(["/detokenize"], detokenize)
    + posts(["/apply-template"], applyTemplate) + gets(["/tokenizer_info"], tokenizerInfo)

  private static let operations =
    gets(["/health", "/v1/health"], isOpen: true, health) + gets(["/metrics"], metrics)
    + gets(["/openapi.json"], description) + gets(["/props"], props) + gets(["/slots"], slots)

  private static let pages =
    gets(["/", "/index.html", "/inspect", "/page/*"], isOpen: true, page)
}
