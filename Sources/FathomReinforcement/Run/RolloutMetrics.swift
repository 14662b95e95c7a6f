/// What one rollout and the steps made of it were like.
public struct RolloutMetrics: Sendable, Equatable {
  /// The last step that was made of it.
  public var step = 0
  public var reward = 0.0
  public var rewardDeviation = 0.0
  /// Share of answers that are right by the problems' own verifiers, whatever the reward says.
  public var passRate = 0.0
  /// The same for each family.
  public var familyPassRates: [String: Double] = [:]
  /// Tokens of an answer, on average, and the share of answers that were cut off.
  public var length = 0.0
  public var cutOff = 0.0
  /// Mean over tokens, nats.
  public var entropy = 0.0
  public var divergence = 0.0
  public var clipFraction = 0.0
  /// Share of groups whose answers all had one reward.
  public var flatFraction = 0.0
  public var loss = 0.0
  public var gradientNorm = 0.0
  public var learningRate = 0.0
  /// Tokens that were drawn.
  public var tokens = 0
  /// Largest and mean difference between the log-probabilities that the engine told and those of the trainer.
  public var largestMismatch = 0.0
  public var meanMismatch = 0.0
  public var rolloutSeconds = 0.0
  public var rewardSeconds = 0.0
  public var learningSeconds = 0.0

  public var seconds: Double { rolloutSeconds + rewardSeconds + learningSeconds }

  /// For `metrics.jsonl` and TensorBoard.
  var values: [(key: String, value: Double)] {
    var values: [(key: String, value: Double)] = [
      ("reward", reward), ("reward_std", rewardDeviation), ("pass_rate", passRate),
      ("completion_length", length), ("clipped_completions", cutOff), ("entropy", entropy),
      ("kl", divergence), ("clip_fraction", clipFraction), ("zero_variance_fraction", flatFraction),
      ("loss", loss), ("grad_norm", gradientNorm), ("lr", learningRate),
      ("rollout_tokens", Double(tokens)),
      ("rollout_tok_per_s", Double(tokens) / max(rolloutSeconds, 1e-9)),
      ("logprob_mismatch_max", largestMismatch), ("logprob_mismatch_mean", meanMismatch),
      ("step_s", seconds), ("rollout_s", rolloutSeconds), ("reward_s", rewardSeconds),
      ("learning_s", learningSeconds),
    ]
    for (family, rate) in familyPassRates.sorted(by: { $0.key < $1.key }) {
      values.append(("pass_rate_\(family)", rate))
    }
    return values
  }
}
