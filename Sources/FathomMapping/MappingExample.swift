import FathomCore

/// An input record and the output record that a program should make of it.
public struct MappingExample: Sendable, Equatable {
  public let input: JSON
  public let output: JSON

  public init(input: JSON, output: JSON) {
    self.input = input
    self.output = output
  }
}

extension MappingProgram {
  /// Whether it makes the output of each example of its input.
  public func reproduces(
    _ examples: some Sequence<MappingExample>, limits: MappingLimits = .standard
  )
    -> Bool
  {
    examples.allSatisfy { differences(from: $0.output, on: $0.input, limits: limits).isEmpty }
  }
}
