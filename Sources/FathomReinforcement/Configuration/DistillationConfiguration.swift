import FathomCore
import FathomTraining

/// What a run of on-policy distillation is to do: the words of any run, and those of TRL's `GKDConfig` where it has them.
public struct DistillationConfiguration: Sendable, Equatable {
  /// The student, tasks, optimiser, steps and reports.
  public var run: RunConfiguration
  /// Problems beside those of `tasks`. Word: `task_files`.
  public var taskFiles: [TaskFile] = []
  /// A checkpoint folder with the student's vocabulary. Word: `teacher_model`.
  public var teacher: String
  /// Answers of a step, each to a question of its own. Word: `generation_batch_size`. Default 64.
  public var rolloutSize = 64
  /// Most tokens of an answer. Word: `max_completion_length`. Default 256.
  public var maxTokens = 256
  /// What logits are divided by, in rollouts and in the loss. Word: `temperature`. Default 1.
  public var temperature = 1.0
  /// Share of the questions that the student answers; the teacher answers the others, and what is wrong is left out. Word: `lmbda`.
  /// Default 1.
  public var ownShare = 1.0
  /// Whether answers that were cut off are left out, those that go round in circles among them. Word: `mask_truncated_completions`.
  /// Default false.
  public var masksTruncated = false

  /// Questions of a step that the student answers.
  public var ownAnswers: Int { Int((ownShare * Double(rolloutSize)).rounded()) }

  public init(run: RunConfiguration, teacher: String) {
    self.run = run
    self.teacher = teacher
  }
}

extension DistillationConfiguration {
  /// Reads a file, then puts `key=value` overrides over it.
  ///
  /// - Throws: `InputError` with the file and the line, or with the override.
  public init(path: String, overrides: [String] = []) throws {
    try self.init(
      yaml: try RunConfiguration.text(path: path), file: path, overrides: overrides)
  }

  /// - Parameter file: the name for error messages.
  public init(yaml: String, file: String = "run.yaml", overrides: [String] = []) throws {
    var map = try ConfigurationMap(yaml: yaml, file: file, overrides: overrides)
    let run = try RunConfiguration(reading: &map)
    guard let teacher = try map.text("teacher_model") else {
      throw map.error("teacher_model", expected: "a checkpoint folder to learn from")
    }
    self.init(run: run, teacher: teacher)
    taskFiles = try map.maps("task_files").map { try TaskFile($0) }
    rolloutSize = try map.integer("generation_batch_size", 1...1_048_576) ?? rolloutSize
    maxTokens = try map.integer("max_completion_length", 1...1_048_576) ?? maxTokens
    temperature = try map.number("temperature", 0.01...100) ?? temperature
    ownShare = try map.number("lmbda", 0...1) ?? ownShare
    masksTruncated = try map.flag("mask_truncated_completions") ?? masksTruncated
    // A fresh student speaks as its teacher does.
    if run.baseModel == nil, run.tokenizer == nil { self.run.tokenizer = teacher }
    if map.isMissing("logging_steps") { self.run.loggingSteps = 1 }
    // The next token alone is learnt, and a checkpoint's routers are balanced already.
    self.run.mtpLossWeight = 0
    if map.isMissing("balance_loss_weight"), run.baseModel != nil { self.run.balanceLossWeight = 0 }
    try map.finish()
    try self.run.check(map)
    try check(map)
  }

  /// What no key is wrong about on its own.
  private func check(_ map: ConfigurationMap) throws {
    guard !run.tasks.isEmpty || !taskFiles.isEmpty else {
      throw map.error("tasks", expected: "families of problems to answer, or \"task_files\"")
    }
    guard run.datasets.isEmpty else {
      throw map.error("datasets", expected: "none: what is learnt from is answers to \"tasks\"")
    }
    guard run.adapter != .esft else {
      throw map.error("adapter", expected: "none or lora")
    }
    guard run.model?["num_nextn_predict_layers"]?.intValue ?? 0 == 0 else {
      throw map.error(
        "model", expected: "no \"num_nextn_predict_layers\": the next token alone is learnt")
    }
    guard maxTokens < run.sequenceLength else {
      throw map.error(
        "max_completion_length",
        expected: "less than \"sequence_len\", which is \(run.sequenceLength)",
        found: "\(maxTokens)")
    }
  }
}
