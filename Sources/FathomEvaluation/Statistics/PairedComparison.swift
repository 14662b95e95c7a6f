import FathomTensors
import Foundation

/// McNemar's exact test: whether two models that answered the same problems differ in how many they have right.
public struct McNemarTest: Sendable, Equatable {
  /// Problems that only the first, or only the second, has right.
  public let onlyFirst: Int
  public let onlySecond: Int
  /// Two-sided: the chance of a split at least this uneven between equals.
  public let pValue: Double

  public init(onlyFirst: Int, onlySecond: Int) {
    precondition(onlyFirst >= 0 && onlySecond >= 0, "\(onlyFirst) against \(onlySecond)")
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    let n = onlyFirst + onlySecond
    let fewer = min(onlyFirst, onlySecond)
    // Binomial with ½, in logarithms: 2^-n is nothing for large n.
    var logTerm = -Double(n) * log(2)
    var sum = 0.0
    for i in 0...fewer {
      sum += exp(logTerm)
      logTerm += log(Double(n - i)) - log(Double(i + 1))
    }
    pValue = min(1, 2 * sum)
  }
}

/// Where a mean lies, from resampling: percentiles of the means of samples drawn from the values with replacement.
///
/// The draws are addressed by a fixed seed, so the same values have the same interval everywhere. Differences between two models on the
/// same problems are resampled problem by problem, which keeps what is hard for both out of the interval.
///
/// Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, §13.3.
public struct BootstrapInterval: Sendable, Equatable {
  public let mean: Double
  public let low: Double
  public let high: Double

  public init(
    _ values: [Double], resamples: Int = 10_000, coverage: Double = 0.95, seed: UInt64 = 1
  ) {
    precondition(resamples >= 1, "\(resamples) resamples")
    guard !values.isEmpty else {
      (mean, low, high) = (0, 0, 0)
      return
    }
    let count = UInt64(values.count)
    mean = values.reduce(0, +) / Double(count)
    let random = CounterRandom(seed: seed)
    var counter: UInt64 = 0
    var means: [Double] = []
    means.reserveCapacity(resamples)
    for _ in 0..<resamples {
      var sum = 0.0
      for _ in 0..<count {
        sum += values[Int(random.bits(at: counter).multipliedFullWidth(by: count).high)]
        counter &+= 1
      }
      means.append(sum / Double(count))
    }
    means.sort()
    let tail = Int((1 - coverage) / 2 * Double(resamples))
    (low, high) = (means[tail], means[resamples - 1 - tail])
  }
}
