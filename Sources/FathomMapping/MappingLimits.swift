/// What a program and its run may cost. A program has no loops, so these limits end every run.
public struct MappingLimits: Sendable, Equatable {
  /// Bytes of a program's text.
  public var programBytes = 1 << 16
  public var statements = 1000
  /// Values taken and operators applied. Long strings count as more: one more step for each 256 bytes.
  public var steps = 100_000
  /// Bytes of all output values together, keys included.
  public var outputBytes = 1 << 20
  /// Levels of nesting in outputs, steps of a path, and `else` inside `else`.
  public var depth = 32
  /// Values of one record that is flattened or compared.
  public var leaves = 10_000

  public init() {}

  public static let standard = MappingLimits()
}
