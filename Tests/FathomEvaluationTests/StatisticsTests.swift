import Testing

@testable import FathomEvaluation

@Suite struct StatisticsTests {
  /// Newcombe 1998, table II, method 10.
  @Test func `the interval of a difference is Newcombe's`() {
    for (first, second, low, high) in [
      ((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090),
      ((0, 10), (10, 10), 0.6075, 1), ((0, 20), (0, 10), -0.1611, 0.2775),
    ] {
      let interval = DifferenceInterval(from: first, to: second)
      #expect(abs(interval.low - low) < 5e-5 && abs(interval.high - high) < 5e-5, "\(interval)")
    }
    let nothing = DifferenceInterval(from: (0, 0), to: (0, 0))
    #expect(nothing.difference == 0 && nothing.low == -1 && nothing.high == 1)
  }

  /// By hand: 1 − C(n−c, k) / C(n, k).
  @Test func `pass@k is the share of sets of k with a right one`() {
    for (n, correct, k, chance) in [
      (5, 2, 1, 0.4), (5, 2, 2, 0.7), (10, 3, 5, 0.9166666666666666), (8, 0, 4, 0.0), (8, 8, 1, 1),
      (200, 1, 100, 0.5), (4, 3, 2, 1), (1, 1, 1, 1), (1, 0, 1, 0),
    ] {
      #expect(abs(PassAtK.estimate(n: n, correct: correct, k: k) - chance) < 1e-12)
    }
    // C(100000, 50000) has no double.
    let large = PassAtK.estimate(n: 100_000, correct: 1, k: 50_000)
    #expect(abs(large - 0.5) < 1e-9)
  }

  /// Against every set of k of n samples, counted.
  @Test func `pass@k is unbiased`() {
    for (n, correct) in [(6, 1), (6, 2), (7, 4)] {
      for k in 1...n {
        var (sets, hits) = (0, 0)
        for mask in 0..<(1 << n) where mask.nonzeroBitCount == k {
          sets += 1
          if mask & ((1 << correct) - 1) != 0 { hits += 1 }
        }
        let estimate = PassAtK.estimate(n: n, correct: correct, k: k)
        #expect(abs(estimate - Double(hits) / Double(sets)) < 1e-12)
      }
    }
  }

  /// Values of `scipy.stats.beta.ppf`, SciPy 1.17.1, but for ends without a hit or a miss.
  @Test func `intervals are Jeffreys's`() {
    for (correct, count, low, high) in [
      (0, 10, 0, 0.21719626750921053), (8, 10, 0.4972255035600069, 0.9559405864473692),
      (10, 10, 0.7828037324907894, 1), (950, 1000, 0.9351715442668522, 0.9622298677457253),
      (1, 2, 0.06083027592009732, 0.9391697240799026),
      (3, 5, 0.20941666407600484, 0.905609672655656),
    ] {
      let interval = JeffreysInterval(correct: correct, of: count)
      #expect(abs(interval.low - low) < 1e-9 && abs(interval.high - high) < 1e-9, "\(interval)")
    }
    let all = JeffreysInterval(correct: 0, of: 0)
    #expect(all.low == 0 && all.high == 1)
  }

  /// Values of `scipy.stats.binomtest`, SciPy 1.17.1.
  @Test func `McNemar's test is exact`() {
    for (first, second, p) in [
      (1, 5, 0.21875), (10, 2, 0.03857421875), (0, 0, 1), (3, 3, 1), (0, 8, 0.0078125),
      (400, 330, 0.010605994778707762),
    ] {
      let test = McNemarTest(onlyFirst: first, onlySecond: second)
      #expect(abs(test.pValue - p) < 1e-10, "\(first) \(second) \(test.pValue)")
    }
    #expect(McNemarTest(onlyFirst: 5000, onlySecond: 0).pValue == 0)
  }

  @Test func `the bootstrap is the same each time, and as wide as theory says`() {
    let values = (0..<400).map { $0 % 4 == 0 ? 0.0 : 1.0 }
    let interval = BootstrapInterval(values, resamples: 2000)
    #expect(interval == BootstrapInterval(values, resamples: 2000))
    #expect(interval.mean == 0.75)
    // Standard error √(0.75 · 0.25 / 400) = 0.02165, times 1.96 to either side.
    #expect(abs(interval.low - 0.7076) < 0.006 && abs(interval.high - 0.7924) < 0.006)
    let constant = BootstrapInterval([0.3, 0.3], resamples: 10)
    #expect(constant.low == constant.high && abs(constant.low - 0.3) < 1e-12)
    #expect(BootstrapInterval([]).high == 0)
  }
}
