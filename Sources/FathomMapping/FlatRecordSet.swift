import FathomCore

/// Examples as rows for a model: one row for each value of the records, with a label in place of its path.
///
/// ```
/// in family f1 qe _ wu f1 qa _ ru ka f1 ; ward f2 wa mu f2 bi bu f2 out code o1 qe o1 qa ; unit o2 ^ wa mu o2 ^ bi bu
/// ```
///
/// Nesting, arrays and awkward names stay behind: the model copies pieces of values and labels, never a path. Code maps
/// what it writes back: `program(from:)`. A label stands on both sides of each input value, so that a causal model knows
/// which field the value belongs to, and finds the label behind it when it has copied the value.
public struct FlatRecordSet: Sendable {
  /// A value of the records, in all examples.
  public struct Row: Sendable, Equatable {
    /// `f1`, `f2`, … for inputs, `o1`, `o2`, … for outputs.
    public let label: String
    /// The name that the model sees, made from the path: a hint, nothing is looked up by it.
    public let key: String
    public let path: MappingPath
    /// One for each example; `nil` where it is missing.
    public let values: [JSON?]
  }

  public let examples: [MappingExample]
  public let inputs: [Row]
  public let outputs: [Row]
  private let paths: [MappingPath: MappingPath]
  private let labels: [MappingPath: MappingPath]

  /// - Throws: `InputError` for records that can't be flattened: no or too many values, too deep, text of more than
  ///   `textLimit` bytes, empty objects or arrays as outputs.
  public init(
    _ examples: [MappingExample], rowLimit: Int = 99, textLimit: Int = 400,
    limits: MappingLimits = .standard
  ) throws {
    guard !examples.isEmpty else {
      throw InputError("examples", expected: "at least one", found: "none")
    }
    self.examples = examples
    let input = try Self.columns(
      examples.map(\.input), "input", rowLimit, textLimit, limits, keepsEmpty: false)
    let output = try Self.columns(
      examples.map(\.output), "output", rowLimit, textLimit, limits, keepsEmpty: true)
    inputs = Self.rows(input, "f")
    outputs = Self.rows(output, "o")
    let pairs = (inputs + outputs).map { (MappingPath(label: $0.label), $0.path) }
    paths = Dictionary(uniqueKeysWithValues: pairs)
    // A path may be both an input and an output: labels of inputs only are looked up by path.
    labels = Dictionary(
      inputs.map { ($0.path, MappingPath(label: $0.label)) },
      uniquingKeysWith: { first, _ in first })
  }

  private typealias Column = (path: MappingPath, values: [JSON?])

  private static func columns(
    _ records: [JSON], _ side: String, _ rowLimit: Int, _ textLimit: Int, _ limits: MappingLimits,
    keepsEmpty: Bool
  ) throws -> [Column] {
    var columns: [Column] = []
    var places: [MappingPath: Int] = [:]
    for (number, record) in records.enumerated() {
      for leaf in try MappingPath.leaves(of: record, limits: limits) {
        let place = "\(side) \(number + 1), \(leaf.path)"
        switch leaf.value {
        case .array, .object:
          if leaf.path.steps.isEmpty || !keepsEmpty { continue }
          throw InputError(place, expected: "a string, number or bool", found: leaf.value.kind)
        case .string(let text) where text.utf8.count > textLimit:
          throw InputError(
            place, expected: "text of at most \(textLimit) bytes", found: "\(text.utf8.count)")
        default: break
        }
        guard !leaf.path.steps.isEmpty else {
          throw InputError(place, expected: "an object or array", found: leaf.value.kind)
        }
        if places[leaf.path] == nil {
          guard columns.count < rowLimit else {
            throw InputError(place, expected: "at most \(rowLimit) values", found: "more")
          }
          places[leaf.path] = columns.count
          columns.append((leaf.path, Array(repeating: nil, count: records.count)))
        }
        if let column = places[leaf.path] { columns[column].values[number] = leaf.value }
      }
    }
    return columns
  }

  private static func rows(_ columns: [Column], _ letter: String) -> [Row] {
    var seen: Set<String> = []
    return columns.enumerated().map { number, column in
      var key = RowKey.short(column.path)
      if !seen.insert(key).inserted {
        key = RowKey.long(column.path)
        seen.insert(key)
      }
      return Row(
        label: "\(letter)\(number + 1)", key: key, path: column.path, values: column.values)
    }
  }

  /// The rows in one line: what a model is asked.
  public var prompt: String {
    let inputs = inputs.map { row in
      "\(row.key) \(row.label) "
        + row.values.map { "\(Self.spelled($0)) \(row.label)" }.joined(separator: " ")
    }
    let outputs = outputs.map { row in
      row.key + row.values.map { " \(row.label) \(Self.spelled($0))" }.joined()
    }
    return "in \(inputs.joined(separator: " ; ")) out \(outputs.joined(separator: " ; "))"
  }

  static func spelled(_ value: JSON?) -> String { ValueSpelling.encode(value ?? .null) }

  // MARK: Labels and paths

  /// The path of a label.
  func path(of label: MappingPath) -> MappingPath? { paths[label] }

  /// The label of an input path.
  func label(ofInput path: MappingPath) -> MappingPath? { labels[path] }
}

/// Names for rows: the last key of a path, in lower case, without what could be taken for something else.
private enum RowKey {
  static func short(_ path: MappingPath) -> String {
    plain(keys(path).last ?? "item")
  }

  static func long(_ path: MappingPath) -> String {
    let parts = path.steps.map { step in
      switch step {
      case .key(let key): plain(key)
      case .index(let index): String(index)
      }
    }
    return parts.suffix(3).joined(separator: "_")
  }

  private static func keys(_ path: MappingPath) -> [String] {
    path.steps.compactMap { if case .key(let key) = $0 { key } else { nil } }
  }

  /// `familyName` is `family_name`; blanks and signs are `_`; at most 24 characters.
  private static func plain(_ key: String) -> String {
    var plain = ""
    var previousIsLower = false
    for scalar in key.unicodeScalars.prefix(48) {
      let properties = scalar.properties
      let isDigit = properties.generalCategory == .decimalNumber
      guard properties.isAlphabetic || isDigit else {
        if !plain.isEmpty, plain.last != "_" { plain += "_" }
        previousIsLower = false
        continue
      }
      if previousIsLower, properties.isUppercase { plain += "_" }
      plain += properties.lowercaseMapping
      previousIsLower = properties.isLowercase || isDigit
    }
    plain = String(plain.prefix(24))
    while plain.last == "_" { plain.removeLast() }
    if looksLikeLabel(plain) { plain += "_" }
    return plain.isEmpty ? "item" : plain
  }

  /// `f1`, `o12`: what rows are called.
  private static func looksLikeLabel(_ key: String) -> Bool {
    let bytes = key.utf8
    guard bytes.count > 1, bytes.first == UInt8(ascii: "f") || bytes.first == UInt8(ascii: "o")
    else { return false }
    return bytes.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
