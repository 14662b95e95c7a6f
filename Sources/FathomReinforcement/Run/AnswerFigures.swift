import FathomTasks
import Foundation

/// What the answers of a rollout were like.
public struct AnswerFigures: Sendable, Equatable {
  /// Share of answers that are right by the problems' own verifiers, whatever a reward says.
  public var passRate = 0.0
  /// The same for each family.
  public var familyPassRates: [String: Double] = [:]
  /// Tokens that were drawn.
  public var tokens = 0
  /// Tokens of an answer, on average, and the share of answers that were cut off.
  public var length = 0.0
  public var cutOff = 0.0

  public init() {}

  /// - Parameter isRight: of each rollout.
  init(_ rollouts: [Rollout], _ questions: [Problem], isRight: [Bool]) {
    let count = Double(max(1, rollouts.count))
    passRate = Double(isRight.count { $0 }) / count
    tokens = rollouts.reduce(0) { $0 + $1.answer.count }
    length = Double(tokens) / count
    cutOff = Double(rollouts.count { !$0.completion.isFinished }) / count
    var families: [String: (right: Int, all: Int)] = [:]
    for (rollout, isRight) in zip(rollouts, isRight) {
      let family = questions[rollout.question].family
      families[family, default: (0, 0)].all += 1
      if isRight { families[family, default: (0, 0)].right += 1 }
    }
    familyPassRates = families.mapValues { Double($0.right) / Double($0.all) }
  }

  /// For `metrics.jsonl` and TensorBoard.
  var values: [(key: String, value: Double)] {
    [
      ("pass_rate", passRate), ("completion_length", length), ("clipped_completions", cutOff),
      ("rollout_tokens", Double(tokens)),
    ]
      + familyPassRates.sorted { $0.key < $1.key }.map { ("pass_rate_\($0.key)", $0.value) }
  }

  /// For people.
  var words: [String] {
    [String(format: "right %.0f %%", 100 * passRate), String(format: "%.0f tokens", length)]
  }
}
