import FathomCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a request's headers and body within bounds of size and time.
struct BodyReader {
  private let options: ServerOptions

  init(_ options: ServerOptions) { self.options = options }

  func read(_ request: inout Request) async throws -> ByteBuffer {
    try checkHeaders(request)
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > options.bodyBytes
    {
      throw tooLarge
    }
    let (bytes, seconds) = (options.bodyBytes, options.bodySeconds)
    let body = request.body
    let outcome = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
      group.addTask { try await body.collect(upTo: bytes) }
      group.addTask {
        try await Task.sleep(for: .seconds(seconds))
        return nil
      }
      defer { group.cancelAll() }
      do {
        return try await group.next() ?? nil
      } catch is NIOTooManyBytesError {
        throw tooLarge
      } catch let error as CancellationError {
        throw error
      } catch {
        // What the HTTP parser makes no sense of, or a client that hung up.
        throw APIError.malformed("the body: expected what its headers say")
      }
    }
    guard let outcome else {
      throw APIError(.requestTimeout, "the body took longer than \(seconds) seconds")
    }
    return outcome
  }

  private var tooLarge: APIError {
    APIError(.contentTooLarge, "the body: expected at most \(options.bodyBytes) bytes")
  }

  private func checkHeaders(_ request: Request) throws {
    let bytes = request.headers.reduce(request.uri.description.utf8.count) {
      $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 4
    }
    guard bytes <= options.headerBytes else {
      throw APIError(
        .requestHeaderFieldsTooLarge,
        "the headers: expected at most \(options.headerBytes) bytes, found \(bytes)")
    }
  }

  /// Strict JSON: no trailing text, no number beyond a double, no repeated key, at most 128 levels.
  static func json(_ body: ByteBuffer) throws -> JSON {
    do {
      return try JSON.parse(
        body.readableBytesView, limits: JSONLimits(bytes: .max, depth: 128, values: 2_000_000))
    } catch let error as InputError {
      throw APIError.malformed("the body: \(error.description)")
    }
  }
}
