import FathomCore

/// Reads programs, scalar by scalar, with line and column of everything that may turn out wrong.
struct MappingParser {
  let scalars: [Unicode.Scalar]
  let limits: MappingLimits
  var offset = 0
  var line = 1
  var lineStart = 0

  init(_ text: String, limits: MappingLimits) throws {
    guard text.utf8.count <= limits.programBytes else {
      throw InputError(
        "line 1, column 1", expected: "a program of at most \(limits.programBytes) bytes",
        found: "\(text.utf8.count) bytes")
    }
    scalars = Array(text.unicodeScalars)
    self.limits = limits
  }

  // MARK: Statements

  mutating func program() throws -> MappingProgram {
    var statements: [MappingProgram.Statement] = []
    while true {
      skipSeparators()
      guard peek != nil else { return MappingProgram(statements) }
      guard statements.count < limits.statements else {
        throw unexpected("at most \(limits.statements) statements")
      }
      statements.append(try statement())
    }
  }

  private mutating func statement() throws -> MappingProgram.Statement {
    let place = here
    let target = try path("the name of a target", takesReserved: true)
    skipBlanks()
    guard take("=") else { throw unexpected("\"=\" after \(target)") }
    let expression = try expression(depth: 0)
    skipBlanks()
    guard peek == nil || peek == ";" || peek == "\n" else {
      throw unexpected("an operator, \";\" or the end of the line")
    }
    return MappingProgram.Statement(target, expression, at: place)
  }

  // MARK: Expressions

  private mutating func expression(depth: Int) throws -> MappingExpression {
    guard depth <= limits.depth else { throw unexpected("at most \(limits.depth) nested else") }
    var terms: [MappingTerm] = []
    while true {
      skipBlanks()
      let place = here
      guard let scalar = peek, scalar == "[" || MappingWord.beginsName(scalar) else { break }
      let start = self
      guard scalar != "[", let name = word(), let keyword = MappingWord(rawValue: name) else {
        self = start
        terms.append(MappingTerm(.source(try path("a source")), at: place))
        continue
      }
      if keyword == .if, !terms.isEmpty { return try conditional(terms, depth: depth) }
      guard let kind = try term(keyword) else {
        self = start
        break
      }
      terms.append(MappingTerm(kind, at: place))
    }
    guard !terms.isEmpty else { throw unexpected("a source, const or an operator") }
    return .chain(terms)
  }

  private mutating func conditional(_ terms: [MappingTerm], depth: Int) throws -> MappingExpression
  {
    skipBlanks()
    let source = try path("a source behind if")
    skipBlanks()
    guard takeWord("is") else { throw unexpected("\"is\" after \(source)") }
    guard let value = try literal() else { throw unexpected("a constant behind is") }
    let otherwise = takeWord("else") ? try expression(depth: depth + 1) : nil
    return .conditional(terms, source: source, equals: value, otherwise: otherwise)
  }

  /// The term that a word begins; `nil` for words that begin none.
  private mutating func term(_ keyword: MappingWord) throws -> MappingTerm.Kind? {
    switch keyword {
    case .const: return .constant(try literal())
    case .copy: return .operation(.copy)
    case .upper: return .operation(.upper)
    case .lower: return .operation(.lower)
    case .num: return .operation(.num)
    case .text: return .operation(.text)
    case .first: return .operation(.first(separator: try cuttingSeparator()))
    case .last: return .operation(.last(separator: try cuttingSeparator()))
    case .split:
      let part = try wholeNumber("the number of a part, from 1", from: 1)
      return .operation(.split(part: part, separator: try cuttingSeparator()))
    case .join: return .operation(.join(separator: try separator() ?? ""))
    case .cat: return .operation(.cat(separator: try separator() ?? ""))
    case .date: return .operation(.date(dateFormat()))
    case .enum: return .operation(.table(try table()))
    case .default:
      guard let value = try literal() else { throw unexpected("a constant behind default") }
      return .operation(.fallback(value))
    case .if, .is, .else, .true, .false, .null: return nil
    }
  }

  private mutating func dateFormat() -> MappingDate.Format {
    let start = self
    skipBlanks()
    if let name = word(), let format = MappingDate.Format(rawValue: name) { return format }
    self = start
    return .iso
  }

  private mutating func table() throws -> MappingTable? {
    let start = self
    skipBlanks()
    guard take("{") else {
      self = start
      return nil
    }
    var table = MappingTable()
    while true {
      skipBlanksAndLines()
      if take("}") { return table }
      let place = here
      if takeWord("else") {
        guard table.otherwise == nil else { throw duplicate("else", at: place) }
        table.otherwise = try entryValue()
      } else {
        guard let key = try literal() else { throw unexpected("a code, else or \"}\"") }
        guard table.entry(for: key) == nil else {
          throw duplicate(MappingPrinter.literal(key), at: place)
        }
        table.entries.append(MappingTable.Entry(key, try entryValue()))
      }
      skipBlanksAndLines()
      guard take(",") || peek == "}" else { throw unexpected("\",\" or \"}\"") }
    }
  }

  private mutating func entryValue() throws -> JSON {
    skipBlanksAndLines()
    guard take(":") else { throw unexpected("\":\" behind a code") }
    skipBlanksAndLines()
    guard let value = try literal() else { throw unexpected("the value of a code") }
    return value
  }

  private func duplicate(_ key: String, at place: MappingPlace) -> InputError {
    InputError(
      place.description, expected: "each code of an enum once", found: "a second \(key)")
  }

  // MARK: Paths

  private mutating func path(_ expectation: String, takesReserved: Bool = false) throws
    -> MappingPath
  {
    var steps: [MappingPath.Step] = []
    while true {
      guard steps.count < limits.depth else {
        throw unexpected("at most \(limits.depth) steps in a path")
      }
      if steps.isEmpty {
        let place = here
        if let name = word() {
          guard takesReserved || !MappingWord.isReserved(name) else {
            throw InputError(
              place.description, expected: expectation,
              found: "the word \(name) (a name like this is written [\"\(name)\"])")
          }
          steps.append(.key(name))
          continue
        }
      } else if take(".") {
        guard let name = word() else { throw unexpected("a name behind \".\"") }
        steps.append(.key(name))
        continue
      }
      guard take("[") else { break }
      if peek == "\"" {
        steps.append(.key(try quoted()))
      } else {
        steps.append(.index(try wholeNumber("an index or a name in quotes", from: 0)))
      }
      guard take("]") else { throw unexpected("\"]\"") }
    }
    guard !steps.isEmpty else { throw unexpected(expectation) }
    return MappingPath(steps)
  }
}
