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
    var number = 0
    func read(_ line: ArraySlice<UInt8>) throws {
      number += 1
      var line = line
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
      do {
        try body(try JSON.parse(line), line, number)
      } catch let error as InputError {
        throw error.inside("\(path), line \(number)")
      }
    }

    var pending: [UInt8] = []
    while true {
      let chunk: Data
      do {
        chunk = try file.read(upToCount: 1 << 20) ?? Data()
      } catch {
        throw InputError(path, expected: "a readable file", found: "\(error.localizedDescription)")
      }
      guard !chunk.isEmpty else { break }
      // What is pending holds no line end.
      var searched = pending.count
      pending.append(contentsOf: chunk)
      var start = 0
      while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        try read(pending[start..<end])
        start = end + 1
        searched = start
      }
      pending.removeFirst(start)
      guard pending.count <= longestLine else {
        throw InputError(
          "\(path), line \(number + 1)", expected: "at most \(longestLine) bytes",
          found: "more than that")
      }
    }
    if !pending.isEmpty { try read(pending[...]) }
  }
}
