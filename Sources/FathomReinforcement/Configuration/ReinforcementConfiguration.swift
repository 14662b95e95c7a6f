import FathomCore
import FathomTraining

/// What a run of reinforcement learning is to do: the words of any run, and those of TRL's `GRPOConfig` where it has them.
public struct ReinforcementConfiguration: Sendable, Equatable {
  /// Model, tasks, optimiser, steps and reports.
  public var run: RunConfiguration
  /// Problems beside those of `tasks`. Word: `task_files`.
  public var taskFiles: [TaskFile] = []
  public var policy = PolicyOptions()
  /// Answers to a question. Word: `num_generations`. Default 8.
  public var groupSize = 8
  /// Answers of a rollout, all questions together. Word: `generation_batch_size`. Default 128.
  public var rolloutSize = 128
  /// Steps that share one rollout. Word: `steps_per_generation`. Default 1.
  public var stepsPerRollout = 1
  /// How often a rollout is gone through. Word: `num_iterations`. Default 1.
  public var iterations = 1
  /// Most tokens of an answer. Word: `max_completion_length`. Default 256.
  public var maxTokens = 256
  /// Word: `top_p`. Default 1.
  public var topP = 1.0
  /// Word: `top_k`. Default 0, which keeps all.
  public var topK = 0
  /// After so many steps the reference moves to the present policy. Word: `ref_model_sync_steps`, 512 with `sync_ref_model` alone. Missing: never.
  public var referenceSteps: Int?
  /// How far it moves: 1 makes it the present policy. Word: `ref_model_mixup_alpha`. Default 1, and 0.6 with `sync_ref_model` as in TRL.
  public var referenceShare = 1.0
  /// Whether groups whose answers all have one reward are left out. Word: `dynamic_sampling`. Default true.
  public var dropsFlatGroups = true
  /// Whether experts are those of the rollout. Word: `routing_replay`. Default true.
  public var replaysRouting = true
  /// Whether families are drawn the more often the nearer their pass rate is to one half. Word: `curriculum`. Default false.
  public var usesCurriculum = false
  public var rewards = [Reward(kind: .accuracy, weight: 1), Reward(kind: .format, weight: 0.1)]
  /// A fall of the reward by this share, against the best ten rollouts, takes the run back to its last good checkpoint. Word:
  /// `collapse_threshold`. Default 0.3; 0 never does.
  public var collapseThreshold = 0.3

  /// A part of the reward.
  public struct Reward: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
      /// The problem's own verifier.
      case accuracy
      /// Reasoning between tags, then an answer.
      case format
      /// The share of words in the script of `language`.
      case language
      /// What is not said again and again.
      case repetition
      /// 1 up to `free` tokens, 0 at `max_completion_length`.
      case length
      /// A program of the user's.
      case command
    }

    public var kind: Kind
    public var weight: Double
    /// Of `command`: a program and its arguments.
    public var command: [String] = []
    /// Of `command`, in seconds for each answer.
    public var timeLimit = 10.0
    /// Of `language`, as ISO 639-1.
    public var language = "en"
    /// Of `length`: tokens that cost nothing.
    public var free = 0
    /// Of `format`: whether the answer has to stand in `<answer>` tags, as R1-Zero's template has it.
    public var answerTags = false

    public init(kind: Kind, weight: Double) {
      self.kind = kind
      self.weight = weight
    }
  }

  /// Answers of one optimiser step.
  public var answersPerStep: Int { rolloutSize / stepsPerRollout }
  /// Whether all answers of a step come from the very policy that it moves.
  public var isOnPolicy: Bool { stepsPerRollout == 1 && iterations == 1 }
  /// Optimiser steps to a rollout.
  public var stepsEachRollout: Int { stepsPerRollout * iterations }

  public init(run: RunConfiguration) { self.run = run }
}
