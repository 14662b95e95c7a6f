import FathomCore

/// A program that turns one JSON record into another, one statement for each output value.
///
/// ```
/// name.family = patient.family_name upper
/// birthDate   = patient.born date
/// gender      = patient.sex enum {M: male, F: female, else: unknown}
/// ```
///
/// The same grammar serves people, who write paths, and models, which write labels: `o1 = f4 first ; o2 = f5 upper`.
/// `docs/mapping-language.md` is its reference.
public struct MappingProgram: Sendable {
  /// `target = expression`
  public struct Statement: Sendable {
    public var target: MappingPath
    public var expression: MappingExpression
    /// Where its target stands; `nil` if it was not read from text.
    public var place: MappingPlace?

    public init(
      _ target: MappingPath, _ expression: MappingExpression, at place: MappingPlace? = nil
    ) {
      self.target = target
      self.expression = expression
      self.place = place
    }
  }

  public var statements: [Statement]

  public init(_ statements: [Statement]) { self.statements = statements }

  /// Reads a program. Types are not looked at yet: see `check(limits:)`.
  ///
  /// - Throws: `InputError` whose place is `line L, column C`.
  public init(parsing text: String, limits: MappingLimits = .standard) throws {
    var parser = try MappingParser(text, limits: limits)
    self = try parser.program()
  }

  /// Whether constants or tables are still to be taken from examples: see `completed(by:)`.
  public var isOpen: Bool { statements.contains { $0.expression.isOpen } }
}

extension MappingProgram.Statement: Equatable {
  /// Statements are equal when they mean the same, wherever they stand.
  public static func == (a: Self, b: Self) -> Bool {
    a.target == b.target && a.expression == b.expression
  }

  /// Place of an error in this statement or at one of its terms.
  func errorPlace(at place: MappingPlace? = nil, source: MappingPath? = nil) -> String {
    var parts: [String] = []
    if let place = place ?? self.place { parts.append(place.description) }
    parts.append(target.description)
    if let source { parts.append("source \(source)") }
    return parts.joined(separator: ", ")
  }
}

extension MappingProgram: Equatable {}
