import FathomCore

/// Finds programs by trying everything that has one operator: the honest baseline beside a model, and tried before it.
public struct MappingSearch: Sendable {
  /// What is tried.
  public struct Operators: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let copy = Operators(rawValue: 1 << 0)
    /// `upper` and `lower`
    public static let letterCase = Operators(rawValue: 1 << 1)
    /// `first` and `last`, at the usual separators
    public static let ends = Operators(rawValue: 1 << 2)
    public static let date = Operators(rawValue: 1 << 3)
    /// `num` and `text`
    public static let kind = Operators(rawValue: 1 << 4)
    /// `enum` with the tables of `MappingTable.known`
    public static let knownTables = Operators(rawValue: 1 << 5)
    public static let constant = Operators(rawValue: 1 << 6)
    /// `cat` of two sources
    public static let cat = Operators(rawValue: 1 << 7)
    /// `split`, and `first` and `last` at one separator
    public static let split = Operators(rawValue: 1 << 8)
    public static let join = Operators(rawValue: 1 << 9)
    public static let fallback = Operators(rawValue: 1 << 10)
    /// `enum` with just what the examples show. It would explain nearly everything, so it comes last, and only for
    /// fields that look like codes: bools, text of at most four characters, or a code that comes twice.
    public static let shownTables = Operators(rawValue: 1 << 11)
    /// `first`, `last` and then `upper` or `lower`: two operators
    public static let endsThenCase = Operators(rawValue: 1 << 12)

    /// What a problem of the task families may use, and what must single out its solution.
    public static let basic: Operators = [
      .copy, .letterCase, .ends, .date, .kind, .knownTables, .constant, .cat,
    ]
    /// All with one operator.
    public static let all: Operators = [basic, .split, .join, .fallback, .shownTables]
  }

  private struct Column {
    let path: MappingPath
    let values: [JSON?]
    let texts: [String?]

    init(_ path: MappingPath, _ values: [JSON?]) {
      self.path = path
      self.values = values
      texts = values.map { $0.flatMap(MappingOperator.plainText) }
    }
  }

  private let operators: Operators
  private let columns: [Column]

  /// - Parameter inputs: paths or labels with their values, one for each example.
  public init(inputs: [(path: MappingPath, values: [JSON?])], operators: Operators = .all) {
    self.operators = operators
    columns = inputs.map { Column($0.path, $0.values) }
  }

  /// Searches over the paths of records, whole arrays among them.
  public init(_ records: FlatRecordSet, operators: Operators = .all) {
    var inputs = records.inputs.map { (path: $0.path, values: $0.values) }
    if operators.contains(.join) { inputs += Self.arrays(of: records) }
    self.init(inputs: inputs, operators: operators)
  }

  /// Searches over the labels of records.
  public init(labelsOf records: FlatRecordSet, operators: Operators = .basic) {
    self.init(
      inputs: records.inputs.map { (path: MappingPath(label: $0.label), values: $0.values) },
      operators: operators)
  }

  private static func arrays(of records: FlatRecordSet) -> [(path: MappingPath, values: [JSON?])] {
    var seen: Set<MappingPath> = []
    var arrays: [(path: MappingPath, values: [JSON?])] = []
    for row in records.inputs {
      guard case .index? = row.path.steps.last else { continue }
      let path = MappingPath(row.path.steps.dropLast())
      guard !path.steps.isEmpty, seen.insert(path).inserted else { continue }
      arrays.append((path, records.examples.map { path.value(in: $0.input) }))
    }
    return arrays
  }

  /// The first expression found for each output; `nil` if one has none.
  public static func program(for records: FlatRecordSet, operators: Operators = .all)
    -> MappingProgram?
  {
    let search = MappingSearch(records, operators: operators)
    var statements: [MappingProgram.Statement] = []
    for row in records.outputs {
      guard let expression = search.expressions(for: row.values).first else { return nil }
      statements.append(MappingProgram.Statement(row.path, expression))
    }
    return MappingProgram(statements)
  }

  /// All expressions that give these values, one for each example: the likeliest first. An operator that changes
  /// nothing in any example isn't listed; `copy` stands for it.
  public func expressions(for wanted: [JSON?]) -> [MappingExpression] {
    guard wanted.contains(where: { $0 != nil }) else { return [] }
    var found: [MappingExpression] = []
    for column in columns { appendChains(column, wanted, to: &found) }
    if operators.contains(.constant), let value = wanted.first ?? nil,
      wanted.allSatisfy({ JSON.sameValue($0, value) })
    {
      found.append(.chain([.constant(value)]))
    }
    if operators.contains(.cat) { appendPairs(wanted, to: &found) }
    if operators.contains(.fallback) { appendFallbacks(wanted, to: &found) }
    if operators.contains(.shownTables) { appendShownTables(wanted, to: &found) }
    return found
  }

  // MARK: One source

  private func appendChains(
    _ column: Column, _ wanted: [JSON?], to found: inout [MappingExpression]
  ) {
    if operators.contains(.copy), Self.equal(column.values, wanted) {
      found.append(.chain([.source(column.path), .operation(.copy)]))
    }
    for operation in candidates(column) {
      guard let made = Self.apply(operation, column.values), Self.equal(made, wanted),
        !Self.equal(made, column.values)
      else { continue }
      found.append(.chain([.source(column.path), .operation(operation)]))
    }
    guard operators.contains(.endsThenCase) else { return }
    for end in [MappingOperator.first(separator: nil), .last(separator: nil)] {
      guard let middle = Self.apply(end, column.values), !Self.equal(middle, column.values) else {
        continue
      }
      for letterCase in [MappingOperator.upper, .lower] {
        guard let made = Self.apply(letterCase, middle), Self.equal(made, wanted),
          !Self.equal(made, middle)
        else { continue }
        found.append(.chain([.source(column.path), .operation(end), .operation(letterCase)]))
      }
    }
  }

  private func candidates(_ column: Column) -> [MappingOperator] {
    var candidates: [MappingOperator] = []
    if operators.contains(.letterCase) { candidates += [.upper, .lower] }
    if operators.contains(.ends) {
      candidates += [.first(separator: nil), .last(separator: nil)]
    }
    if operators.contains(.date) { candidates += MappingDate.Format.allCases.map { .date($0) } }
    if operators.contains(.kind) { candidates += [.num, .text] }
    if operators.contains(.knownTables) { candidates += MappingTable.known.map { .table($0) } }
    if operators.contains(.join) {
      candidates += ["", " ", ", ", ",", "-", "/"].map { .join(separator: $0) }
    }
    if operators.contains(.split) { candidates += cuts(column) }
    return candidates
  }

  /// Cuts at one separator that the text has, and parts in the middle.
  private func cuts(_ column: Column) -> [MappingOperator] {
    guard let text = column.texts.lazy.compactMap({ $0 }).first else { return [] }
    let present = MappingSeparator.usual.filter { text.unicodeScalars.contains($0) }
    guard !present.isEmpty else { return [] }
    var cuts: [MappingOperator] = [
      .split(part: 2, separator: nil), .split(part: 3, separator: nil),
    ]
    for separator in present.map(String.init) + [", "] {
      cuts += [.first(separator: separator), .last(separator: separator)]
      cuts += (2...4).map { .split(part: $0, separator: separator) }
    }
    return cuts
  }

  private func appendFallbacks(_ wanted: [JSON?], to found: inout [MappingExpression]) {
    for column in columns where column.values.contains(where: { $0 == nil }) {
      let fallbacks = zip(column.values, wanted).compactMap { $0 == nil ? $1 : nil }
      guard let value = fallbacks.first, column.values.contains(where: { $0 != nil }),
        zip(column.values, wanted).allSatisfy({ JSON.sameValue($0 ?? value, $1) })
      else { continue }
      found.append(.chain([.source(column.path), .operation(.fallback(value))]))
    }
  }

  private func appendShownTables(_ wanted: [JSON?], to found: inout [MappingExpression]) {
    guard wanted.allSatisfy({ $0.flatMap(MappingOperator.plainText) != nil }) else { return }
    for column in columns {
      var table = MappingTable()
      var isTable = true
      for (code, value) in zip(column.values, wanted) {
        guard let code, let value, MappingOperator.plainText(code) != nil else {
          isTable = false
          break
        }
        if let entry = table.entry(for: code) {
          if !JSON.sameValue(entry.value, value) { isTable = false }
        } else {
          table.entries.append(MappingTable.Entry(code, value))
        }
      }
      let looksLikeCodes =
        table.entries.count < wanted.count
        || table.entries.allSatisfy { entry in
          if case .string(let text) = entry.code {
            text.count <= 4
          } else {
            entry.code.boolValue != nil
          }
        }
      if isTable, looksLikeCodes, !table.entries.isEmpty {
        found.append(.chain([.source(column.path), .operation(.table(table))]))
      }
    }
  }

  // MARK: Two sources

  private func appendPairs(_ wanted: [JSON?], to found: inout [MappingExpression]) {
    let texts = wanted.map { $0?.stringValue }
    guard let text = texts.first ?? nil, texts.allSatisfy({ $0 != nil }) else { return }
    for (number, front) in columns.enumerated() {
      guard let start = front.texts.first ?? nil, !start.isEmpty, text.hasPrefix(start) else {
        continue
      }
      for (other, back) in columns.enumerated() where other != number {
        guard let end = back.texts.first ?? nil, !end.isEmpty,
          let separator = Self.between(start, end, in: text)
        else { continue }
        let isRight = (0..<texts.count).allSatisfy { place in
          guard let start = front.texts[place], let end = back.texts[place] else { return false }
          return texts[place] == start + separator + end
        }
        guard isRight else { continue }
        found.append(
          .chain([
            .source(front.path), .source(back.path), .operation(.cat(separator: separator)),
          ]))
      }
    }
  }

  /// What stands between two texts, if it could be a separator: at most three signs or blanks.
  private static func between(_ start: String, _ end: String, in text: String) -> String? {
    let bytes = Array(text.utf8)
    let gap = bytes.count - start.utf8.count - end.utf8.count
    guard gap >= 0, gap <= 3, text.hasSuffix(end), bytes.count >= start.utf8.count + gap else {
      return nil
    }
    let middle = bytes[start.utf8.count..<start.utf8.count + gap]
    let isSign = middle.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        false
      default: byte >= 0x20 && byte < 0x7F
      }
    }
    return isSign ? String(decoding: middle, as: UTF8.self) : nil
  }

  // MARK: Values

  private static func apply(_ operation: MappingOperator, _ values: [JSON?]) -> [JSON?]? {
    var made: [JSON?] = []
    for value in values {
      do throws(MappingMismatch) {
        made.append(try operation.apply(to: value))
      } catch {
        return nil
      }
    }
    return made
  }

  private static func equal(_ a: [JSON?], _ b: [JSON?]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { JSON.sameValue($0, $1) }
  }
}
