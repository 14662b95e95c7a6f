import FathomCore

/// Where the difference of two rates lies that were measured apart: 95 %, from the Wilson intervals of both.
///
/// Source: Newcombe 1998, Interval estimation for the difference between independent proportions, method 10. Where both rates are of the
/// same problems it is wider than it has to be.
public struct DifferenceInterval: Sendable, Equatable {
  /// The second rate less the first.
  public let difference: Double
  public let low: Double
  public let high: Double

  public init(
    from first: (correct: Int, count: Int), to second: (correct: Int, count: Int)
  ) {
    func rate(_ x: (correct: Int, count: Int)) -> Double {
      x.count == 0 ? 0 : Double(x.correct) / Double(x.count)
    }
    let a = WilsonInterval(correct: first.correct, of: first.count)
    let b = WilsonInterval(correct: second.correct, of: second.count)
    let (p, q) = (rate(first), rate(second))
    func length(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
    difference = q - p
    low = difference - length(q - b.low, a.high - p)
    high = difference + length(b.high - q, p - a.low)
  }
}
