import FathomCore

extension MappingProgram {
  /// The output record for an input record. Outputs whose value is missing are left out.
  ///
  /// - Throws: `InputError` that names statement, source, expectation and finding, for programs that `check` refuses,
  ///   values that an operator can't take, and limits that are passed.
  public func run(on input: JSON, limits: MappingLimits = .standard) throws -> JSON {
    try check(limits: limits)
    var machine = MappingMachine(input: input, limits: limits)
    var targets = MappingTargets()
    for statement in statements {
      guard let value = try machine.value(of: statement) else { continue }
      if let obstacle = targets.insert(value, at: statement.target) {
        throw InputError(
          statement.errorPlace(), expected: "a target that no other statement fills",
          found: obstacle)
      }
    }
    return targets.record
  }
}

/// Evaluates statements and counts what they cost.
struct MappingMachine {
  private let input: JSON
  private let limits: MappingLimits
  private var steps = 0
  private var outputBytes = 0

  init(input: JSON, limits: MappingLimits) {
    self.input = input
    self.limits = limits
  }

  /// The value of a checked statement; `nil` if it is missing.
  mutating func value(of statement: MappingProgram.Statement) throws -> JSON? {
    let value = try value(of: statement.expression, statement, depth: 0)
    guard let value, !value.isNull else { return nil }
    outputBytes = sum(outputBytes, size(of: statement.target))
    try count(value, depth: statement.target.steps.count, statement)
    return value
  }

  private mutating func value(
    of expression: MappingExpression, _ statement: MappingProgram.Statement, depth: Int
  ) throws -> JSON? {
    switch expression {
    case .chain(let terms): return try value(of: terms, statement)
    case .conditional(let terms, let source, let wanted, let otherwise):
      try step(1, statement, nil)
      let found = source.value(in: input)
      if JSON.sameValue(found, wanted.isNull ? nil : wanted) {
        return try value(of: terms, statement)
      }
      guard let otherwise, depth < limits.depth else { return nil }
      return try value(of: otherwise, statement, depth: depth + 1)
    }
  }

  /// Evaluates a chain, or the beginning of one: the value that is the newest at its end.
  mutating func value(of terms: [MappingTerm], _ statement: MappingProgram.Statement) throws
    -> JSON?
  {
    var values: [JSON?] = []
    // The source that made the newest value: what an error is about.
    var source: MappingPath?
    for term in terms {
      switch term.kind {
      case .source(let path):
        try step(1, statement, term)
        source = path
        values.append(path.value(in: input))
      case .constant(let value):
        try step(1, statement, term)
        source = nil
        values.append(value.flatMap { $0.isNull ? nil : $0 })
      case .operation(let operation):
        guard let newest = values.popLast() else { return nil }
        do {
          if case .cat(let separator) = operation {
            values.append(newest)
            for value in values { try step(cost(value), statement, term) }
            let joined = try MappingOperator.concatenated(values, separator: separator)
            values = [joined]
          } else {
            try step(cost(newest), statement, term)
            values.append(try operation.apply(to: newest))
          }
        } catch let mismatch as MappingMismatch {
          throw InputError(
            statement.errorPlace(at: term.place, source: source),
            expected: mismatch.expectation, found: mismatch.found.kind)
        }
      }
      if case .string(let text)?? = values.last, text.utf8.count > limits.outputBytes {
        throw tooLong(statement)
      }
    }
    return values.last ?? nil
  }

  // MARK: Costs

  private func cost(_ value: JSON?) -> Int {
    switch value {
    case .string(let text): 1 + text.utf8.count / 256
    case .array(let elements): sum(1, elements.count)
    default: 1
    }
  }

  private mutating func step(
    _ cost: Int, _ statement: MappingProgram.Statement, _ term: MappingTerm?
  ) throws {
    steps = sum(steps, cost)
    guard steps <= limits.steps else {
      throw InputError(
        statement.errorPlace(at: term?.place), expected: "at most \(limits.steps) steps",
        found: "more")
    }
  }

  private func tooLong(_ statement: MappingProgram.Statement) -> InputError {
    InputError(
      statement.errorPlace(), expected: "at most \(limits.outputBytes) bytes of output",
      found: "more")
  }

  private func size(of path: MappingPath) -> Int {
    path.steps.reduce(0) { size, step in
      if case .key(let key) = step { sum(size, key.utf8.count) } else { size }
    }
  }

  private mutating func count(_ value: JSON, depth: Int, _ statement: MappingProgram.Statement)
    throws
  {
    guard depth <= limits.depth else {
      throw InputError(
        statement.errorPlace(), expected: "at most \(limits.depth) levels of nesting in the output",
        found: "more")
    }
    switch value {
    case .string(let text): outputBytes = sum(outputBytes, text.utf8.count)
    case .array(let elements):
      for element in elements { try count(element, depth: depth + 1, statement) }
    case .object(let object):
      for member in object.members {
        outputBytes = sum(outputBytes, member.key.utf8.count)
        try count(member.value, depth: depth + 1, statement)
      }
    default: break
    }
    outputBytes = sum(outputBytes, 8)
    guard outputBytes <= limits.outputBytes else { throw tooLong(statement) }
  }

  /// Addition that stays at the largest number.
  private func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }
}
