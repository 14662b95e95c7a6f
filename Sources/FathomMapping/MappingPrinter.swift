import FathomCore

/// Programs as text that reads back as the same program.
extension MappingProgram: CustomStringConvertible {
  /// A statement a line.
  public var description: String { statements.map(\.description).joined(separator: "\n") }

  /// All statements in one line, joined by ` ; `: the form that models write.
  public var line: String { statements.map(\.description).joined(separator: " ; ") }
}

extension MappingProgram.Statement: CustomStringConvertible {
  public var description: String { "\(target) = \(expression)" }
}

extension MappingExpression: CustomStringConvertible {
  public var description: String {
    written { $0.sourceText }
  }

  /// The expression with its sources written in another way.
  package func written(source: (MappingPath) -> String) -> String {
    func chain(_ terms: [MappingTerm]) -> String {
      terms.map { term in
        if case .source(let path) = term.kind { source(path) } else { term.description }
      }.joined(separator: " ")
    }
    switch self {
    case .chain(let terms): return chain(terms)
    case .conditional(let terms, let path, let value, let otherwise):
      var text = "\(chain(terms)) if \(source(path)) is \(MappingPrinter.literal(value))"
      if let otherwise { text += " else \(otherwise.written(source: source))" }
      return text
    }
  }
}

extension MappingTerm: CustomStringConvertible {
  public var description: String {
    switch kind {
    case .source(let path): path.sourceText
    case .constant(nil): "const"
    case .constant(let value?): "const \(MappingPrinter.literal(value))"
    case .operation(let operation): operation.description
    }
  }
}

extension MappingOperator: CustomStringConvertible {
  public var description: String {
    func separated(_ word: String, _ separator: String?) -> String {
      separator.map { "\(word) \(MappingPrinter.separator($0))" } ?? word
    }
    return switch self {
    case .copy: "copy"
    case .upper: "upper"
    case .lower: "lower"
    case .first(let separator): separated("first", separator)
    case .last(let separator): separated("last", separator)
    case .split(let part, let separator): separated("split \(part)", separator)
    case .join(let separator): separated("join", separator.isEmpty ? nil : separator)
    case .cat(let separator): separated("cat", separator.isEmpty ? nil : separator)
    case .date(.iso): "date"
    case .date(let format): "date \(format.rawValue)"
    case .num: "num"
    case .text: "text"
    case .table(nil): "enum"
    case .table(let table?): "enum \(table)"
    case .fallback(let value): "default \(MappingPrinter.literal(value))"
    }
  }
}

enum MappingPrinter {
  /// A constant: text that is a name stands bare, other text in quotes.
  static func literal(_ value: JSON) -> String {
    guard case .string(let text) = value else { return value.text() }
    return MappingWord.isName(text) && !MappingWord.isReserved(text) ? text : value.text()
  }

  static func separator(_ text: String) -> String {
    if text == " " { return "~" }
    if text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first,
      MappingSeparator.bare.contains(scalar)
    {
      return text
    }
    return JSON.string(text).text()
  }
}
