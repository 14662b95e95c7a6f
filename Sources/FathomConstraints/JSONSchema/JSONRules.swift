import FathomCore

/// JSON as rules that every JSON grammar starts with.
///
/// White space is bounded: a model that may write a blank may write blanks for ever, and some do.
/// Between two parts of a value stand nothing, one space, or one line break and at most 32 spaces
/// and tabs; after a colon nothing or one space; before a comma and a colon, before and after the
/// whole text nothing. Numbers are bounded too, so that each one fits a 64-bit integer or a double.
enum JSONRules {
  /// Places in every JSON grammar; the whole text is rule 0.
  static let space = 1
  static let character = 2
  static let string = 3
  static let integer = 4
  static let number = 5
  static let value = 6
  static let object = 7
  static let array = 8

  static let shared = [
    Rule(name: "space", expression: spaceExpression),
    Rule(name: "character", expression: anyCharacter),
    Rule(name: "string", expression: quoted(.repeated(anyCharacter, min: 0, max: nil))),
    Rule(name: "integer", expression: integerExpression),
    Rule(name: "number", expression: numberExpression),
    Rule(name: "value", expression: .choice(kinds)),
    Rule(name: "object", expression: objectExpression),
    Rule(name: "array", expression: arrayExpression),
  ]

  static let indentation = 32
  /// Digits before the point. 18 of them fit a 64-bit integer.
  static let integerDigits = 18
  static let fractionDigits = 17

  /// Characters that stand in a JSON string as they are.
  static let plainScalars = ScalarRanges([0x20...0x21, 0x23...0x5B, 0x5D...0x10FFFF])
  static let digit = Expression.range("0"..."9")
  static let colon = Expression.sequence([.text(":"), .optional(.text(" "))])
  /// A comma and what may stand after it.
  static let comma = Expression.sequence([.text(","), .rule(space)])

  static func quoted(_ content: Expression) -> Expression {
    .sequence([.text("\""), content, .text("\"")])
  }

  /// A fixed value, written without white space.
  static func constant(_ value: JSON) -> Expression { .text(value.text()) }

  private static let spaceExpression = Expression.choice([
    .empty, .text(" "),
    .sequence([
      .choice([.text("\n"), .text("\r\n")]),
      .repeated(.any(of: " \t"), min: 0, max: indentation),
    ]),
  ])

  /// One character of a string, as it stands or escaped. Surrogates come in pairs.
  private static let anyCharacter: Expression = {
    let hex = Expression.choice([digit, .range("a"..."f"), .range("A"..."F")])
    let hex2 = Expression.sequence([hex, hex])
    let single = Expression.choice([
      .sequence([
        .choice([digit, .any(of: "abcefABCEF")]), hex, hex2,
      ]),
      .sequence([.any(of: "dD"), .range("0"..."7"), hex2]),
    ])
    let pair = Expression.sequence([
      .any(of: "dD"), .any(of: "89abAB"), hex2, .text("\\u"),
      .any(of: "dD"), .choice([.range("c"..."f"), .range("C"..."F")]), hex2,
    ])
    return .choice([
      .scalars(plainScalars),
      .sequence([
        .text("\\"),
        .choice([
          .any(of: "\"\\/bfnrt"), .sequence([.text("u"), .choice([single, pair])]),
        ]),
      ]),
    ])
  }()

  private static let unsigned = Expression.choice([
    .text("0"),
    .sequence([
      .range("1"..."9"), .repeated(digit, min: 0, max: integerDigits - 1),
    ]),
  ])

  private static let integerExpression = Expression.sequence([.optional(.text("-")), unsigned])

  private static let numberExpression = Expression.sequence([
    .rule(integer),
    .optional(.sequence([.text("."), .repeated(digit, min: 1, max: fractionDigits)])),
    .optional(
      .sequence([
        .any(of: "eE"), .optional(.any(of: "+-")), .repeated(digit, min: 1, max: 2),
      ])),
  ])

  private static let kinds: [Expression] = [
    .rule(object), .rule(array), .rule(string), .rule(number), .text("true"), .text("false"),
    .text("null"),
  ]

  private static let objectExpression: Expression = {
    let member = Expression.sequence([.rule(string), colon, .rule(value)])
    return list(
      "{", member, min: 0, max: nil, "}")
  }()

  private static let arrayExpression = list("[", .rule(value), min: 0, max: nil, "]")

  /// `min` to `max` elements with commas between them, inside brackets.
  static func list(
    _ open: String, _ element: Expression, min: Int, max: Int?, _ close: String
  ) -> Expression {
    var forms: [Expression] = []
    if min == 0 { forms.append(.text(close)) }
    if max != 0 {
      forms.append(
        .sequence([
          element,
          .repeated(
            .sequence([comma, element]), min: Swift.max(0, min - 1), max: max.map { $0 - 1 }),
          .rule(space), .text(close),
        ]))
    }
    return .sequence([.text(open), .rule(space), .choice(forms)])
  }
}
