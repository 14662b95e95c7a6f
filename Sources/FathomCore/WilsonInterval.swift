/// Where a rate lies, given how often it was right: the 95 % score interval of Wilson, which holds for rates near 0
/// and 1 and for few trials too.
public struct WilsonInterval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  /// - Parameter z: how many standard deviations to either side; 1.96 for 95 %.
  public init(correct: Int, of count: Int, z: Double = 1.959963984540054) {
    precondition((0...count).contains(correct), "\(correct) of \(count) correct")
    guard count > 0 else {
      (low, high) = (0, 1)
      return
    }
    let n = Double(count)
    let rate = Double(correct) / n
    let center = rate + z * z / (2 * n)
    let spread = z * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    low = correct == 0 ? 0 : (center - spread) / scale
    high = correct == count ? 1 : (center + spread) / scale
  }
}
