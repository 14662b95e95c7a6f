import FathomCore

extension Grammar {
  /// JSON text that a JSON Schema accepts. `docs/constrained-output.md` lists what is supported.
  ///
  /// What this grammar allows is always valid; where it allows less than the schema does, the
  /// document says so. Members come in the order of `properties`.
  ///
  /// - Parameter strict: refuses a `format` that is not enforced, instead of passing it over.
  /// - Throws: `InputError` whose place is a JSON pointer such as `#/properties/age/multipleOf`.
  public static func jsonSchema(_ schema: JSON, strict: Bool) throws -> Grammar {
    var compiler = SchemaCompiler(try SchemaDocument(schema), strict: strict)
    return try compiler.grammar()
  }
}

/// Turns a schema into rules, one for each set of schemas that have to hold at once.
///
/// Rules wait in a list until their turn, so no schema makes it recurse, and a `$ref` that leads
/// back to where it came from finds its rule there already.
struct SchemaCompiler {
  let document: SchemaDocument
  let strict: Bool
  /// The rules of this schema; the first is the whole text. They stand after the shared ones.
  private var rules: [Rule] = []
  private var numbers: [[Int]: Int] = [:]
  private var countedStrings: [[Int]: Int] = [:]
  private var pending: [(index: Int, parts: [SchemaPart])] = []
  /// A number for each place that has been looked at and found to be in order.
  private var places: [String: Int] = [:]
  /// Schemas that may have to hold at once, and `$ref`s that may lead to each other.
  private static let partLimit = 64

  init(_ document: SchemaDocument, strict: Bool) {
    self.document = document
    self.strict = strict
  }

  /// The grammar of values that obey all of `parts`: the whole document, if none are named. Once for each compiler.
  mutating func grammar(_ parts: [SchemaPart]? = nil) throws -> Grammar {
    _ = try rule(for: parts ?? [document.whole])
    while let (index, parts) = pending.popLast() {
      rules[index].expression = try expression(of: parts)
    }
    return try Grammar(json: rules[0], Array(rules.dropFirst()))
  }

  /// The rule of strings of so many characters; equal ones share it, for it can be long.
  mutating func countedString(_ counts: (min: Int, max: Int?)) throws -> Expression {
    let key = [counts.min, counts.max ?? -1]
    if let number = countedStrings[key] { return .rule(number) }
    let number = try newRule(named: "string")
    set(
      number,
      JSONRules.quoted(
        .repeated(.rule(JSONRules.character), min: counts.min, max: counts.max)))
    countedStrings[key] = number
    return .rule(number)
  }

  /// A rule to be filled in later.
  mutating func newRule(named name: String) throws -> Int {
    guard rules.count + JSONRules.shared.count < GrammarLimits.rules else {
      throw InputError(
        name, expected: "a schema of at most \(GrammarLimits.rules) rules", found: "more")
    }
    rules.append(Rule(name: name, expression: .nothing))
    return rules.count == 1 ? 0 : rules.count - 1 + JSONRules.shared.count
  }

  mutating func set(_ rule: Int, _ expression: Expression) {
    rules[index(of: rule)].expression = expression
  }

  private func index(of number: Int) -> Int { number == 0 ? 0 : number - JSONRules.shared.count }

  /// The rule for values that obey all of `parts`.
  mutating func rule(for parts: [SchemaPart]) throws -> Expression {
    let whole = try expanded(parts)
    let key = whole.map(key)
    if let number = numbers[key] { return .rule(number) }
    let number = try newRule(named: parts.first?.pointer ?? "#")
    numbers[key] = number
    pending.append((index(of: number), whole))
    return .rule(number)
  }

  /// The parts with everything that `$ref` and `allOf` add to them, each part once, in order.
  mutating func expanded(_ parts: [SchemaPart]) throws -> [SchemaPart] {
    var found: [SchemaPart] = []
    var keys: Set<Int> = []
    /// Each part with the pointers of those that led to it.
    var open = parts.reversed().map { (part: $0, path: [String]()) }
    while let (part, path) = open.popLast() {
      guard !path.contains(part.pointer), path.count < Self.partLimit else {
        throw InputError(
          part.pointer, expected: "a schema that is not only a reference to itself",
          found: "\"$ref\" that leads back here")
      }
      try look(at: part)
      guard keys.insert(key(part)).inserted else { continue }
      if part.schema != .bool(true) {
        var part = part
        part.isExpanded = true
        found.append(part)
      }
      guard found.count <= Self.partLimit else {
        throw InputError(
          part.pointer, expected: "at most \(Self.partLimit) schemas to hold at once", found: "more"
        )
      }
      if part.isExpanded { continue }
      let longer = path + [part.pointer]
      var added: [SchemaPart] = []
      if let reference = part["$ref"] {
        guard let text = reference.stringValue else {
          throw part.expected("a reference", at: "$ref")
        }
        added.append(try document.part(at: text, from: part.place("$ref")))
      }
      if let all = part["allOf"] {
        guard let schemas = all.arrayValue, !schemas.isEmpty else {
          throw part.expected("an array of schemas", at: "allOf")
        }
        for index in schemas.indices {
          if let one = try part.part("allOf", index) { added.append(one) }
        }
      }
      open += added.reversed().map { ($0, longer) }
    }
    return found
  }

  private mutating func look(at part: SchemaPart) throws {
    guard places[part.pointer] == nil else { return }
    try SchemaKeywords.check(part)
    places[part.pointer] = places.count
  }

  /// Equal keys mean equal schemas.
  private func key(_ part: SchemaPart) -> Int {
    2 * (places[part.pointer] ?? -1) + (part.isWithoutChoice ? 1 : 0)
  }

  private mutating func expression(of parts: [SchemaPart]) throws -> Expression {
    if let choice = try choice(among: parts) { return choice }
    guard parts.contains(where: \.forbidsSomething) else { return .rule(JSONRules.value) }
    let facts = try SchemaFacts(parts)
    if let values = facts.values { return .choice(values.map { JSONRules.constant($0) }) }
    var forms: [Expression] = []
    for type in SchemaType.allCases where facts.types.contains(type) {
      switch type {
      case .object: forms.append(try object(parts))
      case .array: forms.append(try array(facts))
      case .string: forms.append(try string(facts))
      case .number: forms.append(try number(facts, isInteger: false))
      case .integer where !facts.types.contains(.number):
        forms.append(try number(facts, isInteger: true))
      case .integer: break
      case .boolean: forms += [.text("true"), .text("false")]
      case .null: forms.append(.text("null"))
      }
    }
    return .choice(forms)
  }

  /// `anyOf` and `oneOf`, with whatever stands beside them in every alternative.
  private mutating func choice(among parts: [SchemaPart]) throws -> Expression? {
    for (index, part) in parts.enumerated() where !part.isWithoutChoice {
      let keywords = ["anyOf", "oneOf"].filter { part[$0] != nil }
      guard let keyword = keywords.first else { continue }
      guard keywords.count == 1 else {
        throw part.expected("\"anyOf\" or \"oneOf\", not both", at: "oneOf")
      }
      guard let schemas = part[keyword]?.arrayValue, !schemas.isEmpty else {
        throw part.expected("an array of schemas", at: keyword)
      }
      var rest = parts
      rest[index].isWithoutChoice = true
      rest.removeAll { !$0.forbidsSomething }
      var forms: [Expression] = []
      for index in schemas.indices {
        if let one = try part.part(keyword, index) {
          forms.append(try rule(for: rest + [one]))
        }
      }
      return .choice(forms)
    }
    return nil
  }
}

extension SchemaKeywords {
  /// Words that forbid something once `$ref` and `allOf` are followed.
  static let constraints: Set<String> = ofNumbers.union(ofStrings).union(ofArrays).union(ofObjects)
    .union(["type", "enum", "const", "anyOf", "oneOf"])
}

extension SchemaPart {
  /// Whether something is left to obey once `$ref`, `allOf` and perhaps the choice are dealt with.
  fileprivate var forbidsSomething: Bool {
    guard let object = schema.objectValue else { return schema == .bool(false) }
    return object.members.contains { member in
      SchemaKeywords.constraints.contains(member.key)
        && !(isWithoutChoice && ["anyOf", "oneOf"].contains(member.key))
    }
  }
}
