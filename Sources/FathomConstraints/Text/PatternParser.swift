import FathomCore

extension Grammar {
  /// Texts that match a regular expression as a whole, as if it stood between `^` and `$`.
  ///
  /// The syntax is that of ECMAScript: classes, groups, alternatives and counts. What looks around
  /// (`(?=`, `\b`) or back (`\1`) is refused. `\d` and `\w` are ASCII, `.` is no line break.
  ///
  /// - Throws: `InputError` whose place is `pattern, character N`.
  public static func regex(_ pattern: String) throws -> Grammar {
    try Grammar([Rule(name: "pattern", expression: try PatternParser.parse(pattern))])
  }
}

/// Reads a regular expression.
struct PatternParser: ScalarParser {
  static let subject = "pattern"
  let scalars: [Unicode.Scalar]
  var place = 0
  private var depth = 0

  static func parse(_ pattern: String) throws -> Expression {
    let scalars = Array(pattern.unicodeScalars.prefix(GrammarLimits.patternScalars + 1))
    guard scalars.count <= GrammarLimits.patternScalars else {
      throw InputError(
        "pattern", expected: "at most \(GrammarLimits.patternScalars) characters", found: "more")
    }
    var parser = PatternParser(scalars: scalars)
    let group = try parser.group(startsText: true)
    guard parser.place == scalars.count else { throw parser.unexpected("the end of the pattern") }
    return group.expression
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  /// Alternatives up to a closing parenthesis or the end.
  private struct Group {
    var expression: Expression
    /// Whether some alternative says `^` or `$`.
    var hasStart = false
    var hasEnd = false
  }

  func position(_ place: Int) -> String { "character \(place + 1)" }

  private func unsupported(_ what: String, at place: Int) -> InputError {
    error(
      expected: "a pattern without \(what), which is not supported",
      found: InputError.excerpt(
        String(String.UnicodeScalarView(scalars[place..<min(place + 4, scalars.count)]))), at: place
    )
  }
}

// Structure.
extension PatternParser {
  private mutating func group(startsText: Bool) throws -> Group {
    guard depth < GrammarLimits.depth else {
      throw error(
        expected: "at most \(GrammarLimits.depth) levels of parentheses", found: "a deeper level")
    }
    depth += 1
    defer { depth -= 1 }
    var alternatives: [Expression] = []
    var whole = Group(expression: .empty)
    repeat {
      let one = try alternative(startsText: startsText)
      alternatives.append(one.expression)
      whole.hasStart = whole.hasStart || one.hasStart
      whole.hasEnd = whole.hasEnd || one.hasEnd
    } while take("|")
    whole.expression = alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
    return whole
  }

  private mutating func alternative(startsText: Bool) throws -> Group {
    var whole = Group(expression: .empty)
    var parts: [Expression] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let start = place
      switch scalar {
      case "^":
        place += 1
        guard startsText && parts.isEmpty else { throw unsupported("`^` inside", at: start) }
        whole.hasStart = true
        continue
      case "$":
        place += 1
        whole.hasEnd = true
        continue
      default: break
      }
      if whole.hasEnd { throw unsupported("text after `$`", at: start) }
      var atom = try atom(startsText: startsText && parts.isEmpty)
      if let (min, max) = try quantifier() {
        if atom.hasStart || atom.hasEnd { throw unsupported("counts of `^` and `$`", at: start) }
        atom.expression = .repeated(atom.expression, min: min, max: max)
      }
      whole.hasStart = whole.hasStart || atom.hasStart
      whole.hasEnd = whole.hasEnd || atom.hasEnd
      parts.append(atom.expression)
    }
    whole.expression = parts.count == 1 ? parts[0] : .sequence(parts)
    return whole
  }

  private mutating func atom(startsText: Bool) throws -> Group {
    let start = place
    guard let scalar = next else { throw unexpected("a character") }
    place += 1
    switch scalar {
    case "(":
      if take("?") {
        if take("<") {
          guard let first = next, first != "=", first != "!" else {
            throw unsupported("lookbehind", at: start)
          }
          while let letter = next, letter != ">", letter != ")" { place += 1 }
          guard take(">") else { throw unexpected("the name of a group", at: start) }
        } else if !take(":") {
          throw unsupported("lookahead and flags", at: start)
        }
      }
      let inner = try group(startsText: startsText)
      guard take(")") else { throw unexpected("\")\"") }
      return inner
    case "[": return Group(expression: .scalars(try characterClass(start)))
    case ".": return Group(expression: .scalars(CharacterClasses.lineBreaks.complement))
    case "\\": return Group(expression: .scalars(try escape(inClass: false)))
    case "*", "+", "?":
      throw error(
        expected: "something to repeat", found: "\"\(scalar)\" after nothing", at: start)
    case "{":
      // A brace that is no count is a brace.
      place = start
      if try quantifier() != nil {
        throw error(
          expected: "something to repeat", found: "a count after nothing", at: start)
      }
      place = start + 1
      return Group(expression: .scalars(ScalarRanges(scalar)))
    default: return Group(expression: .scalars(ScalarRanges(scalar)))
    }
  }

  /// `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`; `nil` if there is none. Whether it is lazy makes no
  /// difference to what matches.
  private mutating func quantifier() throws -> (min: Int, max: Int?)? {
    let start = place
    var counts: (min: Int, max: Int?)
    switch next {
    case "*": counts = (0, nil)
    case "+": counts = (1, nil)
    case "?": counts = (0, 1)
    case "{":
      place += 1
      guard let min = count() else {
        place = start
        return nil
      }
      counts = (min, min)
      if take(",") { counts.max = count() }
      guard next == "}" else {
        place = start
        return nil
      }
    default: return nil
    }
    place += 1
    let greatest = max(counts.min, counts.max ?? 0)
    guard greatest <= GrammarLimits.repetitions else {
      throw error(
        expected: "counts of at most \(GrammarLimits.repetitions)", found: "a greater one",
        at: start)
    }
    if let max = counts.max, max < counts.min {
      throw error(
        expected: "a count that does not end before it starts",
        found: "{\(counts.min),\(max)}", at: start)
    }
    _ = take("?")
    switch next {
    case "*", "+", "?": throw unexpected("one count for each part")
    case "{" where place + 1 < scalars.count && ("0"..."9").contains(scalars[place + 1]):
      throw unexpected("one count for each part")
    default: break
    }
    return counts
  }
}

// Characters.
extension PatternParser {
  private mutating func characterClass(_ start: Int) throws -> ScalarRanges {
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while let scalar = next, scalar != "]" {
      let low = try classMember()
      guard next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
        ranges += low.ranges
        continue
      }
      place += 1
      let high = try classMember()
      guard let first = low.single, let last = high.single, first <= last else {
        throw error(
          expected: "a range from a character to a later one", found: "another", at: place - 1)
      }
      ranges.append(first...last)
    }
    guard take("]") else { throw unexpected("\"]\" for the class at character \(start + 1)") }
    let set = ScalarRanges(ranges)
    return isNegated ? set.complement : set
  }

  private mutating func classMember() throws -> ScalarRanges {
    guard let scalar = next else { throw unexpected("\"]\"") }
    place += 1
    return scalar == "\\" ? try escape(inClass: true) : ScalarRanges(scalar)
  }

  private mutating func escape(inClass: Bool) throws -> ScalarRanges {
    let start = place - 1
    guard let scalar = next else { throw unexpected("a character after \"\\\"") }
    place += 1
    if scalar == "u", take("{") {
      let digits = scalars[place...].prefix { $0 != "}" }.count
      let set = ScalarRanges(try hexadecimal(max(1, min(digits, 7))))
      guard take("}") else { throw unexpected("\"}\"") }
      return set
    }
    if let escaped = try commonEscape(scalar) { return ScalarRanges(escaped) }
    switch scalar {
    case "d": return CharacterClasses.digits
    case "D": return CharacterClasses.digits.complement
    case "w": return CharacterClasses.wordCharacters
    case "W": return CharacterClasses.wordCharacters.complement
    case "s": return CharacterClasses.spaces
    case "S": return CharacterClasses.spaces.complement
    case "f": return ScalarRanges("\u{0C}")
    case "v": return ScalarRanges("\u{0B}")
    case "0" where next.map({ !("0"..."9").contains($0) }) ?? true: return ScalarRanges("\0")
    case "b" where inClass: return ScalarRanges("\u{08}")
    case "b", "B": throw unsupported("word boundaries", at: start)
    case "k", "0"..."9": throw unsupported("references to groups", at: start)
    case "p", "P": throw unsupported("Unicode properties", at: start)
    case "a"..."z", "A"..."Z": throw unsupported("this escape", at: start)
    default: return ScalarRanges(scalar)
    }
  }
}

extension ScalarRanges {
  /// The only member, if there is just one.
  fileprivate var single: UInt32? {
    guard ranges.count == 1, let range = ranges.first, range.lowerBound == range.upperBound else {
      return nil
    }
    return range.lowerBound
  }
}

/// What ECMAScript means by its class escapes.
enum CharacterClasses {
  static let digits = ScalarRanges([0x30...0x39])
  static let wordCharacters = ScalarRanges([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  static let lineBreaks = ScalarRanges([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])
  static let spaces = ScalarRanges([
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
    0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
}
