import FathomCore

extension RunConfiguration {
  /// Reads a file, then puts `key=value` overrides over it.
  ///
  /// - Throws: `InputError` with the file and the line, or with the override.
  public init(path: String, overrides: [String] = []) throws {
    try self.init(yaml: try Self.text(path: path), file: path, overrides: overrides)
  }

  /// What a configuration file says.
  package static func text(path: String) throws -> String {
    let bytes = try FileBytes.read(path, limit: 1 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw InputError(path, expected: "UTF-8", found: "invalid UTF-8")
    }
    return text
  }

  /// - Parameter file: the name for error messages.
  public init(yaml: String, file: String = "run.yaml", overrides: [String] = []) throws {
    var map = try ConfigurationMap(yaml: yaml, file: file, overrides: overrides)
    try self.init(reading: &map)
    try map.finish()
    try check(map)
  }

  /// Reads what a run of any kind has; the rest of the map, and what belongs together, is for the caller to look at.
  package init(reading map: inout ConfigurationMap) throws {
    self.init()
    words = map.json
    try readModel(&map)
    try readData(&map)
    try readSteps(&map)
    try readOptimizer(&map)
    try readReports(&map)
  }

  private mutating func readModel(_ map: inout ConfigurationMap) throws {
    baseModel = try map.text("base_model")
    model = try map.object("model")
    tokenizer = try map.text("tokenizer")
    chatTemplate = try map.text("chat_template")
    adapter = try map.word("adapter") ?? adapter
    loraR = try map.integer("lora_r", 1...4096) ?? loraR
    loraAlpha = try map.number("lora_alpha", 0...1e6) ?? loraAlpha
    esftThreshold = try map.number("esft_threshold", 1e-6...1) ?? esftThreshold
  }

  private mutating func readData(_ map: inout ConfigurationMap) throws {
    datasets = try map.maps("datasets").map { try Dataset($0) }
    tasks = try map.maps("tasks").map { try TaskShare($0) }
    sequenceLength = try map.integer("sequence_len", 2...1_048_576) ?? sequenceLength
    samplePacking = try map.flag("sample_packing") ?? samplePacking
    heldOutShare = try map.number("val_set_size", 0...0.5) ?? heldOutShare
    promptLossWeight = try map.number("prompt_loss_weight", 0...1) ?? promptLossWeight
  }

  private mutating func readSteps(_ map: inout ConfigurationMap) throws {
    microBatchSize = try map.integer("micro_batch_size", 1...65_536) ?? microBatchSize
    gradientAccumulationSteps =
      try map.integer("gradient_accumulation_steps", 1...65_536) ?? gradientAccumulationSteps
    batchRampSteps = try map.integer("batch_ramp_steps", 0...Int.max) ?? batchRampSteps
    numEpochs = try map.number("num_epochs", 0...1e6) ?? numEpochs
    maxSteps = try map.integer("max_steps", 1...Int(Int32.max))
    seed = UInt64(try map.integer("seed", 0...Int.max) ?? 0)
    precision = try map.word("precision") ?? precision
    mtpLossWeight = try map.number("mtp_loss_weight", 0...10) ?? mtpLossWeight
    mtpRows = try map.number("mtp_rows", 0.01...1) ?? mtpRows
    routerBiasUpdateRate = try map.number("router_bias_update_rate", 0...1)
    balanceLossWeight = try map.number("balance_loss_weight", 0...10) ?? balanceLossWeight
  }

  private mutating func readOptimizer(_ map: inout ConfigurationMap) throws {
    optimizer = try map.word("optimizer") ?? optimizer
    learningRate = try map.number("learning_rate", 0...10) ?? learningRate
    schedule = try map.word("lr_scheduler") ?? schedule
    warmupSteps = try map.integer("warmup_steps", 0...Int.max) ?? warmupSteps
    let decaySteps = try map.integer("decay_steps", 0...Int.max)
    let decayFraction = try map.number("decay_fraction", 0...1)
    decay = decaySteps.map { .steps($0) } ?? decayFraction.map { .fraction($0) }
    minimumRateShare = try map.number("min_lr_ratio", 0...1) ?? minimumRateShare
    weightDecay = try map.number("weight_decay", 0...10) ?? weightDecay
    adamBeta1 = try map.number("adam_beta1", 0...0.9999999) ?? adamBeta1
    adamBeta2 = try map.number("adam_beta2", 0...0.9999999) ?? adamBeta2
    adamEpsilon = try map.number("adam_epsilon", 0...1) ?? adamEpsilon
    muonMomentum = try map.number("muon_momentum", 0...0.9999999) ?? muonMomentum
    maxGradNorm = try map.number("max_grad_norm", 0...Double.infinity) ?? maxGradNorm
    emaDecay = try map.number("ema_decay", 0...0.9999999)
    if decaySteps != nil, decayFraction != nil {
      throw map.error("decay_fraction", expected: "either this or \"decay_steps\"", found: "both")
    }
  }

  private mutating func readReports(_ map: inout ConfigurationMap) throws {
    outputDir = try map.text("output_dir") ?? outputDir
    loggingSteps = try map.integer("logging_steps", 1...Int.max) ?? loggingSteps
    evalSteps = try map.integer("eval_steps", 1...Int.max)
    saveSteps = try map.integer("save_steps", 1...Int.max)
    saveTotalLimit = try map.integer("save_total_limit", 1...1_000_000) ?? saveTotalLimit
    earlyStoppingPatience = try map.integer("early_stopping_patience", 1...Int.max)
  }

  /// What no key is wrong about on its own.
  package func check(_ map: ConfigurationMap) throws {
    switch (baseModel, model) {
    case (nil, nil):
      throw map.error("base_model", expected: "a checkpoint folder, or \"model\" in its place")
    case (.some, .some):
      throw map.error("model", expected: "either this or \"base_model\"", found: "both")
    case (nil, .some) where adapter != .none:
      throw map.error("adapter", expected: "none, as there is no \"base_model\" to adapt")
    default: break
    }
    if datasets.isEmpty, tasks.isEmpty {
      throw map.error("datasets", expected: "at least one data set, or \"tasks\"")
    }
    if maxSteps == nil, !tasks.isEmpty {
      throw map.error("max_steps", expected: "a number of steps, as \"tasks\" never end")
    }
    if earlyStoppingPatience != nil, evalSteps == nil {
      throw map.error(
        "early_stopping_patience", expected: "\"eval_steps\" beside it, or there is one evaluation")
    }
    if earlyStoppingPatience != nil, tasks.isEmpty, heldOutShare == 0 {
      throw map.error(
        "early_stopping_patience", expected: "\"val_set_size\" beside it, or nothing is held out")
    }
    if let maxSteps, warmupSteps > maxSteps {
      throw map.error("warmup_steps", expected: "at most \"max_steps\", which is \(maxSteps)")
    }
    if !tasks.isEmpty, !tasks.contains(where: { $0.points.contains { $0.weight > 0 } }) {
      throw map.error("tasks", expected: "a weight above 0", found: "none")
    }
  }
}

extension RunConfiguration.Dataset {
  fileprivate init(_ map: ConfigurationMap) throws {
    var map = map
    guard let path = try map.text("path") else {
      throw map.error("path", expected: "the path of a JSONL file")
    }
    self.init(path: path, kind: try map.word("type") ?? .chat)
    try map.finish()
  }
}

extension RunConfiguration.TaskShare {
  fileprivate init(_ map: ConfigurationMap) throws {
    var map = map
    guard let family = try map.text("family") else {
      throw map.error("family", expected: "the name of a family of tasks")
    }
    let weight = try map.number("weight", 0...1e9)
    let points = try map.maps("curriculum").map { try Point($0) }
    self.init(family: family, weight: weight ?? 1)
    if !points.isEmpty {
      guard weight == nil else {
        throw map.error("curriculum", expected: "either this or \"weight\"", found: "both")
      }
      guard zip(points, points.dropFirst()).allSatisfy({ $0.sample < $1.sample }) else {
        throw map.error(
          "curriculum", expected: "rising numbers of samples",
          found: points.map { "\($0.sample)" }.joined(separator: ", "))
      }
      self.points = points
    }
    try map.finish()
  }
}

extension RunConfiguration.TaskShare.Point {
  fileprivate init(_ map: ConfigurationMap) throws {
    var map = map
    guard let sample = try map.integer("sample", 0...Int.max) else {
      throw map.error("sample", expected: "the number of a sample")
    }
    guard let weight = try map.number("weight", 0...1e9) else {
      throw map.error("weight", expected: "the weight from there on")
    }
    self.init(sample: UInt64(sample), weight: weight)
    try map.finish()
  }
}
