import Foundation

/// What one rollout and the steps made of it were like.
public struct RolloutMetrics: Sendable, Equatable, ReportedRollout {
  /// The last step that was made of it.
  public var step = 0
  public var reward = 0.0
  public var rewardDeviation = 0.0
  public var answers = AnswerFigures()
  /// Mean over the tokens of the first answers, whatever their rewards, at temperature 1 and with the whole vocabulary; nats.
  public var entropy = 0.0
  /// Mean over the tokens that were learnt from, nats.
  public var divergence = 0.0
  public var clipFraction = 0.0
  /// Share of groups whose answers all had one reward.
  public var flatFraction = 0.0
  public var loss = 0.0
  public var gradientNorm = 0.0
  public var learningRate = 0.0
  /// Largest and mean difference between the log-probabilities that the engine told and those of the trainer.
  public var largestMismatch = 0.0
  public var meanMismatch = 0.0
  public var rolloutSeconds = 0.0
  public var rewardSeconds = 0.0
  public var learningSeconds = 0.0

  public var seconds: Double { rolloutSeconds + rewardSeconds + learningSeconds }

  var values: [(key: String, value: Double)] {
    [("reward", reward), ("reward_std", rewardDeviation)] + answers.values + [
      ("entropy", entropy), ("kl", divergence), ("clip_fraction", clipFraction),
      ("zero_variance_fraction", flatFraction), ("loss", loss), ("grad_norm", gradientNorm),
      ("lr", learningRate),
      ("rollout_tok_per_s", Double(answers.tokens) / max(rolloutSeconds, 1e-9)),
      ("logprob_mismatch_max", largestMismatch), ("logprob_mismatch_mean", meanMismatch),
      ("step_s", seconds), ("rollout_s", rolloutSeconds), ("reward_s", rewardSeconds),
      ("learning_s", learningSeconds),
    ]
  }

  var words: [String] {
    var words = [String(format: "reward %.3f", reward)] + answers.words
    words.append(String(format: "entropy %.3f", entropy))
    words.append(String(format: "flat %.0f %%", 100 * flatFraction))
    if divergence != 0 { words.append(String(format: "kl %.4f", divergence)) }
    if clipFraction > 0 { words.append(String(format: "clipped %.0f %%", 100 * clipFraction)) }
    return words
  }
}
