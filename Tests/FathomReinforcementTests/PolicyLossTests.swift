import FathomReinforcement
import Foundation
import Testing

/// Numbers worked out by hand.
@Suite struct PolicyLossTests {
  private func options(_ change: (inout PolicyOptions) -> Void = { _ in }) -> PolicyOptions {
    var options = PolicyOptions()
    options.epsilonHigh = 0.28
    change(&options)
    return options
  }

  private func isClose(_ x: Double, _ y: Double) -> Bool { abs(x - y) < 1e-12 }

  @Test func `on policy the loss is minus the advantage, and so is its slope`() {
    let loss = PolicyLoss(
      logprob: -1.5, old: -1.5, reference: nil, advantage: 2, options())
    #expect(isClose(loss.loss, -2) && isClose(loss.slope, -2) && !loss.isClipped)
    #expect(loss.divergence == 0)
  }

  /// Ratios 0.5, 1.1 and 2 against 0.8 and 1.28.
  @Test(arguments: [
    // A good answer counts until it has become 1.28 times as likely.
    (0.5, 1.0, -0.5, -0.5, false), (1.1, 1.0, -1.1, -1.1, false), (2.0, 1.0, -1.28, 0.0, true),
    // A bad one until it is 0.8 times as likely; a bad one that became likelier counts in full.
    (0.5, -1.0, 0.8, 0.0, true), (1.1, -1.0, 1.1, 1.1, false), (2.0, -1.0, 2.0, 2.0, false),
  ])
  func `the clip takes away what went far enough`(
    ratio: Double, advantage: Double, loss expected: Double, slope: Double, isClipped: Bool
  ) {
    let loss = PolicyLoss(
      logprob: log(ratio) - 3, old: -3, reference: nil, advantage: advantage, options())
    #expect(isClose(loss.loss, expected), "\(loss.loss)")
    #expect(isClose(loss.slope, slope) && loss.isClipped == isClipped)
  }

  /// π_ref/π_θ = 2: 2 − log 2 − 1 = 0.30685…; its slope is 1 − 2.
  @Test func `the divergence is Schulman's third estimate`() {
    let loss = PolicyLoss(
      logprob: -2, old: -2, reference: -2 + log(2.0), advantage: 0,
      options {
        $0.beta = 0.5
        $0.correctsKL = false
      })
    #expect(isClose(loss.divergence, 1 - log(2.0)))
    #expect(isClose(loss.loss, 0.5 * (1 - log(2.0))) && isClose(loss.slope, -0.5))
  }

  /// The same under a ratio of 3: D' = 3 D, and its slope 3 (1 − 2) + 3 D.
  @Test func `the corrected divergence is the ratio times it`() {
    let d = 1 - log(2.0)
    let loss = PolicyLoss(
      logprob: -2, old: -2 - log(3.0), reference: -2 + log(2.0), advantage: 0,
      options {
        $0.beta = 1
        $0.correctsKL = true
      })
    #expect(isClose(loss.divergence, 3 * d) && isClose(loss.loss, 3 * d))
    #expect(isClose(loss.slope, 3 * (d - 1)))
  }

  @Test func `what does not count keeps its divergence`() {
    let loss = PolicyLoss(
      logprob: -2, old: -2, reference: -2 + log(2.0), advantage: -4, counts: false,
      options {
        $0.beta = 1
        $0.correctsKL = false
      })
    #expect(isClose(loss.loss, 1 - log(2.0)) && isClose(loss.slope, -1))
  }

  @Test(arguments: [0.3, 0.9, 1.2, 1.6])
  func `the slope is that of the loss`(ratio: Double) {
    for advantage in [-1.3, 0.7] {
      let options = options {
        $0.beta = 0.3
        $0.correctsKL = true
      }
      func loss(_ logprob: Double) -> PolicyLoss {
        PolicyLoss(
          logprob: logprob, old: -2, reference: -2.4, advantage: advantage, options)
      }
      let at = log(ratio) - 2
      let slope = (loss(at + 1e-6).loss - loss(at - 1e-6).loss) / 2e-6
      #expect(abs(loss(at).slope - slope) < 1e-6, "\(loss(at).slope), \(slope)")
    }
  }
}

@Suite struct GroupAdvantagesTests {
  /// Rewards 1, 0, 0, 1: mean 0.5, deviation of the sample √(1/3) = 0.57735.
  @Test func `a group is compared with its own mean and deviation`() {
    let result = GroupAdvantages([1, 0, 0, 1, 3, 3, 3, 3], groupSize: 4, scaling: .group)
    let unit = 0.5 / ((1.0 / 3).squareRoot() + 1e-4)
    for (value, expected) in zip(result.values, [unit, -unit, -unit, unit, 0, 0, 0, 0]) {
      #expect(abs(value - expected) < 1e-12)
    }
    #expect(result.isFlat == [false, true])
  }

  @Test func `without scaling an advantage is a difference`() {
    let result = GroupAdvantages([1, 0, 0.5, 0.5], groupSize: 2, scaling: .none)
    #expect(result.values == [0.5, -0.5, 0, 0] && result.isFlat == [false, true])
  }

  /// All of 1, 0, 2, 1: mean 1, deviation √(2/3).
  @Test func `the deviation of the batch serves all groups`() {
    let result = GroupAdvantages([1, 0, 2, 1], groupSize: 2, scaling: .batch)
    let unit = 0.5 / ((2.0 / 3).squareRoot() + 1e-4)
    for (value, expected) in zip(result.values, [unit, -unit, unit, -unit]) {
      #expect(abs(value - expected) < 1e-12)
    }
  }
}
