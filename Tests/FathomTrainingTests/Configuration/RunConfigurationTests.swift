import FathomCore
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct RunConfigurationTests {
  private static let full = """
    # Everything there is.
    model:
      hidden_size: 256
      rope_theta: 1e4
      tie_word_embeddings: false
      rope_scaling: null
      torch_dtype: "bfloat16"
    tokenizer: data/tokenizer
    chat_template: deepseek-r1
    datasets:
      - path: a.jsonl
      - {path: b.jsonl, type: completion}
    tasks:
      - family: words
        weight: 3
      - family: mapping
        curriculum:
          - {sample: 0, weight: 0}
          - {sample: 20000, weight: 2.5}
    sequence_len: 768
    sample_packing: false
    val_set_size: 0.05
    prompt_loss_weight: 0.1
    adapter: none
    lora_r: 8
    lora_alpha: 16
    esft_threshold: 0.3
    micro_batch_size: 4
    gradient_accumulation_steps: 2
    batch_ramp_steps: 50
    num_epochs: 2
    max_steps: 9_000
    seed: 7
    precision: fp8
    optimizer: adamw
    learning_rate: 2e-3
    lr_scheduler: cosine
    warmup_steps: 100
    decay_fraction: 0.25
    min_lr_ratio: 0
    weight_decay: 0.01
    adam_beta1: 0.8
    adam_beta2: 0.99
    adam_epsilon: 1e-9
    muon_momentum: 0.9
    max_grad_norm: .5
    ema_decay: 0.999
    mtp_loss_weight: 0.1
    router_bias_update_rate: 0.002
    balance_loss_weight: 1e-3
    output_dir: runs/a
    logging_steps: 5
    eval_steps: 500
    save_steps: 1000
    save_total_limit: 3
    early_stopping_patience: 4
    """

  private func message(_ yaml: String, _ overrides: [String] = []) -> String {
    do {
      _ = try RunConfiguration(yaml: yaml, overrides: overrides)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  /// The least that is complete, and more lines.
  private func minimal(_ lines: String = "") -> String {
    "base_model: m\ndatasets: [{path: a.jsonl}]\n" + lines
  }

  @Test func `every key is read`() throws {
    let found = try RunConfiguration(yaml: Self.full)
    var expected = RunConfiguration()
    expected.model = JSONObject([
      "hidden_size": .integer(256), "rope_theta": .double(10000),
      "tie_word_embeddings": .bool(false), "rope_scaling": .null,
      "torch_dtype": .string("bfloat16"),
    ])
    expected.tokenizer = "data/tokenizer"
    expected.chatTemplate = "deepseek-r1"
    expected.datasets = [.init(path: "a.jsonl"), .init(path: "b.jsonl", kind: .plain)]
    expected.tasks = [
      .init(family: "words", weight: 3),
      .init(
        family: "mapping",
        points: [.init(sample: 0, weight: 0), .init(sample: 20000, weight: 2.5)]),
    ]
    expected.sequenceLength = 768
    expected.samplePacking = false
    expected.heldOutShare = 0.05
    expected.promptLossWeight = 0.1
    expected.loraR = 8
    expected.loraAlpha = 16
    expected.esftThreshold = 0.3
    expected.microBatchSize = 4
    expected.gradientAccumulationSteps = 2
    expected.batchRampSteps = 50
    expected.numEpochs = 2
    expected.maxSteps = 9000
    expected.seed = 7
    expected.precision = .fp8
    expected.optimizer = .adamw
    expected.learningRate = 2e-3
    expected.schedule = .cosine
    expected.warmupSteps = 100
    expected.decay = .fraction(0.25)
    expected.minimumRateShare = 0
    expected.weightDecay = 0.01
    expected.adamBeta1 = 0.8
    expected.adamBeta2 = 0.99
    expected.adamEpsilon = 1e-9
    expected.muonMomentum = 0.9
    expected.maxGradNorm = 0.5
    expected.emaDecay = 0.999
    expected.mtpLossWeight = 0.1
    expected.routerBiasUpdateRate = 0.002
    expected.balanceLossWeight = 1e-3
    expected.outputDir = "runs/a"
    expected.loggingSteps = 5
    expected.evalSteps = 500
    expected.saveSteps = 1000
    expected.saveTotalLimit = 3
    expected.earlyStoppingPatience = 4
    expected.words = found.words
    #expect(found == expected)
    #expect(RunConfiguration.Decay.fraction(0.25).steps(of: 9000) == 2250)
    #expect(RunConfiguration.Decay.steps(99).steps(of: 50) == 50)
  }

  @Test func `what is left out has its default`() throws {
    var expected = RunConfiguration()
    expected.baseModel = "m"
    expected.datasets = [.init(path: "a.jsonl")]
    let found = try RunConfiguration(yaml: minimal("seed:\nadapter: ~\n"))
    expected.words = found.words
    #expect(found == expected)
  }

  @Test func `a run knows what its file said, overrides included`() throws {
    let found = try RunConfiguration(
      yaml: minimal("seed: 3\nlearning_rate: 1e-4\n"), overrides: ["seed=7", "output_dir=\"8\""])
    #expect(
      JSON.object(found.words).text()
        == #"{"base_model":"m","datasets":[{"path":"a.jsonl"}],"seed":7,"learning_rate":0.0001,"output_dir":"8"}"#
    )
  }

  @Test func `an unknown key is told with its line and the nearest known one`() {
    #expect(
      message(minimal("learning_rte: 1\n"))
        == "run.yaml, line 3, \"learning_rte\": expected a known key, perhaps \"learning_rate\", "
        + "found \"learning_rte\"")
    #expect(
      message("base_model: m\ndatasets:\n  - path: a\n    typ: chat_template\n")
        == "run.yaml, line 4, \"datasets[0].typ\": expected a known key, perhaps "
        + "\"datasets[0].type\", found \"typ\"")
    #expect(
      message(minimal(), ["sequence_length=8"]).hasPrefix(
        "-o sequence_length=8, \"sequence_length\": expected a known key, perhaps \"sequence_len\"")
    )
  }

  @Test(arguments: [
    (
      "learning_rate: fast",
      "line 3, \"learning_rate\": expected a number from 0.0 to 10.0, found \"fast\""
    ),
    ("learning_rate: \"0.1\"", "found \"0.1\""),
    (
      "micro_batch_size: 0",
      "\"micro_batch_size\": expected a whole number from 1 to 65536, found \"0\""
    ),
    ("max_steps: 1.5", "expected a whole number from 1 to 2147483647, found \"1.5\""),
    ("optimizer: sgd", "\"optimizer\": expected one of muon, adamw, found \"sgd\""),
    ("sample_packing: yes", "\"sample_packing\": expected true or false, found \"yes\""),
    ("lr_scheduler: [cosine]", "expected one of constant, cosine, linear, found a list of 1"),
    ("tasks: words", "\"tasks\": expected a list of maps, found \"words\""),
    ("tasks: [words]", "line 3, \"tasks[0]\": expected a map, found \"words\""),
    ("tasks: [{weight: 2}]", "\"tasks[0].family\": expected the name of a family of tasks"),
    (
      "tasks: [{family: a, weight: -1}]",
      "\"tasks[0].weight\": expected a number from 0.0 to 1000000000.0, found \"-1\""
    ),
    (
      "max_steps: 1\ntasks: [{family: a, weight: 0}]",
      "\"tasks\": expected a weight above 0, found none"
    ),
    // Trained one step and said nothing: generated problems never end.
    ("tasks: [{family: a}]", "\"max_steps\": expected a number of steps"),
    ("early_stopping_patience: 3", "expected \"eval_steps\" beside it"),
    ("eval_steps: 5\nearly_stopping_patience: 3", "expected \"val_set_size\" beside it"),
    (
      "tasks: [{family: a, curriculum: [{sample: 5, weight: 1}, {sample: 5, weight: 2}]}]",
      "\"tasks[0].curriculum\": expected rising numbers of samples, found 5, 5"
    ),
    ("datasets: [{path: b}]", "more than once: \"datasets\""),
    ("model: {hidden_size: 8}", "\"model\": expected either this or \"base_model\", found both"),
    ("decay_steps: 1\ndecay_fraction: 0.1", "expected either this or \"decay_steps\", found both"),
    ("max_steps: 5\nwarmup_steps: 6", "expected at most \"max_steps\", which is 5, found \"6\""),
    ("seed: [1", "line 4: expected YAML, found"),
    ("? {a: b}\n: 1", "expected keys that are words"),
    ("seed: *nowhere", "expected YAML, found"),
  ])
  func `a wrong value is told with what is expected and what was found`(
    line: String, expected: String
  ) {
    let message = message(minimal(line + "\n"))
    #expect(message.hasPrefix("run.yaml") && message.contains(expected), "\(message)")
  }

  @Test func `a run needs a model, data and an end`() {
    #expect(
      message("datasets: [{path: a}]").contains(
        "\"base_model\": expected a checkpoint folder, or \"model\" in its place"))
    #expect(message("base_model: m").contains("expected at least one data set, or \"tasks\""))
    #expect(
      message("base_model: m\ntasks: [{family: words}]").contains(
        "\"max_steps\": expected a number of steps, as \"tasks\" never end"))
    #expect(
      message("model: {}\nadapter: lora\ndatasets: [{path: a}]").contains(
        "\"adapter\": expected none, as there is no \"base_model\" to adapt, found \"lora\""))
    #expect(message("").contains("base_model"))
    #expect(message("- a\n- b").contains("expected a map, found a list of 2"))
  }

  @Test func `overrides go over the file, with dots into maps and lists`() throws {
    let configuration = try RunConfiguration(
      yaml: Self.full,
      overrides: [
        "seed=8", "model.hidden_size=64", "model.rope_scaling.type=yarn", "tasks.0.weight=1.5",
        "datasets=[{path: c.jsonl}]", "ema_decay=", "output_dir=runs/b=c",
      ])
    #expect(configuration.seed == 8)
    #expect(configuration.model?["hidden_size"] == .integer(64))
    #expect(configuration.model?["rope_scaling"]?["type"] == .string("yarn"))
    #expect(configuration.tasks[0] == .init(family: "words", weight: 1.5))
    #expect(configuration.datasets == [.init(path: "c.jsonl")])
    #expect(configuration.emaDecay == nil)
    #expect(configuration.outputDir == "runs/b=c")
  }

  @Test(arguments: [
    ("seed", "-o: expected key=value"), ("=1", "-o: expected key=value"),
    ("a..b=1", "-o a..b=1: expected keys separated by single dots"),
    ("seed=x", "-o seed=x, \"seed\": expected a whole number"),
    ("datasets.4.path=x", "-o datasets.4.path=x: expected a place in the list, 0 to 0"),
    (
      "base_model.x=1",
      "-o base_model.x=1: expected a map or a list that holds \"x\", found \"m\""
    ),
    ("seed=[1", "-o seed=[1: expected YAML"),
    ("datasets.0.typ=x", "-o datasets.0.typ=x, \"datasets[0].typ\": expected a known key"),
  ])
  func `a wrong override is told as it was typed`(argument: String, expected: String) {
    let message = message(minimal(), [argument])
    #expect(message.hasPrefix(expected), "\(message)")
  }

  /// Nine levels of nine aliases each: a few hundred bytes that say 387 million values.
  @Test func `aliases can't make a small file large`() {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1...8 {
      let inner = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(inner)]")
    }
    #expect(message(lines.joined(separator: "\n")).contains("expected at most 20000 values"))
    #expect(message(String(repeating: "[", count: 4000)).contains("expected"))
  }

  @Test func `a file is read by its path`() throws {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/run.yaml"
      try TemporaryFolder.write(Array(minimal("seed: 3").utf8), to: path)
      #expect(try RunConfiguration(path: path).seed == 3)
      try TemporaryFolder.write(Array(minimal("sed: 3").utf8), to: path)
      #expect { try RunConfiguration(path: path) } throws: { error in
        "\(error)".hasPrefix("\(path), line 3, \"sed\"")
      }
      try TemporaryFolder.write([0xFF], to: path)
      #expect(throws: InputError.self) { try RunConfiguration(path: path) }
    }
    #expect(throws: InputError.self) { try RunConfiguration(path: "/nowhere/run.yaml") }
  }
}
