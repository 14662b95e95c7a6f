/// Where a value of a run's rollouts went: the mean of its first rollouts beside that of its last.
///
/// What counts is the spread from rollout to rollout, which holds questions that are hard and answers that are lucky: answers of one group
/// are no independent trials.
public struct RolloutTrend: Sendable, Equatable {
  public enum Direction: Sendable { case up, down, unclear }

  /// Rollouts of either mean.
  public let rollouts: Int
  public let first: Double
  public let last: Double
  /// Of the difference.
  public let standardError: Double

  /// Fewer rollouts at either end say nothing.
  private static let least = 3
  private static let most = 20

  /// - Parameter values: one for each rollout, in their order.
  /// - Returns: nil where there are too few.
  public init?(_ values: [Double]) {
    rollouts = max(Self.least, min(Self.most, values.count / 5))
    guard values.count >= 2 * rollouts else { return nil }
    let (head, tail) = (values.prefix(rollouts), values.suffix(rollouts))
    func mean(_ part: ArraySlice<Double>) -> Double { part.reduce(0, +) / Double(part.count) }
    func variance(_ part: ArraySlice<Double>, _ mean: Double) -> Double {
      part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(part.count - 1)
    }
    first = mean(head)
    last = mean(tail)
    standardError =
      ((variance(head, first) + variance(tail, last)) / Double(rollouts)).squareRoot()
  }

  public var difference: Double { last - first }

  /// Up or down where chance alone would hardly do it: once in twenty times.
  public var direction: Direction {
    // Sums of rounded numbers are never quite the same.
    let margin = max(Self.quantile(freedom: 2 * rollouts - 2) * standardError, 1e-9)
    if difference > margin { return .up }
    return difference < -margin ? .down : .unclear
  }

  /// Student's t at 97.5 %; for more than 18 degrees of freedom that of 18.
  private static func quantile(freedom: Int) -> Double {
    let values = [2.776, 2.447, 2.306, 2.228, 2.179, 2.145, 2.120, 2.101]
    return values[max(0, min(values.count - 1, freedom / 2 - 2))]
  }
}
