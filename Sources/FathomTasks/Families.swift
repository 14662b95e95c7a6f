import FathomCore

/// The problem families of this project, by name.
public enum Families {
  /// Every family, at its full range of difficulty.
  public static let all: [any TaskFamily] = families(level: 1)

  /// Every family, no harder than `level`, from 0 to 1.
  public static func families(level: Double) -> [any TaskFamily] {
    [
      WordProblems(level: level),
      TableProblems(level: level),
      CountdownProblems(level: level),
      TalkProblems(level: level),
      MappingFamily.short, MappingFamily.standard(), MappingFamily.wide(),
      MappingRepairFamily(), MappingFamily.heldOutValues, RomanProblems(),
    ]
  }

  /// The family that a flag or a run's configuration names.
  public static func named(_ name: String, level: Double = 1) throws(InputError) -> any TaskFamily {
    let families = families(level: level)
    guard let family = families.first(where: { $0.name == name }) else {
      throw InputError(
        "family", expected: "one of \(families.map(\.name).joined(separator: ", "))",
        found: InputError.excerpt(name))
    }
    return family
  }
}
