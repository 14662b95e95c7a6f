import FathomCore

/// Which tables an open `enum` may take from examples.
public enum MappingTableEvidence: Sendable {
  /// A table of `MappingTable.known`, or codes of which at least one comes twice. Others would be guesses: nearly any
  /// two columns of values that come once each make a table.
  case proved
  /// Whatever the examples show.
  case shown
}

extension MappingProgram {
  /// The program with its open constants and tables taken from examples.
  ///
  /// `const` alone becomes the value that all examples have there. `enum` alone becomes the table of the pairs that the
  /// examples show, or the whole of a table in `MappingTable.known` that agrees with all of them.
  ///
  /// - Throws: `InputError` if the examples contradict each other there, or don't prove a table.
  public func completed(
    by examples: [MappingExample], tables: MappingTableEvidence = .proved,
    limits: MappingLimits = .standard
  ) throws -> MappingProgram {
    MappingProgram(
      try statements.map { statement in
        guard statement.expression.isOpen else { return statement }
        let completion = MappingCompletion(statement: statement, tables: tables, limits: limits)
        let expression = try completion.completed(statement.expression, by: examples, depth: 0)
        return Statement(statement.target, expression, at: statement.place)
      })
  }
}

/// Fills one open statement.
private struct MappingCompletion {
  let statement: MappingProgram.Statement
  let tables: MappingTableEvidence
  let limits: MappingLimits

  func completed(
    _ expression: MappingExpression, by examples: [MappingExample], depth: Int
  ) throws -> MappingExpression {
    switch expression {
    case .chain(let terms): return .chain(try completed(terms, by: examples))
    case .conditional(let terms, let source, let value, let otherwise):
      guard depth <= limits.depth else { return expression }
      func holds(_ example: MappingExample) -> Bool {
        JSON.sameValue(source.value(in: example.input), value.isNull ? nil : value)
      }
      let other = examples.filter { !holds($0) }
      return .conditional(
        try completed(terms, by: examples.filter(holds)), source: source, equals: value,
        otherwise: try otherwise.map { try completed($0, by: other, depth: depth + 1) })
    }
  }

  private func completed(
    _ terms: [MappingTerm], by examples: [MappingExample]
  ) throws -> [MappingTerm] {
    guard
      let open = terms.firstIndex(where: {
        $0.kind == .constant(nil) || $0.kind == .operation(.table(nil))
      })
    else { return terms }
    let term = terms[open]
    guard open == terms.count - 1 else {
      throw InputError(
        statement.errorPlace(at: term.place),
        expected: "an open const or enum at the end of an expression",
        found: "\(terms[open + 1]) behind it")
    }
    var completed = terms
    if term.kind == .constant(nil) {
      completed[open].kind = .constant(try sharedValue(examples, term))
    } else {
      let table = try table(after: Array(terms[..<open]), examples, term)
      completed[open].kind = .operation(.table(table))
    }
    return completed
  }

  private func sharedValue(_ examples: [MappingExample], _ term: MappingTerm) throws -> JSON {
    let values = examples.map { statement.target.value(in: $0.output) }
    guard let first = values.first, let value = first else {
      throw InputError(
        statement.errorPlace(at: term.place), expected: "examples to take a constant from",
        found: "none")
    }
    for other in values where !JSON.sameValue(other, value) {
      throw InputError(
        statement.errorPlace(at: term.place), expected: "the same value in all examples",
        found: "\(value.kind) and \(other?.kind ?? "none")")
    }
    return value
  }

  private func table(
    after terms: [MappingTerm], _ examples: [MappingExample], _ term: MappingTerm
  ) throws -> MappingTable {
    var table = MappingTable()
    var pairCount = 0
    for example in examples {
      var machine = MappingMachine(input: example.input, limits: limits)
      guard let code = try machine.value(of: terms, statement), !code.isNull else { continue }
      guard let value = statement.target.value(in: example.output),
        MappingOperator.plainText(code) != nil,
        MappingOperator.plainText(value) != nil
      else {
        throw InputError(
          statement.errorPlace(at: term.place), expected: "a code and its value in each example",
          found: "\(code.kind) without one")
      }
      pairCount += 1
      if let entry = table.entry(for: code) {
        guard JSON.sameValue(entry.value, value) else {
          throw InputError(
            statement.errorPlace(at: term.place), expected: "one value for the code \(code.kind)",
            found: "\(entry.value.kind) and \(value.kind)")
        }
      } else {
        table.entries.append(MappingTable.Entry(code, value))
      }
    }
    guard !table.entries.isEmpty else {
      throw InputError(
        statement.errorPlace(at: term.place), expected: "examples to take a table from",
        found: "none")
    }
    if let known = table.wholeKnown { return known }
    guard tables == .shown || (table.entries.count > 1 && table.entries.count < pairCount) else {
      throw InputError(
        statement.errorPlace(at: term.place),
        expected: "a known table, or examples that show a code twice",
        found: "each code once")
    }
    return table
  }
}

extension MappingTable {
  /// The known table that all entries of this one are from; the first if there are several.
  var wholeKnown: MappingTable? {
    Self.known.first { known in entries.allSatisfy { known.contains($0.code, $0.value) } }
  }
}
