import FathomCore
import FathomInference
import HTTPTypes
import Hummingbird

/// One method on one path. A path that ends in `/*` takes one more component.
struct Route: Sendable {
  let method: HTTPRequest.Method
  let path: String
  var dialect = Dialect.openAI
  /// Whether it needs a key where there are keys.
  var isOpen = false
  /// Whether it reads a body of JSON.
  var takesJSON: Bool { method == .post }
  let handle: @Sendable (Call) async throws -> Response

  func matches(_ path: String) -> Bool {
    guard self.path.hasSuffix("/*") else { return self.path == path }
    let prefix = self.path.dropLast()
    return path.hasPrefix(prefix) && path.count > prefix.count
      && !path.dropFirst(prefix.count).contains("/")
  }
}

/// A request that came through the door.
struct Call: Sendable {
  let request: Request
  let route: Route
  let requestID: String
  /// Tells clients with different keys apart.
  let client: String
  let service: Service
  let hangUp: HangUp
  /// The body, where the route reads one.
  let json: JSON

  var replies: Replies {
    Replies(service: service, hangUp: hangUp, dialect: route.dialect, requestID: requestID)
  }

  /// Submits a request as often as asked for, in the line of its client and user.
  func submit(_ request: EngineRequest, count: Int = 1) -> [EngineAnswer] {
    var request = request
    if !client.isEmpty { request.tenant = "\(client) \(request.tenant)" }
    return service.submit(request, count: count)
  }

  /// The component that a `*` stands for.
  var component: String {
    String(request.uri.path.dropFirst(route.path.count - 1)).removingPercentEncoding ?? ""
  }
}
