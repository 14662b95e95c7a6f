import Foundation

/// Files of one JSON document a line, read piece by piece: memory grows with the longest line, not with the file.
public enum JSONLines {
  /// No line is longer than this.
  package static let longestLine = 64 << 20

  /// Calls `body` with each document, the bytes of its line and the line's number from 1. Empty lines are passed over.
  ///
  /// - Throws: `InputError` whose place is `data.jsonl, line 12`, also for those that `body` throws.
  public static func forEach(
    in path: String,
    _ body: (_ document: JSON, _ line: ArraySlice<UInt8>, _ number: Int) throws ->
      Void
  ) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw InputError(path, expected: "a readable file", found: String(cString: strerror(errno)))
    }
    defer { try? file.close() }
    var reader = JSONLineReader(name: path)
    while true {
      let chunk: Data
      do {
        chunk = try file.read(upToCount: 1 << 20) ?? Data()
      } catch {
        throw InputError(path, expected: "a readable file", found: "\(error.localizedDescription)")
      }
      guard !chunk.isEmpty else { break }
      try reader.take(chunk, body)
    }
    try reader.finish(body)
  }
}

/// Finds the lines of a file that comes in pieces.
package struct JSONLineReader {
  package typealias Body = (_ document: JSON, _ line: ArraySlice<UInt8>, _ number: Int) throws ->
    Void

  private let name: String
  private var number = 0
  /// The beginning of a line whose end is still to come.
  private var pending: [UInt8] = []

  /// - Parameter name: what errors call the file.
  package init(name: String) { self.name = name }

  package mutating func take(_ chunk: some Collection<UInt8>, _ body: Body) throws {
    // What is pending holds no line end.
    var searched = pending.count
    pending.append(contentsOf: chunk)
    var start = 0
    while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      try read(pending[start..<end], body)
      start = end + 1
      searched = start
    }
    pending.removeFirst(start)
    guard pending.count <= JSONLines.longestLine else {
      throw InputError(
        "\(name), line \(number + 1)", expected: "at most \(JSONLines.longestLine) bytes",
        found: "more than that")
    }
  }

  /// The last line, which may have no end. Call once.
  package mutating func finish(_ body: Body) throws {
    if !pending.isEmpty { try read(pending[...], body) }
  }

  private mutating func read(_ line: ArraySlice<UInt8>, _ body: Body) throws {
    number += 1
    var line = line
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
    do {
      try body(try JSON.parse(line), line, number)
    } catch let error as InputError {
      throw error.inside("\(name), line \(number)")
    }
  }
}
