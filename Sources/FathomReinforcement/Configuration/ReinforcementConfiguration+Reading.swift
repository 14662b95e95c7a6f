import FathomCore
import FathomEvaluation
import FathomTraining

extension ReinforcementConfiguration {
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
    self.init(run: try RunConfiguration(reading: &map))
    taskFiles = try map.maps("task_files").map { try TaskFile($0) }
    // What RL needs otherwise than imitation.
    if map.isMissing("precision") { run.precision = .fp32 }
    if map.isMissing("optimizer") { run.optimizer = .adamw }
    if map.isMissing("learning_rate") { run.learningRate = 3e-5 }
    if map.isMissing("warmup_steps") { run.warmupSteps = 10 }
    if map.isMissing("weight_decay") { run.weightDecay = 0 }
    if map.isMissing("logging_steps") { run.loggingSteps = 1 }
    run.mtpLossWeight = 0
    if map.isMissing("balance_loss_weight") { run.balanceLossWeight = 0 }
    run.routerBiasUpdateRate = run.routerBiasUpdateRate ?? 0
    try readPolicy(&map)
    try readRollouts(&map)
    try map.finish()
    try check(map)
  }

  private mutating func readPolicy(_ map: inout ConfigurationMap) throws {
    policy.lossType = try map.word("loss_type") ?? policy.lossType
    policy.scaleRewards = try map.word("scale_rewards") ?? policy.scaleRewards
    policy.epsilon = try map.number("epsilon", 0...1e6) ?? policy.epsilon
    policy.epsilonHigh = try map.number("epsilon_high", 0...1e6) ?? policy.epsilon
    policy.beta = try map.number("beta", 0...1e3) ?? policy.beta
    policy.correctsKL = try map.flag("use_bias_correction_kl") ?? policy.correctsKL
    policy.offPolicyMaskThreshold = try map.number("off_policy_mask_threshold", 0...1e6)
    policy.masksTruncated = try map.flag("mask_truncated_completions") ?? policy.masksTruncated
    policy.temperature = try map.number("temperature", 0.01...100) ?? policy.temperature
  }

  private mutating func readRollouts(_ map: inout ConfigurationMap) throws {
    groupSize = try map.integer("num_generations", 2...4096) ?? groupSize
    rolloutSize = try map.integer("generation_batch_size", 2...1_048_576) ?? rolloutSize
    stepsPerRollout = try map.integer("steps_per_generation", 1...4096) ?? stepsPerRollout
    iterations = try map.integer("num_iterations", 1...64) ?? iterations
    maxTokens = try map.integer("max_completion_length", 1...1_048_576) ?? maxTokens
    topP = try map.number("top_p", 1e-6...1) ?? topP
    topK = try map.integer("top_k", 0...Int(Int32.max)) ?? topK
    try readReference(&map)
    dropsFlatGroups = try map.flag("dynamic_sampling") ?? dropsFlatGroups
    replaysRouting = try map.flag("routing_replay") ?? replaysRouting
    usesCurriculum = try map.flag("curriculum") ?? usesCurriculum
    collapseThreshold = try map.number("collapse_threshold", 0...1) ?? collapseThreshold
    let parts = try map.maps("rewards").map { try Reward($0) }
    if !parts.isEmpty { rewards = parts }
  }

  private mutating func readReference(_ map: inout ConfigurationMap) throws {
    let syncs = try map.flag("sync_ref_model")
    let steps = try map.integer("ref_model_sync_steps", 1...Int.max)
    referenceSteps = syncs == false ? nil : steps ?? (syncs == true ? 512 : nil)
    referenceShare =
      try map.number("ref_model_mixup_alpha", 1e-6...1) ?? (syncs == true ? 0.6 : 1)
  }

  /// What no key is wrong about on its own.
  private func check(_ map: ConfigurationMap) throws {
    for key in [
      "datasets", "gradient_accumulation_steps", "early_stopping_patience", "val_set_size",
    ]
    where !map.isMissing(key) {
      throw map.error(
        key,
        expected:
          "no such key: what is learnt from is answers to problems, all of a rollout's at once")
    }
    guard run.baseModel != nil else {
      throw map.error("base_model", expected: "a checkpoint folder whose answers are to improve")
    }
    guard run.model == nil else {
      throw map.error("model", expected: "only \"base_model\": rewards teach what can answer")
    }
    guard !run.tasks.isEmpty || !taskFiles.isEmpty else {
      throw map.error(
        "tasks", expected: "families of problems to be rewarded for, or \"task_files\"")
    }
    guard let steps = run.maxSteps else {
      throw map.error("max_steps", expected: "a number of steps, as \"tasks\" never end")
    }
    guard run.adapter != .esft else {
      throw map.error("adapter", expected: "none or lora")
    }
    guard run.warmupSteps <= steps else {
      throw map.error("warmup_steps", expected: "at most \"max_steps\", which is \(steps)")
    }
    guard rolloutSize.isMultiple(of: groupSize * stepsPerRollout) else {
      throw map.error(
        "generation_batch_size",
        expected: "a multiple of num_generations × steps_per_generation, "
          + "\(groupSize) × \(stepsPerRollout)", found: "\(rolloutSize)")
    }
    guard maxTokens < run.sequenceLength else {
      throw map.error(
        "max_completion_length",
        expected: "less than \"sequence_len\", which is \(run.sequenceLength)",
        found: "\(maxTokens)")
    }
    for reward in rewards where reward.kind == .length && reward.free >= maxTokens {
      throw map.error(
        "rewards", expected: "\"free\" below max_completion_length, which is \(maxTokens)",
        found: "\(reward.free)")
    }
  }
}

extension ReinforcementConfiguration.Reward {
  fileprivate init(_ map: ConfigurationMap) throws {
    var map = map
    guard let kind = try map.word("kind", of: Kind.self) else {
      throw map.error(
        "kind", expected: "one of " + Kind.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.init(kind: kind, weight: try map.number("weight", 1e-6...1e6) ?? 1)
    timeLimit = try map.number("time_limit", 0.01...86_400) ?? timeLimit
    language = try map.text("language") ?? language
    free = try map.integer("free", 0...Int.max) ?? free
    answerTags = try map.flag("answer_tags") ?? answerTags
    command = try map.texts("command")
    if kind == .command, command.isEmpty {
      throw map.error("command", expected: "a program and its arguments, a list")
    }
    if kind == .language, LanguageGrader.Script(language: language) == nil {
      throw map.error("language", expected: "a language by its ISO 639-1 code", found: language)
    }
    try map.finish()
  }
}
