import FathomCore
import FathomTasks

/// An answer that is kept for people to read.
struct RolloutSample: Sendable {
  let kind: String
  let problem: Problem
  let rollout: Rollout
  /// What is said of it.
  let figures: [(key: String, value: JSON)]

  /// The two answers with the highest and the lowest value, the first of equals.
  ///
  /// - Parameters:
  ///   - kinds: what they are called.
  ///   - figures: of a rollout by its place.
  static func extremes(
    of rollouts: [Rollout], _ questions: [Problem], by values: [Double],
    kinds: (highest: String, lowest: String), figures: (Int) -> [(key: String, value: JSON)]
  ) -> [RolloutSample] {
    let order = rollouts.indices
    guard let highest = order.max(by: { values[$0] < values[$1] }),
      let lowest = order.min(by: { values[$0] < values[$1] })
    else { return [] }
    return [(kinds.highest, highest), (kinds.lowest, lowest)].map { kind, index in
      RolloutSample(
        kind: kind, problem: questions[rollouts[index].question], rollout: rollouts[index],
        figures: figures(index))
    }
  }

  /// For `samples.jsonl`.
  var values: [(key: String, value: JSON)] {
    [
      ("kind", .string(kind)), ("family", .string(problem.family)),
      ("prompt", .string(problem.prompt)), ("completion", .string(rollout.completion.text)),
      ("expected", .string(problem.answer)),
    ] + figures
  }
}
