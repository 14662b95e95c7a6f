import Fathom

/// Conversations as files.
enum ConversationFile {
  /// - Parameter path: `-` reads standard input.
  static func read(_ path: String) throws -> ChatRequest {
    let isInput = path == "-"
    let json: JSON
    do {
      json =
        isInput
        ? try JSON.parse(try StandardInput.readAll()) : try JSON.parse(try FileBytes.read(path))
      return try ChatRequest(json)
    } catch let error as InputError where error.place != path && error.place != "standard input" {
      throw error.inside(isInput ? "standard input" : path)
    }
  }

  /// Writes the whole file or leaves what was there before.
  static func write(_ request: ChatRequest, to path: String) throws {
    try AtomicFile.write(Array((request.json.text(.spaced) + "\n").utf8), to: path, isPrivate: true)
  }
}
