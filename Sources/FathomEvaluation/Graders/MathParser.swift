import Foundation

/// Reads a mathematical answer: numbers with thousands separators, percent signs and units, fractions, roots, powers, π, the LaTeX
/// that writes these, tuples, intervals, sets and several answers in a line. Everything else is text.
struct MathParser {
  private let characters: [Character]
  private var place = 0
  private var depth = 0

  private static let deepest = 32
  /// Of an answer; longer ones are text.
  private static let mostCharacters = 1024

  /// Never fails: what it can't read is `.text`.
  static func value(of answer: String) -> MathValue {
    let text = cleaned(answer)
    if text.count <= mostCharacters {
      var parser = MathParser(characters: Array(text))
      if let value = try? parser.answer() { return value }
    }
    return .text(text.filter { !$0.isWhitespace }.lowercased())
  }

  /// Thrown where the text is none of what is known.
  private struct Unreadable: Error {}

  /// Spacing, sizes and spellings that say nothing.
  private static func cleaned(_ answer: String) -> String {
    var text = answer.trimmed
    while text.hasSuffix(".") { text.removeLast() }
    for (old, new) in [
      ("\\left", ""), ("\\right", ""), ("\\displaystyle", ""), ("\\!", ""), ("\\,", ""),
      ("\\;", " "), ("\\:", " "), ("\\ ", " "), ("{,}", ","), ("\\dfrac", "\\frac"),
      ("\\tfrac", "\\frac"), ("\\cdot", "*"), ("\\times", "*"), ("×", "*"), ("·", "*"),
      ("\\div", "/"), ("÷", "/"), ("−", "-"), ("–", "-"), ("\\%", "%"), ("\\$", ""), ("$", ""),
      ("^{\\circ}", ""), ("^\\circ", ""), ("°", ""), ("\\(", ""), ("\\)", ""), ("\\[", ""),
      ("\\]", ""), ("π", "\\pi "), ("∞", "\\infty "), ("∪", "\\cup "), ("∅", "\\emptyset "),
      ("√", "\\sqrt"), ("\\varnothing", "\\emptyset"),
    ] { text = text.replacing(old, with: new) }
    return text.trimmed
  }

  // MARK: The answer as a whole

  private mutating func answer() throws -> MathValue {
    var parts: [MathValue] = []
    repeat {
      skipName()
      parts.append(try union())
    } while takeComma()
    guard place == characters.count else { throw Unreadable() }
    return parts.count == 1 ? parts[0] : .set(parts)
  }

  /// `x =`, `f(x) =`
  private mutating func skipName() {
    let start = place
    skipSpace()
    let name = characters[place...].prefix { $0.isLetter || "_()\\".contains($0) }
    place += name.count
    if name.isEmpty || name.count > 12 || !take("=") { place = start }
  }

  /// A comma or "and" between answers.
  private mutating func takeComma() -> Bool {
    let isComma = take(",")
    let isAnd =
      take(word: "and") || take(word: "or") || take("\\text{ and }")
      || take("\\text{and}") || take("\\text{ or }") || take("\\text{or}")
    return isComma || isAnd
  }

  private mutating func union() throws -> MathValue {
    var parts = [try value()]
    while take(command: "cup") { parts.append(try value()) }
    return parts.count == 1 ? parts[0] : .union(parts)
  }

  private mutating func value() throws -> MathValue {
    try deeper { parser in
      parser.skipSpace()
      if let bracketed = try parser.bracketed() { return bracketed }
      var number = try parser.sum()
      if parser.take("%") { number.isPercent = true }
      number.unit = parser.unit()
      return .number(number)
    }
  }

  /// A set, a tuple or an interval; `nil`, and nothing taken, where brackets only group.
  private mutating func bracketed() throws -> MathValue? {
    if take(command: "emptyset") { return .set([]) }
    let start = place
    let opens: [(text: String, open: Character)] = [
      ("\\{", "{"), ("{", "{"), ("(", "("), ("[", "["),
    ]
    guard let open = opens.first(where: { take($0.text) })?.open else { return nil }
    if open == "{", take("\\}") || take("}") { return .set([]) }
    var values: [MathValue] = []
    repeat {
      guard let value = try? value() else {
        place = start
        return nil
      }
      values.append(value)
    } while take(",")
    if open == "{" {
      guard take("\\}") || take("}") else { throw Unreadable() }
      return .set(values)
    }
    guard let close = [")", "]"].first(where: { take($0) }) else { throw Unreadable() }
    guard values.count > 1 else {
      place = start
      return nil
    }
    return .tuple(open: open, values, close: Character(close))
  }

  /// Words behind a number: `cm`, `\text{ miles}`, `km/h`, `cm^2`. One plain letter may be a variable, so it is none.
  private mutating func unit() -> String? {
    let start = place
    while takeUnitWord(isFirst: place == start) {
      _ = ["^2", "^3", "^{2}", "^{3}", "²", "³"].contains { take($0) }
    }
    let unit = String(characters[start..<place])
      .replacing("\\text{", with: "").replacing("\\mathrm{", with: "").replacing("}", with: "")
      .filter { !$0.isWhitespace }.lowercased()
    return unit.isEmpty ? nil : unit.hasSuffix("s") ? String(unit.dropLast()) : unit
  }

  private mutating func takeUnitWord(isFirst: Bool) -> Bool {
    let start = place
    let hasSpace = isSpace
    skipSpace()
    if !isFirst { _ = take("/") }
    if take("\\text{") || take("\\mathrm{") {
      if let end = characters[place...].firstIndex(of: "}"),
        !["and", "or"].contains(String(characters[place..<end]).trimmed)
      {
        place = end + 1
        return true
      }
    } else {
      let word = characters[place...].prefix { $0.isLetter }
      if isFirst ? hasSpace && word.count > 1 : !word.isEmpty,
        !["and", "or"].contains(String(word))
      {
        place += word.count
        return true
      }
    }
    place = start
    return false
  }

  // MARK: Arithmetic

  private mutating func sum() throws -> MathNumber {
    try deeper { parser in
      var left = try parser.product()
      while true {
        if parser.take("+") {
          left = try Self.computed(left.value + (try parser.product()).value)
        } else if parser.take("-") {
          left = try Self.computed(left.value - (try parser.product()).value)
        } else {
          return left
        }
      }
    }
  }

  private mutating func product() throws -> MathNumber {
    var left = try factor()
    while true {
      if take("*") {
        left = try Self.computed(left.value * (try factor()).value)
      } else if take("/") {
        left = try Self.computed(left.value / (try factor()).value)
      } else if followsFactor {
        left = try Self.computed(left.value * (try power()).value)
      } else {
        return left
      }
    }
  }

  /// What has no finite value is no number: `1/0` is not `2/0`. Infinity is there by name only.
  private static func computed(_ value: Double) throws -> MathNumber {
    guard value.isFinite else { throw Unreadable() }
    return MathNumber(computed: value)
  }

  /// `2\sqrt{3}`, `3\pi`, `2(5)`: what stands behind a factor without a sign between them.
  private var followsFactor: Bool {
    var ahead = self
    ahead.skipSpace()
    return ["\\sqrt", "\\pi", "\\frac", "("].contains { ahead.take($0) }
  }

  private mutating func factor() throws -> MathNumber {
    try deeper { parser in
      if parser.take("-") { return try parser.factor().negated }
      if parser.take("+") { return try parser.factor() }
      return try parser.mixed()
    }
  }

  /// `1\frac{1}{2}` and `1 1/2` are one and a half.
  private mutating func mixed() throws -> MathNumber {
    let whole = try power()
    guard let decimal = whole.decimal, !decimal.contains("e-") else { return whole }
    let start = place
    if isNext("\\frac") {
      let fraction = try atom()
      return try Self.computed(whole.value + fraction.value)
    }
    if isSpace {
      skipSpace()
      if let numerator = digits(), take("/"), let denominator = digits(), denominator.value != 0 {
        return MathNumber(computed: whole.value + numerator.value / denominator.value)
      }
      place = start
    }
    return whole
  }

  private mutating func power() throws -> MathNumber {
    let base = try atom()
    guard take("^") || take("**") else { return base }
    let exponent = try deeper {
      try $0.take("-") ? $0.argument().negated : $0.argument(whole: true)
    }
    return try Self.computed(pow(base.value, exponent.value))
  }

  private mutating func atom() throws -> MathNumber {
    skipSpace()
    if take(command: "frac") {
      let numerator = try argument()
      return try Self.computed(numerator.value / (try argument()).value)
    }
    if take(command: "sqrt") || take(word: "sqrt") {
      guard take("[") else { return try Self.computed(try argument().value.squareRoot()) }
      let degree = try sum()
      guard take("]") else { throw Unreadable() }
      return try Self.computed(pow(try argument().value, 1 / degree.value))
    }
    if take(command: "pi") || take(word: "pi") { return MathNumber(computed: .pi) }
    if take(command: "infty") || take(word: "infinity") || take(word: "inf") {
      return MathNumber(computed: .infinity)
    }
    for (open, close) in [("(", ")"), ("{", "}")] where take(open) {
      let inner = try sum()
      guard take(close) else { throw Unreadable() }
      return inner
    }
    guard let number = digits() else { throw Unreadable() }
    return number
  }

  /// `{12}`, `\pi`, or the one digit that LaTeX takes without braces; `whole` takes all digits, as `2^10` means.
  private mutating func argument(whole: Bool = false) throws -> MathNumber {
    skipSpace()
    guard let first = place < characters.count ? characters[place] : nil else {
      throw Unreadable()
    }
    if whole || !first.isASCIIDigit { return try deeper { try $0.atom() } }
    place += 1
    guard let digit = MathNumber(decimal: String(first)) else { throw Unreadable() }
    return digit
  }

  /// Digits with thousands separators, a point and an exponent. Inside brackets a comma separates values.
  private mutating func digits() -> MathNumber? {
    skipSpace()
    let start = place
    var text = run()
    if !text.isEmpty, text.count <= 3, !isInBrackets {
      while isNext(","), characters[(place + 1)...].prefix(while: \.isASCIIDigit).count == 3 {
        place += 1
        text += run()
      }
    }
    if isNext("."), place + 1 < characters.count, characters[place + 1].isASCIIDigit {
      place += 1
      text += "." + run()
    }
    guard !text.isEmpty else { return nil }
    if text.hasPrefix(".") { text = "0" + text }
    if let exponent = exponent() {
      guard let value = Double(text + "e\(exponent)"), value.isFinite else {
        place = start
        return nil
      }
      return MathNumber(computed: value)
    }
    return MathNumber(decimal: text)
  }

  private mutating func run() -> String {
    let digits = characters[place...].prefix(while: \.isASCIIDigit)
    place += digits.count
    return String(digits)
  }

  private mutating func exponent() -> Int? {
    let start = place
    guard isNext("e") || isNext("E") else { return nil }
    place += 1
    let sign = isNext("-") ? -1 : 1
    if isNext("-") || isNext("+") { place += 1 }
    guard let exponent = Int(run()), exponent <= 400 else {
      place = start
      return nil
    }
    return sign * exponent
  }

  private var isInBrackets: Bool {
    var open = 0
    for character in characters[..<place] {
      if "([{".contains(character) { open += 1 }
      if ")]}".contains(character) { open -= 1 }
    }
    return open > 0
  }

  // MARK: Characters

  private mutating func deeper<Value>(_ body: (inout MathParser) throws -> Value) throws -> Value {
    guard depth < Self.deepest else { throw Unreadable() }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  private var isSpace: Bool { place < characters.count && characters[place].isWhitespace }

  private mutating func skipSpace() { while isSpace { place += 1 } }

  private func isNext(_ text: String) -> Bool { characters[place...].starts(with: text) }

  private mutating func take(_ text: String) -> Bool {
    let start = place
    skipSpace()
    guard isNext(text) else {
      place = start
      return false
    }
    place += text.count
    return true
  }

  private mutating func take(command name: String) -> Bool { take(word: "\\" + name) }

  /// A word that no letter follows.
  private mutating func take(word: String) -> Bool {
    let start = place
    guard take(word) else { return false }
    if place < characters.count, characters[place].isLetter {
      place = start
      return false
    }
    return true
  }

  private init(characters: [Character]) { self.characters = characters }
}
