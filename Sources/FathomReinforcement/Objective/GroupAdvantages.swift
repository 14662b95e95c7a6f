/// How much better each answer did than the others to the same question.
///
/// `A = (r − mean of the group) / (deviation + 1e-4)`. Source: DeepSeekMath (arXiv 2402.03300) §4.1.2; the deviation is that of a
/// sample, as in TRL.
public struct GroupAdvantages: Sendable, Equatable {
  /// `[groups * size]`
  public let values: [Double]
  /// `[groups]`: whether all answers of the group had one reward, so that there is nothing to learn from.
  public let isFlat: [Bool]

  /// - Parameter rewards: `[groups * size]`, group after group.
  public init(_ rewards: [Double], groupSize: Int, scaling: PolicyOptions.RewardScaling) {
    precondition(
      groupSize > 0 && rewards.count.isMultiple(of: groupSize),
      "\(rewards.count) rewards in groups of \(groupSize)")
    let all = Self.deviation(rewards[...])
    var values: [Double] = []
    var isFlat: [Bool] = []
    for begin in stride(from: 0, to: rewards.count, by: groupSize) {
      let group = rewards[begin..<begin + groupSize]
      let mean = group.reduce(0, +) / Double(groupSize)
      let deviation = Self.deviation(group)
      let divisor =
        switch scaling {
        case .group: deviation + Self.softening
        case .batch: all + Self.softening
        case .none: 1.0
        }
      values += group.map { ($0 - mean) / divisor }
      isFlat.append(deviation < Self.flat)
    }
    self.values = values
    self.isFlat = isFlat
  }

  private static let softening = 1e-4
  private static let flat = 1e-8

  /// The standard deviation of a sample: divided by one less than its size.
  private static func deviation(_ values: ArraySlice<Double>) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
