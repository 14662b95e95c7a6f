import Crypto
import FathomCore
import FathomInference
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Lets requests in: looks at who asks and from where, reads the body within bounds, finds the route, and turns every error
/// into a reply in the route's dialect.
struct Door: HTTPResponder {
  typealias Context = ServerContext

  let service: Service
  private let keys: [[UInt8]]
  private var options: ServerOptions { service.options }

  init(_ service: Service) {
    self.service = service
    keys = service.options.apiKeys.map { Self.digest($0) }
  }

  func respond(to request: Request, context: Context) async throws -> Response {
    let begin = ContinuousClock.now
    let requestID = Self.requestID(of: request)
    let path = request.uri.path
    let known = Routes.all.filter { $0.matches(path) }
    // A HEAD is a GET whose body stays here.
    let method = request.method == .head ? .get : request.method
    let route = known.first { $0.method == method }
    let dialect =
      route?.dialect ?? (path.contains("messages") ? Dialect.anthropic : Dialect.openAI)
    var response: Response
    do {
      try checkHost(request)
      let origin = try checkOrigin(request)
      if request.method == .options {
        response = preflight(origin, known)
      } else {
        guard let route else { throw Self.unknown(path, request.method, known) }
        response = try await answer(request, route, requestID, context)
      }
    } catch {
      response = reply(to: error, dialect, requestID)
      if response.status == .methodNotAllowed { response.headers[.allow] = Self.methods(known) }
    }
    response.headers[.xRequestID] = requestID
    if let origin = request.headers[.origin], isAllowed(origin, request) {
      response.headers[.accessControlAllowOrigin] = origin
      response.headers[.vary] = "Origin"
    }
    if request.method == .head { response.body = ResponseBody() }
    let name = route?.path ?? known.first?.path ?? "none"
    service.metrics.note(route: name, status: response.status.code)
    // Never what was asked or answered.
    context.logger.info(
      "request",
      metadata: [
        "id": "\(requestID)", "method": "\(request.method)", "route": "\(name)",
        "status": "\(response.status.code)",
        "ms": "\(((ContinuousClock.now - begin).inSeconds * 1e4).rounded() / 10)",
      ])
    return response
  }

  private func answer(
    _ request: Request, _ route: Route, _ requestID: String, _ context: Context
  ) async throws -> Response {
    let client = route.isOpen ? "" : try client(of: request)
    if route.takesJSON, service.isDraining.load(ordering: .relaxed) {
      throw APIError(
        .serviceUnavailable, "the server is shutting down", code: "shutting_down",
        retryAfterSeconds: 10)
    }
    var request = request
    var json = JSON.null
    if route.takesJSON {
      try checkContentType(request)
      let body = try await BodyReader(options).read(&request)
      json = try BodyReader.json(body)
    }
    return try await route.handle(
      Call(
        request: request, route: route, requestID: requestID, client: client, service: service,
        hangUp: try await context.hangUp(), json: json))
  }

  private func reply(to error: any Error, _ dialect: Dialect, _ requestID: String) -> Response {
    let error = APIError(error)
    var response = Response.json(
      error.json(dialect, requestID: requestID), status: error.status(dialect))
    if let seconds = error.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
    if error.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    // Of a body that was not read to its end nothing more is to be understood.
    if [400, 401, 403, 408, 413, 415].contains(error.status.code) {
      response.headers[.connection] = "close"
    }
    return response
  }

  private static func unknown(
    _ path: String, _ method: HTTPRequest.Method, _ known: [Route]
  ) -> APIError {
    known.isEmpty
      ? APIError(.notFound, "\(InputError.excerpt(path)): there is no such path")
      : APIError(
        .methodNotAllowed,
        "\(InputError.excerpt(path)): expected \(methods(known)), found \(method)")
  }

  private static func methods(_ routes: [Route]) -> String {
    routes.map(\.method.rawValue).joined(separator: ", ")
  }

  /// The client's own name for the request, if it is a harmless one.
  private static func requestID(of request: Request) -> String {
    if let id = request.headers[.xRequestID], (1...128).contains(id.utf8.count),
      id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    {
      return id
    }
    return Service.id("req_")
  }
}

// Who asks, and from where.
extension Door {
  /// A page elsewhere can point its own name at this machine (DNS rebinding), but cannot change the name in `Host`.
  private func checkHost(_ request: Request) throws {
    guard options.isLoopback || !options.allowedHosts.isEmpty else { return }
    let host = Self.name(ofHost: request.head.authority ?? "")
    guard
      Self.ownNames.contains(host) || ServerOptions.isLoopback(host) || host == options.host
        || options.allowedHosts.contains(host)
    else {
      throw APIError(
        .forbidden, "host \(InputError.excerpt(host)): expected a name this server was told of")
    }
  }

  private static let ownNames: Set<String> = ["localhost", "[::1]", "::1", "0.0.0.0"]

  private static func name(ofHost host: String) -> String {
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
    return String(host.prefix { $0 != ":" }).lowercased()
  }

  /// Pages of other origins may use the API only if they were allowed to; programs send no origin.
  private func checkOrigin(_ request: Request) throws -> String? {
    guard let origin = request.headers[.origin] else { return nil }
    guard isAllowed(origin, request) else {
      throw APIError(
        .forbidden, "origin \(InputError.excerpt(origin)): pages of this origin may not ask")
    }
    return origin
  }

  private func isAllowed(_ origin: String, _ request: Request) -> Bool {
    if options.allowedOrigins.contains(origin) { return true }
    guard let authority = request.head.authority else { return false }
    return origin == "http://\(authority)" || origin == "https://\(authority)"
  }

  private func preflight(_ origin: String?, _ known: [Route]) -> Response {
    var headers: HTTPFields = [.allow: Self.methods(known)]
    if origin != nil {
      headers[.accessControlAllowMethods] = Self.methods(known)
      headers[.accessControlAllowHeaders] =
        "Authorization, Content-Type, X-Api-Key, X-Request-Id, Anthropic-Version, Anthropic-Beta"
      headers[.accessControlMaxAge] = "600"
    }
    return Response(status: .noContent, headers: headers)
  }

  /// Who has the key that came with a request; everybody is the same where none is needed. Compared by digest, every key, so that the time
  /// tells nothing.
  private func client(of request: Request) throws -> String {
    guard !keys.isEmpty else { return "" }
    let given = request.headers[values: .authorization] + request.headers[values: .xAPIKey]
    let isSingle = given.count == 1
    let text = given.first ?? ""
    let key =
      request.headers[.authorization] == nil
      ? text : text.hasPrefix("Bearer ") ? String(text.dropFirst(7)) : ""
    let digest = Self.digest(key)
    var matches = false
    for known in keys {
      var difference: UInt8 = 0
      for (a, b) in zip(known, digest) { difference |= a ^ b }
      if difference == 0 { matches = true }
    }
    guard matches, isSingle else {
      throw APIError(
        .unauthorized, "expected a key of this server in Authorization: Bearer or X-Api-Key",
        code: "invalid_api_key")
    }
    return digest.prefix(8).map { String($0, radix: 16) }.joined(separator: ".")
  }

  private static func digest(_ key: String) -> [UInt8] { Array(SHA256.hash(data: Array(key.utf8))) }

  /// A form of another page can send text without asking; it cannot send JSON.
  private func checkContentType(_ request: Request) throws {
    let type = request.headers[.contentType] ?? ""
    let media = type.prefix { $0 != ";" }.lowercased()
    guard media == "application/json" else {
      throw APIError(
        .unsupportedMediaType,
        "Content-Type: expected application/json, found \(InputError.excerpt(type))")
    }
  }
}
