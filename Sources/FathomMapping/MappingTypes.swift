import FathomCore

/// Which kinds of value there may be at some point of an expression.
public struct MappingTypes: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let missing = MappingTypes(rawValue: 1)
  public static let string = MappingTypes(rawValue: 2)
  public static let number = MappingTypes(rawValue: 4)
  public static let bool = MappingTypes(rawValue: 8)
  public static let array = MappingTypes(rawValue: 16)
  public static let object = MappingTypes(rawValue: 32)

  /// Of a source, before any record is known.
  public static let any: MappingTypes = [.missing, .string, .number, .bool, .array, .object]
  static let scalar: MappingTypes = [.string, .number, .bool]

  init(of value: JSON) {
    switch value {
    case .null: self = .missing
    case .bool: self = .bool
    case .integer, .double: self = .number
    case .string: self = .string
    case .array: self = .array
    case .object: self = .object
    }
  }
}

extension MappingTypes: CustomStringConvertible {
  public var description: String {
    let names: [(MappingTypes, String)] = [
      (.string, "string"), (.number, "number"), (.bool, "bool"), (.array, "array"),
      (.object, "object"), (.missing, "missing"),
    ]
    let shown = names.filter { contains($0.0) }.map(\.1)
    return shown.isEmpty ? "nothing" : shown.joined(separator: " or ")
  }
}

extension MappingOperator {
  /// Kinds of value that it can take, missing ones aside.
  var accepts: MappingTypes {
    switch self {
    case .copy, .fallback: .any
    case .upper, .lower, .first, .last, .split: .string
    case .join: .array
    case .date, .num: [.string, .number]
    case .cat, .text, .table: .scalar
    }
  }

  /// Kinds of value that it may give for these.
  func result(of types: MappingTypes) -> MappingTypes {
    let missing = types.intersection(.missing)
    switch self {
    case .copy: return types
    case .fallback(let value): return types.subtracting(.missing).union(MappingTypes(of: value))
    case .upper, .lower, .first, .last, .date, .text, .cat: return missing.union(.string)
    case .split, .join: return [.string, .missing]
    case .num: return missing.union(.number)
    case .table(let table):
      guard let table else { return .any }
      let values = table.entries.map(\.value) + (table.otherwise.map { [$0] } ?? [])
      return values.reduce(missing) { $0.union(MappingTypes(of: $1)) }
    }
  }
}

extension MappingProgram {
  /// Looks for what can't work whatever the record: operators that meet values they never take, constants and tables
  /// that are still open, targets that get in each other's way.
  ///
  /// - Throws: `InputError` whose place names line, column and target.
  public func check(limits: MappingLimits = .standard) throws {
    guard statements.count <= limits.statements else {
      throw InputError(
        "program", expected: "at most \(limits.statements) statements",
        found: "\(statements.count)")
    }
    var targets = MappingTargets()
    for statement in statements {
      try statement.check(limits)
      guard statement.target.steps.count <= limits.depth else {
        throw InputError(
          statement.errorPlace(), expected: "at most \(limits.depth) steps in a target",
          found: "\(statement.target.steps.count)")
      }
      if let obstacle = targets.insert(.null, at: statement.target) {
        throw InputError(
          statement.errorPlace(), expected: "a target that no other statement fills",
          found: obstacle)
      }
    }
  }
}

extension MappingProgram.Statement {
  fileprivate func check(_ limits: MappingLimits) throws {
    _ = try types(of: expression, depth: 0, limits)
  }

  private func types(of expression: MappingExpression, depth: Int, _ limits: MappingLimits) throws
    -> MappingTypes
  {
    guard depth <= limits.depth else {
      throw InputError(
        errorPlace(), expected: "at most \(limits.depth) nested else", found: "more")
    }
    switch expression {
    case .chain(let terms): return try types(of: terms)
    case .conditional(let terms, _, let value, let otherwise):
      guard MappingTypes(of: value).isDisjoint(with: [.array, .object]) else {
        throw InputError(errorPlace(), expected: "a constant behind is", found: value.kind)
      }
      let other = try otherwise.map { try types(of: $0, depth: depth + 1, limits) } ?? .missing
      return try types(of: terms).union(other)
    }
  }

  private func types(of terms: [MappingTerm]) throws -> MappingTypes {
    var values: [MappingTypes] = []
    for term in terms {
      switch term.kind {
      case .source: values.append(.any)
      case .constant(let value?): values.append(MappingTypes(of: value))
      case .constant(nil):
        throw InputError(
          errorPlace(at: term.place), expected: "a value behind const, or examples to take it from",
          found: "neither")
      case .operation(.table(nil)):
        throw InputError(
          errorPlace(at: term.place), expected: "a table behind enum, or examples to take it from",
          found: "neither")
      case .operation(let operation):
        guard let newest = values.last else {
          throw InputError(
            errorPlace(at: term.place), expected: "a source or const before \(operation)",
            found: "none")
        }
        guard case .cat = operation else {
          try check(operation, takes: newest, term)
          values[values.count - 1] = operation.result(of: newest)
          continue
        }
        for value in values { try check(operation, takes: value, term) }
        // Missing parts are left out, so one that is there is enough.
        let mayBeMissing = values.allSatisfy { $0.contains(.missing) }
        values = [mayBeMissing ? [.string, .missing] : .string]
      }
    }
    guard values.count == 1, let result = values.first else {
      throw InputError(
        errorPlace(), expected: "one value (cat joins several)", found: "\(values.count)")
    }
    return result
  }

  private func check(_ operation: MappingOperator, takes types: MappingTypes, _ term: MappingTerm)
    throws
  {
    let present = types.subtracting(.missing)
    guard present.isEmpty || !present.isDisjoint(with: operation.accepts) else {
      throw InputError(
        errorPlace(at: term.place), expected: "\(operation.accepts) for \(operation)",
        found: "\(present)")
    }
  }
}
