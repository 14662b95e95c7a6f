import FathomCore
import FathomTasks

/// An answer that is kept for people to read.
struct RolloutSample: Sendable {
  let kind: String
  let problem: Problem
  let rollout: Rollout
  let score: RewardScore

  /// The best and the worst answer of a rollout, the first of equals.
  static func bestAndWorst(
    _ rollouts: [Rollout], _ scores: [RewardScore], _ questions: [Problem]
  ) -> [RolloutSample] {
    let order = rollouts.indices
    guard let best = order.max(by: { scores[$0].reward < scores[$1].reward }),
      let worst = order.min(by: { scores[$0].reward < scores[$1].reward })
    else { return [] }
    return [("best", best), ("worst", worst)].map { kind, index in
      RolloutSample(
        kind: kind, problem: questions[rollouts[index].question], rollout: rollouts[index],
        score: scores[index])
    }
  }

  /// For `samples.jsonl`.
  var values: [(key: String, value: JSON)] {
    [
      ("kind", .string(kind)), ("family", .string(problem.family)),
      ("prompt", .string(problem.prompt)), ("completion", .string(rollout.completion.text)),
      ("expected", .string(problem.answer)), ("reward", .double(score.reward)),
      ("right", .bool(score.isRight)), ("detail", .string(score.detail)),
    ]
  }
}
