/// The objective of group relative policy optimisation and its variants. Names are those of TRL's `GRPOConfig`.
///
/// Source: DeepSeekMath (arXiv 2402.03300) §4.1, DeepSeek-R1 report §2.2.1, DAPO (arXiv 2503.14476), Dr. GRPO
/// (arXiv 2503.20783), DeepSeek-V3.2 report §3.1.
public struct PolicyOptions: Sendable, Equatable {
  /// What the sum over tokens is divided by.
  public enum LossType: String, Sendable, CaseIterable {
    /// Each answer's own length, then the number of answers.
    case grpo
    /// The tokens of the step.
    case bnpo
    /// The number of answers times the most tokens an answer may have.
    case drGRPO = "dr_grpo"
    /// The tokens of the whole rollout, shared among its steps.
    case dapo
  }

  /// What the difference of a reward from the mean of its group is divided by.
  public enum RewardScaling: String, Sendable, CaseIterable {
    /// The group's standard deviation.
    case group
    /// That of all rewards of the rollout.
    case batch
    case none
  }

  /// Word: `loss_type`.
  public var lossType = LossType.dapo
  /// Word: `scale_rewards`.
  public var scaleRewards = RewardScaling.group
  /// How far the ratio π_θ/π_old may fall below 1 before it stops counting. Word: `epsilon`.
  public var epsilon = 0.2
  /// How far it may rise above 1. Word: `epsilon_high`; `epsilon` if missing.
  public var epsilonHigh = 0.2
  /// Weight of the divergence from the reference model. Word: `beta`.
  public var beta = 0.0
  /// Whether the divergence is multiplied by the ratio, which makes its estimate unbiased. Word: `use_bias_correction_kl`.
  public var correctsKL = true
  /// Answers with a negative advantage and a greater mean of log(π_old/π_θ) are left out. Word: `off_policy_mask_threshold`.
  public var offPolicyMaskThreshold: Double?
  /// Whether answers that were cut off are left out. Word: `mask_truncated_completions`.
  public var masksTruncated = false
  /// What logits are divided by, in rollouts and in the loss. Word: `temperature`.
  public var temperature = 1.0

  public init() {}
}
