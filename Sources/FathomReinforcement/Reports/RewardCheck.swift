import FathomCore
import FathomEvaluation
import FathomTraining
import Foundation

/// Whether a run was rewarded for what is wanted: its reward beside the verdicts of the problems' own verifiers.
///
/// A reward that rises while the verifiers' pass rate does not has been gamed. What decides are held-out problems, answered by the model
/// before and after; the verifiers' verdicts on the rollouts themselves (`pass_rate`, whatever the reward says) stand in for them where
/// nobody asked.
public struct RewardCheck: Sendable, Equatable {
  public enum Finding: String, Sendable, CaseIterable {
    case tooFewRollouts = "too_few_rollouts"
    case rewardDidNotRise = "reward_did_not_rise"
    /// The reward did not rise, and the pass rate fell.
    case answersGotWorseAnyway = "answers_got_worse_anyway"
    /// The reward rose, and so did the pass rate.
    case agrees
    /// The pass rate rose in rollouts, and not on held-out problems.
    case onlyInRollouts = "only_in_rollouts"
    /// The reward rose, and the pass rate did not.
    case disagrees
    /// The reward rose, and the pass rate fell.
    case answersGotWorse = "answers_got_worse"

    /// Whether right answers became fewer, or not more though the reward rose.
    public var isWarning: Bool {
      switch self {
      case .onlyInRollouts, .disagrees, .answersGotWorse, .answersGotWorseAnyway: true
      case .tooFewRollouts, .rewardDidNotRise, .agrees: false
      }
    }
  }

  /// Held-out problems that were right.
  public struct HeldOut: Sendable, Equatable {
    public let before: Tally
    public let after: Tally

    public init(before: Tally, after: Tally) {
      self.before = before
      self.after = after
    }

    public var difference: DifferenceInterval {
      DifferenceInterval(from: (before.correct, before.n), to: (after.correct, after.n))
    }
  }

  public let finding: Finding
  public let reward: RolloutTrend?
  public let passRate: RolloutTrend?
  public let heldOut: HeldOut?

  /// - Parameters:
  ///   - rewards: mean reward of each rollout.
  ///   - passRates: share of each rollout's answers that are right by the problems' verifiers.
  ///   - heldOut: nil where no held-out problems were asked.
  public init(rewards: [Double], passRates: [Double], heldOut: HeldOut? = nil) {
    reward = RolloutTrend(rewards)
    passRate = RolloutTrend(passRates)
    self.heldOut = heldOut
    finding = Self.finding(reward, passRate, heldOut)
  }

  private static func finding(
    _ reward: RolloutTrend?, _ passRate: RolloutTrend?, _ heldOut: HeldOut?
  ) -> Finding {
    guard let reward, let passRate else { return .tooFewRollouts }
    guard reward.direction == .up else {
      let fell = heldOut.map { $0.difference.high < 0 } ?? (passRate.direction == .down)
      return fell ? .answersGotWorseAnyway : .rewardDidNotRise
    }
    guard let heldOut else {
      return switch passRate.direction {
      case .up: .agrees
      case .unclear: .disagrees
      case .down: .answersGotWorse
      }
    }
    let difference = heldOut.difference
    if difference.high < 0 { return .answersGotWorse }
    if difference.low > 0 { return .agrees }
    return passRate.direction == .up ? .onlyInRollouts : .disagrees
  }
}

// In words and numbers.
extension RewardCheck {
  public var headline: String {
    switch finding {
    case .tooFewRollouts: "Too few rollouts to say where the reward went."
    case .rewardDidNotRise: "The reward did not rise beyond chance."
    case .answersGotWorseAnyway: "The reward did not rise beyond chance, and the answers got worse."
    case .agrees: "The reward rose, and so did the share of right answers."
    case .onlyInRollouts:
      "The reward rose, and the share of right answers on held-out problems did not beyond its interval."
    case .disagrees:
      "The reward rose, and the share of right answers did not. Look at what is rewarded."
    case .answersGotWorse:
      "The reward rose, and the answers got worse: what is rewarded is not what is wanted."
    }
  }

  /// The numbers behind it, a sentence each.
  public var details: [String] {
    var lines: [String] = []
    if let reward {
      lines.append(
        "Reward: \(Self.number(reward.first)) over the first \(reward.rollouts) rollouts, "
          + "\(Self.number(reward.last)) over the last \(reward.rollouts).")
    }
    if let passRate {
      lines.append(
        "Right in these rollouts, by the problems' own verifiers: "
          + "\(Self.percent(passRate.first)) %, then \(Self.percent(passRate.last)) %.")
    }
    if let heldOut {
      let difference = heldOut.difference
      lines.append(
        "Right on \(heldOut.before.n) held-out problems, greedy: \(Self.text(heldOut.before)) before, "
          + "\(Self.text(heldOut.after)) after, a difference of \(Self.signed(difference.difference)) points "
          + "(\(Self.signed(difference.low)) to \(Self.signed(difference.high))). "
          + "Intervals are Wilson's, at 95 %; that of the difference is Newcombe's.")
    } else {
      lines.append("No held-out problems were asked.")
    }
    return lines
  }

  static func number(_ value: Double) -> String { String(format: "%.3f", value) }
  static func percent(_ rate: Double) -> String { String(format: "%.1f", 100 * rate) }
  private static func signed(_ rate: Double) -> String { String(format: "%+.1f", 100 * rate) }

  /// `94.2 % (92.0 to 95.8)`
  static func text(_ tally: Tally) -> String {
    "\(percent(tally.rate)) % (\(percent(tally.interval.low)) to \(percent(tally.interval.high)))"
  }

  public var json: JSON {
    func trend(_ trend: RolloutTrend?) -> JSON {
      guard let trend else { return .null }
      return .object(
        JSONObject([
          "first": .double(trend.first), "last": .double(trend.last),
          "rollouts": .integer(trend.rollouts), "standard_error": .double(trend.standardError),
        ]))
    }
    var object = JSONObject([
      "finding": .string(finding.rawValue), "is_warning": .bool(finding.isWarning),
      "headline": .string(headline), "reward": trend(reward), "pass_rate": trend(passRate),
    ])
    if let heldOut {
      let difference = heldOut.difference
      object["held_out"] = .object(
        JSONObject([
          "before": Self.json(heldOut.before), "after": Self.json(heldOut.after),
          "difference": .object(
            JSONObject([
              "value": .double(difference.difference), "low": .double(difference.low),
              "high": .double(difference.high),
            ])),
        ]))
    }
    return .object(object)
  }

  static func json(_ tally: Tally) -> JSON {
    .object(
      JSONObject([
        "n": .integer(tally.n), "correct": .integer(tally.correct), "rate": .double(tally.rate),
        "low": .double(tally.interval.low), "high": .double(tally.interval.high),
      ]))
  }
}
