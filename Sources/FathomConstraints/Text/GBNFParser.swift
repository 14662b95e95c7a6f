import FathomCore

extension Grammar {
  /// A grammar in llama.cpp's notation; the whole text is what its rule `root` allows.
  ///
  /// - Throws: `InputError` whose place is `grammar, line N`, or a rule that is not defined, refers
  ///   to itself before any text, or allows no text.
  public static func gbnf(_ text: String) throws -> Grammar {
    try Grammar(try GBNFParser.parse(text))
  }
}

/// Reads GBNF: rules `name ::= …` of literals, classes, names, groups, alternatives and counts.
struct GBNFParser: ScalarParser {
  static let subject = "grammar"
  let scalars: [Unicode.Scalar]
  var place = 0
  private var depth = 0
  private var rules = [Rule(name: "root", expression: .nothing)]
  private var numbers: [String: Int] = [:]
  /// Where each name is first used, for the message if it is never defined.
  private var uses: [(name: String, place: Int)] = []
  private var isDefined: Set<String> = []

  static func parse(_ text: String) throws -> [Rule] {
    guard text.utf8.count <= GrammarLimits.sourceBytes else {
      throw InputError(
        "grammar", expected: "at most \(GrammarLimits.sourceBytes) bytes",
        found: "\(text.utf8.count)")
    }
    var parser = GBNFParser(scalars: Array(text.unicodeScalars))
    try parser.document()
    return parser.rules
  }

  private init(scalars: [Unicode.Scalar]) {
    self.scalars = scalars
    numbers["root"] = 0
  }

  /// Counted only for messages: doing it for each name would take the square of the text's length.
  func position(_ place: Int) -> String {
    "line \(1 + scalars[..<min(place, scalars.count)].count { $0 == "\n" })"
  }

  /// Blanks and comments; line breaks too where they mean nothing.
  private mutating func skipSpace(lines: Bool) {
    while let scalar = next {
      switch scalar {
      case " ", "\t": place += 1
      case "#": while let other = next, other != "\n", other != "\r" { place += 1 }
      case "\n", "\r":
        guard lines else { return }
        place += 1
      default: return
      }
    }
  }
}

// Structure.
extension GBNFParser {
  private mutating func document() throws {
    skipSpace(lines: true)
    while next != nil {
      let start = place
      let name = try name()
      skipSpace(lines: false)
      guard take("::=") else { throw unexpected("\"::=\" after \(InputError.excerpt(name))") }
      guard isDefined.insert(name).inserted else {
        throw error(
          expected: "each rule once", found: "a second \(InputError.excerpt(name))", at: start)
      }
      skipSpace(lines: true)
      let expression = try alternatives(isNested: false)
      rules[try number(of: name)].expression = expression
      guard next == nil || next == "\n" || next == "\r" else { throw unexpected("a line break") }
      skipSpace(lines: true)
    }
    guard isDefined.contains("root") else {
      throw InputError("grammar", expected: "a rule \"root\"", found: "none")
    }
    if let missing = uses.first(where: { !isDefined.contains($0.name) }) {
      throw error(
        expected: "a rule that is defined", found: InputError.excerpt(missing.name),
        at: missing.place)
    }
  }

  private mutating func name() throws -> String {
    var name = ""
    while let scalar = next, Self.isNamePart(scalar) {
      name.unicodeScalars.append(scalar)
      place += 1
    }
    guard !name.isEmpty else { throw unexpected("the name of a rule") }
    return name
  }

  private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
    default: false
    }
  }

  private mutating func number(of name: String) throws -> Int {
    if let number = numbers[name] { return number }
    guard rules.count < GrammarLimits.rules else {
      throw error(expected: "at most \(GrammarLimits.rules) rules", found: "more")
    }
    numbers[name] = rules.count
    rules.append(Rule(name: name, expression: .nothing))
    return rules.count - 1
  }

  private mutating func alternatives(isNested: Bool) throws -> Expression {
    guard depth < GrammarLimits.depth else {
      throw error(
        expected: "at most \(GrammarLimits.depth) levels of parentheses", found: "a deeper level")
    }
    depth += 1
    defer { depth -= 1 }
    var forms = [try sequence(isNested: isNested)]
    while true {
      if !isNested {
        // A line that starts with a bar goes on with the rule above it.
        let before = place
        skipSpace(lines: true)
        if next != "|" {
          place = before
          break
        }
      }
      guard take("|") else { break }
      skipSpace(lines: true)
      forms.append(try sequence(isNested: isNested))
    }
    return forms.count == 1 ? forms[0] : .choice(forms)
  }

  private mutating func sequence(isNested: Bool) throws -> Expression {
    var parts: [Expression] = []
    loop: while let scalar = next {
      let part: Expression
      switch scalar {
      case "\"": part = try literal()
      case "[": part = .scalars(try characterClass())
      case ".":
        place += 1
        part = .scalars(.all)
      case "(":
        place += 1
        skipSpace(lines: true)
        part = try alternatives(isNested: true)
        guard take(")") else { throw unexpected("\")\"") }
      case _ where Self.isNamePart(scalar):
        let start = place
        let name = try name()
        uses.append((name, start))
        part = .rule(try number(of: name))
      case "*", "+", "?", "{":
        throw error(expected: "something to repeat", found: "\"\(scalar)\" after nothing")
      case "<", "!": throw unexpected("no token references, which are not supported,")
      default: break loop
      }
      parts.append(try counted(part, isNested: isNested))
      skipSpace(lines: isNested)
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  /// A part with the counts after it, of which there may be several: `("a" | "b"){2}?`.
  private mutating func counted(_ part: Expression, isNested: Bool) throws -> Expression {
    var part = part
    var levels = 0
    while true {
      let before = place
      skipSpace(lines: isNested)
      let counts: (min: Int, max: Int?)
      switch next {
      case "*": counts = (0, nil)
      case "+": counts = (1, nil)
      case "?": counts = (0, 1)
      case "{":
        place += 1
        skipSpace(lines: isNested)
        guard let min = count() else { throw unexpected("a count") }
        skipSpace(lines: isNested)
        if take(",") {
          skipSpace(lines: isNested)
          counts = (min, count())
          skipSpace(lines: isNested)
        } else {
          counts = (min, min)
        }
        guard next == "}" else { throw unexpected("\"}\"") }
        let greatest = max(min, counts.max ?? 0)
        guard greatest <= GrammarLimits.repetitions, counts.max ?? min >= min else {
          throw error(
            expected: "counts in order and of at most \(GrammarLimits.repetitions)",
            found: "others")
        }
      default:
        place = before
        return part
      }
      place += 1
      levels += 1
      guard levels <= 4 else { throw unexpected("at most four counts for each part") }
      part = .repeated(part, min: counts.min, max: counts.max)
    }
  }
}

// Characters.
extension GBNFParser {
  private mutating func literal() throws -> Expression {
    place += 1
    var text = String.UnicodeScalarView()
    while let scalar = next, scalar != "\"" {
      guard scalar != "\n", scalar != "\r" else { break }
      text.append(try character())
    }
    guard take("\"") else { throw unexpected("the closing quote of a literal") }
    return .text(String(text))
  }

  private mutating func characterClass() throws -> ScalarRanges {
    place += 1
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while let scalar = next, scalar != "]" {
      guard scalar != "\n", scalar != "\r" else { break }
      let low = try character()
      guard next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
        ranges.append(low.value...low.value)
        continue
      }
      place += 1
      let high = try character()
      guard low <= high else { throw unexpected("a range from a character to a later one before") }
      ranges.append(low.value...high.value)
    }
    guard take("]") else { throw unexpected("\"]\"") }
    let set = ScalarRanges(ranges)
    return isNegated ? set.complement : set
  }

  /// One character, as it stands or escaped.
  private mutating func character() throws -> Unicode.Scalar {
    guard let scalar = next else { throw unexpected("a character") }
    place += 1
    guard scalar == "\\" else { return scalar }
    guard let kind = next else { throw unexpected("an escape") }
    place += 1
    if let scalar = try commonEscape(kind) { return scalar }
    switch kind {
    case "U": return try hexadecimal(8)
    case "a"..."z", "A"..."Z", "0"..."9":
      place -= 1
      throw unexpected("an escape such as \\n or \\x41")
    default: return kind
    }
  }
}
