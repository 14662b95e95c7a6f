/// What a rule of a grammar allows, before it is compiled.
///
/// All front ends (JSON Schema, patterns, GBNF, the combinators) say what they mean in these words,
/// and one builder turns them into an automaton. Nesting is bounded by the front ends; what is long
/// is a list or a chain of rules, never a deep expression.
indirect enum Expression: Hashable, Sendable {
  /// Exactly these bytes, which are UTF-8.
  case bytes([UInt8])
  /// One character of a set.
  case scalars(ScalarRanges)
  case sequence([Expression])
  case choice([Expression])
  /// `max` is `nil` for no end.
  case repeated(Expression, min: Int, max: Int?)
  /// What the rule of this number allows.
  case rule(Int)
  /// Plain JSON string content, without escapes, that is none of these texts.
  case keyExcept([[UInt32]])

  static let empty = Expression.sequence([])
  /// Matches no text at all; the compiler removes whatever needs it.
  static let nothing = Expression.choice([])

  static func text(_ text: String) -> Expression { .bytes(Array(text.utf8)) }

  static func optional(_ expression: Expression) -> Expression {
    .repeated(expression, min: 0, max: 1)
  }

  static func any(of text: String) -> Expression { .scalars(ScalarRanges(of: text)) }

  static func range(_ range: ClosedRange<Unicode.Scalar>) -> Expression {
    .scalars(ScalarRanges([range.lowerBound.value...range.upperBound.value]))
  }
}

/// One rule and what to call it in a message.
struct Rule: Hashable, Sendable {
  var name: String
  var expression: Expression
}

extension Expression {
  /// The same expression with other numbers for the rules, for tables that are joined.
  func renumbered(_ number: (Int) -> Int) -> Expression {
    switch self {
    case .bytes, .scalars, .keyExcept: self
    case .sequence(let parts): .sequence(parts.map { $0.renumbered(number) })
    case .choice(let parts): .choice(parts.map { $0.renumbered(number) })
    case .repeated(let body, let min, let max):
      .repeated(body.renumbered(number), min: min, max: max)
    case .rule(let index): .rule(number(index))
    }
  }

  /// How many characters a text of this expression has; `max` is `nil` where there is no end or
  /// the number is not known.
  var characterCounts: (min: Int, max: Int?) {
    switch self {
    case .bytes(let bytes):
      let count = bytes.count { $0 & 0xC0 != 0x80 }
      return (count, count)
    case .scalars: return (1, 1)
    case .sequence(let parts):
      return parts.reduce((0, 0)) { sum, part in
        let counts = part.characterCounts
        return (Self.capped(sum.0 + counts.min), Self.sum(sum.1, counts.max))
      }
    case .choice(let parts):
      let counts = parts.map(\.characterCounts)
      guard let first = counts.first else { return (0, 0) }
      return counts.dropFirst().reduce(first) { all, one in
        (Swift.min(all.min, one.min), Self.greater(all.max, one.max))
      }
    case .repeated(let body, let min, let max):
      let counts = body.characterCounts
      let least = Self.capped(counts.min.multipliedReportingOverflow(by: min))
      if counts.max == 0 || max == 0 { return (least, 0) }
      guard let most = counts.max, let max else { return (least, nil) }
      return (least, Self.capped(most.multipliedReportingOverflow(by: max)))
    case .rule, .keyExcept: return (0, nil)
    }
  }

  private static let countCap = 1 << 40
  private static func capped(_ value: Int) -> Int { Swift.min(value, countCap) }
  private static func capped(_ product: (partialValue: Int, overflow: Bool)) -> Int {
    product.overflow ? countCap : capped(product.partialValue)
  }
  private static func sum(_ a: Int?, _ b: Int?) -> Int? {
    if let a, let b { capped(a + b) } else { nil }
  }
  private static func greater(_ a: Int?, _ b: Int?) -> Int? {
    if let a, let b { Swift.max(a, b) } else { nil }
  }
}
