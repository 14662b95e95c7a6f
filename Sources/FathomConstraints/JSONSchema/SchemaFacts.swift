import FathomCore

/// What all parts of a schema that hold at once say together, keyword by keyword.
struct SchemaFacts {
  let parts: [SchemaPart]
  private(set) var types: Set<SchemaType>
  /// The values of `enum` and `const`; `nil` if neither is there.
  private(set) var values: [JSON]?

  init(_ parts: [SchemaPart]) throws {
    self.parts = parts
    types = Set(SchemaType.allCases)
    var saysType = false
    for part in parts {
      if part.schema.boolValue == false {
        types = []
        saysType = true
      }
      guard let stated = try Self.types(of: part) else { continue }
      saysType = true
      types = Self.intersection(types, stated)
    }
    if !saysType { types = Self.impliedTypes(parts) ?? types }
    try collectValues()
  }

  private static func types(of part: SchemaPart) throws -> Set<SchemaType>? {
    guard let stated = part["type"] else { return nil }
    var types: Set<SchemaType> = []
    for name in stated.arrayValue ?? [stated] {
      guard let type = name.stringValue.flatMap(SchemaType.init(rawValue:)) else {
        let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
        throw InputError(part.place("type"), expected: "one of \(known)", found: name.kind)
      }
      types.insert(type)
    }
    if let nullable = part["nullable"] {
      guard let nullable = nullable.boolValue else {
        throw part.expected("true or false", at: "nullable")
      }
      if nullable { types.insert(.null) }
    }
    return types
  }

  private static func intersection(
    _ a: Set<SchemaType>, _ b: Set<SchemaType>
  ) -> Set<SchemaType> {
    var both = a.intersection(b)
    if a.contains(.number) && b.contains(.integer) || a.contains(.integer) && b.contains(.number) {
      both.insert(.integer)
    }
    return both
  }

  /// Where no type is stated, words about one kind of value are taken to mean that kind.
  private static func impliedTypes(_ parts: [SchemaPart]) -> Set<SchemaType>? {
    func says(_ words: Set<String>) -> Bool {
      parts.contains { part in words.contains { part[$0] != nil } }
    }
    var types: Set<SchemaType> = []
    if says(SchemaKeywords.ofObjects) { types.insert(.object) }
    if says(SchemaKeywords.ofArrays) { types.insert(.array) }
    if says(SchemaKeywords.ofStrings) { types.insert(.string) }
    if says(SchemaKeywords.ofNumbers) { types.insert(.number) }
    return types.isEmpty ? nil : types
  }

  private mutating func collectValues() throws {
    for part in parts {
      for keyword in ["enum", "const"] {
        guard let stated = part[keyword] else { continue }
        guard let listed = keyword == "enum" ? stated.arrayValue : [stated] else {
          throw part.expected("an array of values", at: keyword)
        }
        guard let known = values else {
          values = listed
          continue
        }
        let texts = Set(listed.map { $0.text() })
        values = known.filter { texts.contains($0.text()) }
      }
    }
    guard let listed = values else { return }
    values = listed.filter { value in types.contains { $0.admits(value) } }
    // Values that a further word would have to sort out are not ours to sort.
    for part in parts {
      let words = SchemaKeywords.ofNumbers.union(SchemaKeywords.ofStrings)
        .union(SchemaKeywords.ofArrays).union(SchemaKeywords.ofObjects)
      if let word = words.sorted().first(where: { part[$0] != nil }) {
        throw InputError(
          part.place(word), expected: "no further condition beside \"enum\" or \"const\"",
          found: InputError.excerpt(word))
      }
    }
  }
}

// Numbers and counts.
extension SchemaFacts {
  /// The tightest of all lower or upper counts.
  func count(_ keyword: String, tightest: (Int, Int) -> Int) throws -> Int? {
    var found: Int?
    for part in parts {
      guard let value = part[keyword] else { continue }
      // 2.0 is a count as well.
      let count = value.intValue ?? value.doubleValue.flatMap { Int(exactly: $0) }
      guard let count, count >= 0 else { throw part.expected("a count", at: keyword) }
      found = found.map { tightest($0, count) } ?? count
    }
    return found
  }

  /// A least and a greatest count. Least ones beyond the limit are refused; greatest ones are
  /// lowered to it, which allows less than the schema does.
  func counts(_ least: String, _ greatest: String) throws -> (min: Int, max: Int?) {
    let min = try count(least, tightest: Swift.max) ?? 0
    let max = try count(greatest, tightest: Swift.min)
    if min > GrammarLimits.repetitions, let part = parts.first(where: { $0[least] != nil }) {
      throw part.expected("at most \(GrammarLimits.repetitions)", at: least)
    }
    if let max, max < min, let part = parts.first(where: { $0[greatest] != nil }) {
      throw part.expected("at least the \(min) of \"\(least)\"", at: greatest)
    }
    return (min, max.map { Swift.min($0, GrammarLimits.repetitions) })
  }

  func range(isInteger: Bool) throws -> NumberRange? {
    var range = NumberRange(isInteger: isInteger)
    for part in parts {
      for keyword in SchemaKeywords.ofNumbers.sorted() {
        guard let value = part[keyword] else { continue }
        let decimal: Decimal? =
          switch value {
          case .integer(let value): Decimal(value)
          case .double(let value): Decimal(value)
          default: nil
          }
        guard let decimal else {
          throw part.expected("a number of ordinary size", at: keyword)
        }
        let isInclusive = !keyword.hasPrefix("exclusive")
        if !isInteger, !isInclusive, decimal.digits.count > 9 {
          throw part.expected("an exclusive bound below 1000000000", at: keyword)
        }
        let bound = NumberRange.Bound(value: decimal, isInclusive: isInclusive)
        if keyword.lowercased().hasSuffix("minimum") {
          if range.low.map({ bound.isTighterLow(than: $0) }) ?? true { range.low = bound }
        } else {
          if range.high.map({ bound.isTighterHigh(than: $0) }) ?? true { range.high = bound }
        }
      }
    }
    return range.low == nil && range.high == nil ? nil : range
  }

  /// The one text under `keyword`.
  func text(_ keyword: String) throws -> (text: String, part: SchemaPart)? {
    var found: (text: String, part: SchemaPart)?
    for part in parts {
      guard let value = part[keyword] else { continue }
      guard let text = value.stringValue else { throw part.expected("a string", at: keyword) }
      if let found, found.text != text {
        throw part.expected("one \"\(keyword)\" only", at: keyword)
      }
      found = (text, part)
    }
    return found
  }
}

extension NumberRange.Bound {
  fileprivate func isTighterLow(than other: NumberRange.Bound) -> Bool {
    value == other.value ? !isInclusive : other.value.isLess(than: value)
  }

  fileprivate func isTighterHigh(than other: NumberRange.Bound) -> Bool {
    value == other.value ? !isInclusive : value.isLess(than: other.value)
  }
}

extension Decimal {
  func isLess(than other: Decimal) -> Bool {
    if isNegative != other.isNegative { return isNegative }
    return isNegative ? other.isSmaller(than: self) : isSmaller(than: other)
  }

  private func isSmaller(than other: Decimal) -> Bool {
    if digits.count != other.digits.count { return digits.count < other.digits.count }
    if digits != other.digits { return digits.lexicographicallyPrecedes(other.digits) }
    return fraction.lexicographicallyPrecedes(other.fraction)
  }
}
