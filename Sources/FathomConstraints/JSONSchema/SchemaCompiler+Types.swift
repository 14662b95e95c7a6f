import FathomCore

// Numbers and strings.
extension SchemaCompiler {
  func number(_ facts: SchemaFacts, isInteger: Bool) throws -> Expression {
    guard let range = try facts.range(isInteger: isInteger) else {
      return .rule(isInteger ? JSONRules.integer : JSONRules.number)
    }
    return range.expression
  }

  mutating func string(_ facts: SchemaFacts) throws -> Expression {
    let counts = try facts.counts("minLength", "maxLength")
    let pattern = try facts.text("pattern")
    var content: (expression: Expression, part: SchemaPart, keyword: String)?
    if let (text, part) = pattern {
      content = (try Self.pattern(text, at: part.place("pattern")), part, "pattern")
    }
    if let (name, part) = try facts.text("format") {
      if let text = StringFormat.patterns[name] {
        guard content == nil else {
          throw part.expected("\"pattern\" or an enforced \"format\", not both", at: "format")
        }
        content = (try Self.pattern(text, at: part.place("format")), part, "format")
      } else if strict {
        let known = StringFormat.names.joined(separator: ", ")
        throw InputError(
          part.place("format"), expected: "one of \(known)", found: InputError.excerpt(name))
      }
    }
    if let (expression, part, keyword) = content {
      let own = expression.characterCounts
      guard own.min >= counts.min,
        counts.max.map({ most in own.max.map { $0 <= most } ?? false }) ?? true
      else {
        throw InputError(
          part.place(keyword),
          expected: "a \(keyword) that by itself keeps to minLength and maxLength",
          found: "one of \(own.min) to \(own.max.map { "\($0)" } ?? "any number of") characters")
      }
      return JSONRules.quoted(expression.insideString)
    }
    if counts.min == 0 && counts.max == nil { return .rule(JSONRules.string) }
    return try countedString(counts)
  }

  private static func pattern(_ text: String, at place: String) throws -> Expression {
    do {
      return try PatternParser.parse(text)
    } catch let error as InputError {
      throw error.inside(place)
    }
  }
}

extension Expression {
  /// The same texts as they stand inside a JSON string, escaped only where they must be.
  fileprivate var insideString: Expression {
    switch self {
    case .scalars(let set):
      var forms = [Expression.scalars(set.intersection(JSONRules.plainScalars))]
      let escaped = set.subtracting(JSONRules.plainScalars)
      for range in escaped.ranges {
        for scalar in range {
          guard let scalar = Unicode.Scalar(scalar) else { continue }
          let quoted = JSON.string(String(Character(scalar))).text().utf8
          forms.append(.bytes(Array(quoted.dropFirst().dropLast())))
        }
      }
      return forms.count == 1 ? forms[0] : .choice(forms)
    case .sequence(let parts): return .sequence(parts.map(\.insideString))
    case .choice(let parts): return .choice(parts.map(\.insideString))
    case .repeated(let body, let min, let max):
      return .repeated(body.insideString, min: min, max: max)
    case .bytes, .rule, .keyExcept: return self
    }
  }
}

// Arrays and objects. Lists are chains of rules, each ending with a call of the next, which leaves
// nothing on the stack.
extension SchemaCompiler {
  mutating func array(_ facts: SchemaFacts) throws -> Expression {
    var counts = try facts.counts("minItems", "maxItems")
    let (elements, rest) = try items(facts.parts)
    if rest == nil { counts.max = min(counts.max ?? elements.count, elements.count) }
    let most = counts.max
    guard most.map({ $0 >= counts.min }) ?? true else { return .nothing }
    if elements.isEmpty || most == 0 {
      return JSONRules.list("[", rest ?? .nothing, min: counts.min, max: most, "]")
    }
    // The end of the list after all elements with a schema of their own.
    let tail: Expression = .sequence([
      .repeated(
        .sequence([JSONRules.comma, rest ?? .nothing]), min: max(0, counts.min - elements.count),
        max: most.map { max(0, $0 - elements.count) }),
      .rule(JSONRules.space), .text("]"),
    ])
    let name = facts.parts.first?.pointer ?? "#"
    var next = try newRule(named: name)
    set(next, tail)
    let used = min(elements.count, most ?? elements.count)
    if used < elements.count {
      set(next, .sequence([.rule(JSONRules.space), .text("]")]))
    }
    for index in (1..<max(used, 1)).reversed() {
      let own = try newRule(named: name)
      var forms: [Expression] = [
        .sequence([JSONRules.comma, elements[index], .rule(next)])
      ]
      if index >= counts.min {
        forms.append(.sequence([.rule(JSONRules.space), .text("]")]))
      }
      set(own, .choice(forms))
      next = own
    }
    var forms: [Expression] = [.sequence([elements[0], .rule(next)])]
    if counts.min == 0 { forms.append(.text("]")) }
    return .sequence([.text("["), .rule(JSONRules.space), .choice(forms)])
  }

  /// Elements with schemas of their own, and what may follow them; `nil` for nothing.
  private mutating func items(
    _ parts: [SchemaPart]
  ) throws -> (elements: [Expression], rest: Expression?) {
    var lists: [(part: SchemaPart, keyword: String, count: Int)] = []
    var rests: [SchemaPart] = []
    for part in parts {
      // Older drafts say `items` for what is `prefixItems` now.
      let keyword = part["items"]?.arrayValue == nil ? "prefixItems" : "items"
      if let list = part[keyword] {
        guard let schemas = list.arrayValue else {
          throw part.expected("an array of schemas", at: keyword)
        }
        lists.append((part, keyword, schemas.count))
      }
      if keyword == "prefixItems", let rest = try part.part("items") { rests.append(rest) }
    }
    let count = lists.map(\.count).max() ?? 0
    var elements: [Expression] = []
    for index in 0..<count {
      var schemas: [SchemaPart] = []
      for (part, keyword, count) in lists {
        if index < count {
          if let own = try part.part(keyword, index) { schemas.append(own) }
        } else if keyword == "prefixItems", let rest = try part.part("items") {
          schemas.append(rest)
        }
      }
      for part in parts where !lists.contains(where: { $0.part.pointer == part.pointer }) {
        if let rest = try part.part("items") { schemas.append(rest) }
      }
      elements.append(try rule(for: schemas))
    }
    if rests.contains(where: { $0.schema == .bool(false) }) { return (elements, nil) }
    // A list without a word about further elements has none: an answer says what was asked for.
    if rests.isEmpty && count > 0 { return (elements, nil) }
    return (elements, try rule(for: rests))
  }

  /// Members in their order. Whether a comma comes first depends on whether any member has come, so
  /// there are two chains: `first` before the first member, `later` after it.
  mutating func object(_ parts: [SchemaPart]) throws -> Expression {
    let object = try SchemaObject(parts)
    let name = parts.first?.pointer ?? "#"
    let end = Expression.sequence([.rule(JSONRules.space), .text("}")])
    var first = try newRule(named: name)
    var later = try newRule(named: name)
    if let additional = object.additional {
      let names = object.properties.map { $0.name.unicodeScalars.map(\.value) }
      let member = Expression.sequence([
        object.properties.isEmpty
          ? .rule(JSONRules.string) : JSONRules.quoted(.keyExcept(names)),
        JSONRules.colon, try rule(for: additional),
      ])
      set(first, .choice([.text("}"), .sequence([member, .rule(later)])]))
      set(later, .choice([end, .sequence([JSONRules.comma, member, .rule(later)])]))
    } else {
      set(first, .text("}"))
      set(later, end)
    }
    for property in object.properties.reversed() {
      let key = JSON.string(property.name).text()
      let member = Expression.sequence([
        .text("\(key):"), .optional(.text(" ")), try rule(for: property.parts),
      ])
      let (nextFirst, nextLater) = (first, later)
      first = try newRule(named: name)
      later = try newRule(named: name)
      var forms: [Expression] = [.sequence([member, .rule(nextLater)])]
      var laterForms: [Expression] = [
        .sequence([JSONRules.comma, member, .rule(nextLater)])
      ]
      if !property.isRequired {
        forms.append(.rule(nextFirst))
        laterForms.append(.rule(nextLater))
      }
      set(first, .choice(forms))
      set(later, .choice(laterForms))
    }
    return .sequence([.text("{"), .rule(JSONRules.space), .rule(first)])
  }
}
