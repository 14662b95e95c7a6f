import FathomCore
import Foundation

/// `metrics.jsonl`: one JSON object for each step, `{"step":420,"loss":1.234,…}`. All other reports are made from it.
public final class MetricsLog {
  public let path: String
  private let file: FileHandle
  private var curves: [String: [(x: Double, y: Double)]]

  /// Opens the file, or makes it.
  ///
  /// - Parameters:
  ///   - step: rows behind this step are cut off, and so is a row that was only half written when a run was killed; 0
  ///     begins anew.
  ///   - keys: values that are remembered as curves over steps.
  /// - Throws: `InputError` for a file that can't be written.
  public init(path: String, resumingAfter step: Int = 0, curves keys: [String] = []) throws {
    self.path = path
    curves = Dictionary(uniqueKeysWithValues: keys.map { ($0, []) })
    var kept = 0
    var old: [(step: Int, row: JSONObject)] = []
    if step > 0, FileBytes.exists(path) {
      (old, kept) = Self.rows(of: try FileBytes.read(path, limit: .max), upTo: step)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw InputError(
        path, expected: "a file that can be written", found: String(cString: strerror(errno)))
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try writing {
      try file.truncate(atOffset: UInt64(kept))
      try file.seekToEnd()
    }
    for (step, row) in old { remember(row, step) }
  }

  private func remember(_ row: JSONObject, _ step: Int) {
    for key in curves.keys {
      if let value = row[key]?.doubleValue { curves[key]?.append((Double(step), value)) }
    }
  }

  /// Adds the row of a step. It is in the file when this returns.
  public func append(step: Int, _ values: [(key: String, value: JSON)]) throws {
    var row = JSONObject(["step": .integer(step)])
    for (key, value) in values { row[key] = value }
    try writing { try file.write(contentsOf: Array((JSON.object(row).text() + "\n").utf8)) }
    remember(row, step)
  }

  /// The rows up to a step, and where they end; they also end at the first that is none.
  private static func rows(
    of bytes: [UInt8], upTo last: Int
  ) -> (rows: [(step: Int, row: JSONObject)], end: Int) {
    var rows: [(step: Int, row: JSONObject)] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      guard let row = try? JSON.parse(bytes[start..<end]).objectValue,
        let step = row["step"]?.intValue, step <= last
      else { break }
      rows.append((step, row))
      start = end + 1
    }
    return (rows, start)
  }

  private func writing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      throw InputError(
        path, expected: "a file that can be written", found: error.localizedDescription)
    }
  }
}

extension MetricsLog {
  /// A value of all rows that have it, as a curve over steps.
  public func curve(_ key: String, named name: String? = nil) -> LineChart.Series {
    LineChart.Series(name ?? key, points: curves[key] ?? [])
  }
}
