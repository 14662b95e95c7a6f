import FathomCore

/// Where something stands in the text of a program, counted from 1. Columns count Unicode scalars.
public struct MappingPlace: Sendable, Equatable, CustomStringConvertible {
  public let line: Int
  public let column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public var description: String { "line \(line), column \(column)" }
}

/// What changes or combines values. `docs/mapping-language.md` says exactly what each does.
public enum MappingOperator: Sendable, Equatable {
  case copy
  case upper
  case lower
  /// The text before the first separator. Without one: before the first of `MappingSeparator.usual`.
  case first(separator: String?)
  /// The text behind the last separator.
  case last(separator: String?)
  /// Part number `part`, counted from 1.
  case split(part: Int, separator: String?)
  /// The elements of an array as one text.
  case join(separator: String)
  /// All values so far as one text.
  case cat(separator: String)
  case date(MappingDate.Format)
  /// Text as a number.
  case num
  /// A number as text.
  case text
  /// Another value for each. Open (`nil`) until examples complete it.
  case table(MappingTable?)
  /// A value for a missing one.
  case fallback(JSON)
}

/// One item of an expression: a value that is added, or an operator.
public struct MappingTerm: Sendable {
  public enum Kind: Sendable, Equatable {
    case source(MappingPath)
    /// Open (`nil`) until examples complete it.
    case constant(JSON?)
    case operation(MappingOperator)
  }

  public var kind: Kind
  /// `nil` for a term that was not read from text.
  public var place: MappingPlace?

  public init(_ kind: Kind, at place: MappingPlace? = nil) {
    self.kind = kind
    self.place = place
  }

  public static func source(_ path: MappingPath) -> MappingTerm { MappingTerm(.source(path)) }
  public static func constant(_ value: JSON?) -> MappingTerm { MappingTerm(.constant(value)) }
  public static func operation(_ operation: MappingOperator) -> MappingTerm {
    MappingTerm(.operation(operation))
  }
}

extension MappingTerm: Equatable {
  /// Terms are equal when they mean the same, wherever they stand.
  public static func == (a: MappingTerm, b: MappingTerm) -> Bool { a.kind == b.kind }
}

/// How one output value is made.
public indirect enum MappingExpression: Sendable, Equatable {
  /// Items from left to right: a source or constant adds a value, an operator changes the newest one, `cat` makes one
  /// of all of them. One value is left at the end.
  case chain([MappingTerm])
  /// `terms if source is value else otherwise`. Without `else` the value is missing.
  case conditional(
    [MappingTerm], source: MappingPath, equals: JSON, otherwise: MappingExpression?)

  /// The items, those of the branches included.
  public var terms: [MappingTerm] {
    switch self {
    case .chain(let terms): terms
    case .conditional(let terms, _, _, let otherwise): terms + (otherwise?.terms ?? [])
    }
  }

  /// All paths it reads, in order.
  public var sources: [MappingPath] {
    func sources(_ terms: [MappingTerm]) -> [MappingPath] {
      terms.compactMap { if case .source(let path) = $0.kind { path } else { nil } }
    }
    switch self {
    case .chain(let terms): return sources(terms)
    case .conditional(let terms, let source, _, let otherwise):
      return sources(terms) + [source] + (otherwise?.sources ?? [])
    }
  }

  /// Whether a constant or table is still to be taken from examples.
  public var isOpen: Bool {
    terms.contains { $0.kind == .constant(nil) || $0.kind == .operation(.table(nil)) }
  }

  /// The same with other paths.
  package func mapSources(_ transform: (MappingPath) throws -> MappingPath) rethrows
    -> MappingExpression
  {
    func mapped(_ terms: [MappingTerm]) throws -> [MappingTerm] {
      try terms.map {
        guard case .source(let path) = $0.kind else { return $0 }
        return MappingTerm(.source(try transform(path)), at: $0.place)
      }
    }
    switch self {
    case .chain(let terms): return .chain(try mapped(terms))
    case .conditional(let terms, let source, let value, let otherwise):
      return .conditional(
        try mapped(terms), source: try transform(source), equals: value,
        otherwise: try otherwise.map { try $0.mapSources(transform) })
    }
  }
}
