import FathomCore
import Hummingbird
import NIOCore
import Synchronization

@testable import FathomServer

/// A request that is through the door, and what comes of it.
struct Asked {
  let service: Service
  let hangUp = HangUp()

  init(_ service: Service) { self.service = service }

  /// - Throws: what the route throws.
  func response(
    _ path: String, _ body: String, _ handle: @Sendable (Call) async throws -> Response
  ) async throws -> Response {
    let call = Call(
      request: Request(
        head: .init(method: .post, scheme: nil, authority: nil, path: path),
        body: .init(buffer: ByteBuffer())),
      route: Route(method: .post, path: path) { _ in Response(status: .ok) },
      requestID: "test", client: "", service: service, hangUp: hangUp, json: try JSON.parse(body))
    return try await handle(call)
  }

  /// The lines of JSON of a response, whole.
  ///
  /// - Parameter onLine: sees how many have come.
  static func lines(_ response: Response, onLine: @escaping @Sendable (Int) -> Void = { _ in })
    async throws -> [JSON]
  {
    let writer = CollectingWriter(onWrite: onLine)
    try await response.body.write(writer)
    return try writer.text.split(separator: "\n").map { try JSON.parse(String($0)) }
  }
}

/// Keeps what is written to it.
final class CollectingWriter: ResponseBodyWriter, Sendable {
  private let written = Mutex<[String]>([])
  private let onWrite: @Sendable (Int) -> Void

  init(onWrite: @escaping @Sendable (Int) -> Void) { self.onWrite = onWrite }

  var text: String { written.withLock { $0.joined() } }

  func write(_ buffer: ByteBuffer) async throws {
    let count = written.withLock {
      $0.append(String(buffer: buffer))
      return $0.count
    }
    onWrite(count)
  }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
