import Foundation

/// Where a rate lies, given how often it was right: the 95 % credible interval with Jeffreys' prior Beta(½, ½).
///
/// Source: Brown, Cai and DasGupta 2001, Interval Estimation for a Binomial Proportion, §4.1.2: an end with no miss or no hit is 1 or 0.
public struct JeffreysInterval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  /// - Parameter coverage: share of the posterior that the interval holds.
  public init(correct: Int, of count: Int, coverage: Double = 0.95) {
    precondition((0...count).contains(correct), "\(correct) of \(count) correct")
    let a = Double(correct) + 0.5
    let b = Double(count - correct) + 0.5
    let tail = (1 - coverage) / 2
    low = correct == 0 ? 0 : BetaDistribution(a: a, b: b).quantile(tail)
    high = correct == count ? 1 : BetaDistribution(a: a, b: b).quantile(1 - tail)
  }
}

/// The beta distribution.
struct BetaDistribution {
  let a: Double
  let b: Double

  /// The value below which a share of the distribution lies.
  func quantile(_ share: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if cumulative(middle) < share { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }

  /// The regularised incomplete beta function, by its continued fraction.
  ///
  /// Source: Abramowitz and Stegun 26.5.8, evaluated by Lentz's method.
  func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The fraction converges fast on this side of the mean only.
    guard x <= (a + 1) / (a + b + 2) else {
      return 1 - BetaDistribution(a: b, b: a).cumulative(1 - x)
    }
    let logFront =
      Self.logGamma(a + b) - Self.logGamma(a) - Self.logGamma(b) + a * log(x) + b * log(1 - x)
    return exp(logFront) * fraction(x) / a
  }

  private func fraction(_ x: Double) -> Double {
    let tiny = 1e-300
    func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
      let m = Double(step)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / kept(1 + term * d)
        c = kept(1 + term / c)
        result *= d * c
      }
      if abs(d * c - 1) < 1e-16 { break }
    }
    return result
  }

  /// log Γ(x) for x > 0: Stirling's series beyond 10, the recurrence below.
  static func logGamma(_ x: Double) -> Double {
    var (x, shift) = (x, 0.0)
    while x < 10 {
      shift -= log(x)
      x += 1
    }
    let r = 1 / (x * x)
    let series = (1 / 12.0 - r * (1 / 360.0 - r * (1 / 1260.0 - r * (1 / 1680.0 - r / 1188)))) / x
    return shift + (x - 0.5) * log(x) - x + 0.5 * log(2 * Double.pi) + series
  }
}
