import FathomCore
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The files of the chat page and the description of the API, read once at start.
struct PageFiles: Sendable {
  private let files: [String: ByteBuffer]
  /// What the API is, for programs.
  let description: ByteBuffer

  /// - Throws: `InputError` if the program was copied without its resources.
  init() throws {
    let resources = try ResourceFolder.of(target: "FathomServer")
    description = ByteBuffer(bytes: try FileBytes.read(resources + "/openapi.json"))
    let folder = resources + "/Page"
    var files: [String: ByteBuffer] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where !name.hasPrefix(".") {
      files[name] = ByteBuffer(bytes: try FileBytes.read(folder + "/" + name))
    }
    self.files = files
  }

  func response(_ name: String) -> Response? {
    guard let bytes = files[name] else { return nil }
    return Response(
      status: .ok,
      headers: [
        .contentType: Self.type(of: name), .cacheControl: "no-cache",
        .contentSecurityPolicy: Self.policy, .xContentTypeOptions: "nosniff",
      ], body: ResponseBody(byteBuffer: bytes))
  }

  /// Nothing but this server's own files; no script or style inside of pages.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    + "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    + "frame-ancestors 'none'"

  private static func type(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    case "png": "image/png"
    default: "application/octet-stream"
    }
  }
}

extension Routes {
  /// `GET /`, `GET /inspect` and the files of the page.
  @Sendable static func page(_ call: Call) async throws -> Response {
    let name =
      switch call.route.path {
      case "/inspect": "inspect.html"
      case let path where path.hasSuffix("*"): call.component
      default: "index.html"
      }
    guard let response = call.service.page.response(name) else {
      throw APIError(
        .notFound, "\(InputError.excerpt(call.request.uri.path)): there is no such file")
    }
    return response
  }

  /// `GET /openapi.json`
  @Sendable static func description(_ call: Call) async throws -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: call.service.page.description))
  }
}
