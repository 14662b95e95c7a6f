import FathomCore
import FathomInference
import FathomTraining
import Foundation
import GoldenSupport
import Testing

@testable import FathomReinforcement

@Suite struct DistillationRunTests {
  /// A fresh student of a golden checkpoint.
  private func configuration(_ folder: String, _ more: [String] = []) throws
    -> DistillationConfiguration
  {
    try DistillationConfiguration(
      yaml: """
        teacher_model: \(GoldenFamily.path("qwen2"))
        model: {hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, kv_lora_rank: 8,
          qk_nope_head_dim: 8, qk_rope_head_dim: 4, v_head_dim: 8, intermediate_size: 24,
          moe_intermediate_size: 12, n_routed_experts: 4, num_experts_per_tok: 2, n_shared_experts: 1,
          first_k_dense_replace: 1}
        tasks: [{family: roman}]
        generation_batch_size: 4
        max_completion_length: 12
        sequence_len: 96
        micro_batch_size: 2
        max_steps: 2
        save_steps: 1
        output_dir: \(folder)
        """, overrides: more)
  }

  private func run(_ configuration: DistillationConfiguration, threads: Int = 2) async throws
    -> [[String: Double]]
  {
    let run = try DistillationRun(configuration, threads: threads, instructionSet: .chosen())
    #expect(try await run.run() == .finished)
    return try rows(configuration.run.outputDir)
  }

  /// All values of `metrics.jsonl` that no clock made.
  private func rows(_ folder: String) throws -> [[String: Double]] {
    let text = String(
      decoding: try FileBytes.read("\(folder)/metrics.jsonl", limit: 1 << 20), as: UTF8.self)
    return try text.split(separator: "\n").map { line in
      var row: [String: Double] = [:]
      for (key, value) in try JSON.parse(Array(line.utf8)).objectValue?.members ?? []
      where !key.hasSuffix("_s") { row[key] = value.doubleValue }
      return row
    }
  }

  @Test func `a run that is stopped and goes on ends with the same bits and the same figures`()
    async throws
  {
    try await TemporaryFolder.whileRunning { folder in
      let more = ["lmbda=0.75", "temperature=0.8"]
      let whole = try await run(try configuration("\(folder)/a", more))

      var hooks = TrainingRun.Hooks()
      hooks.shouldStop = { true }
      let first = try DistillationRun(
        configuration("\(folder)/b", more), threads: 1, instructionSet: .chosen(), hooks: hooks)
      #expect(try await first.run() == .interrupted)
      #expect(first.step == 1)
      let second = try DistillationRun(
        configuration("\(folder)/b", more), threads: 2, instructionSet: .chosen(), resumes: true)
      #expect(second.resumedStep == 1)
      #expect(try await second.run() == .finished)

      for file in ["model.safetensors", "optimizer.state", "state.json"] {
        let bits = try ["a", "b"].map {
          try FileBytes.read("\(folder)/\($0)/step_2/\(file)", limit: .max)
        }
        #expect(bits[0] == bits[1], "\(file)")
      }
      #expect(try whole == rows("\(folder)/b") && whole.count == 2)
      for row in whole {
        #expect((row["kl"] ?? 0) > 0 && (row["grad_norm"] ?? 0) > 0 && row["pass_rate"] != nil)
        // One of four questions is the teacher's, whose random weights answer none rightly.
        #expect(row["teacher_pass_rate"] == 0 && row["tokens"] == row["rollout_tokens"])
      }
    }
  }

  @Test func `a student that is its teacher learns nothing`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let path = GoldenFamily.path("deepseek_v3_mtp")
      let rows = try await run(
        try configuration(
          folder,
          ["model=", "base_model=\(path)", "teacher_model=\(path)", "weight_decay=0"]))
      for row in rows {
        #expect(row["kl"] == 0 && row["loss"] == 0 && row["grad_norm"] == 0, "\(row)")
        #expect((row["entropy"] ?? 0) > 0)
      }
    }
  }

  @Test func `the student comes nearer`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let rows = try await run(
        try configuration(
          folder,
          ["max_steps=10", "learning_rate=0.06", "generation_batch_size=8", "save_steps="]))
      let kl = rows.compactMap { $0["kl"] }
      #expect(kl.count == 10 && (kl.last ?? 1) < 0.75 * (kl.first ?? 0), "\(kl)")
    }
  }

  @Test func `a teacher with another vocabulary is refused`() throws {
    try TemporaryFolder.with { folder in
      func start(_ teacher: String) throws {
        _ = try DistillationRun(
          configuration(
            "\(folder)/run", ["teacher_model=\(teacher)", "model=", "base_model=\(Self.student)"]),
          threads: 1, instructionSet: .chosen())
      }
      #expect {
        try start(try BuiltInModel.folder())
      } throws: {
        "\($0)".contains("teacher_model") && "\($0)".contains("512") && "\($0)".contains("2048")
      }
      // Two of the teacher's tokens have changed places.
      let other = "\(folder)/teacher"
      try FileManager.default.copyItem(atPath: Self.student, toPath: other)
      var file = try #require(
        try JSON.parse(try TemporaryFolder.read("\(other)/tokenizer.json")).objectValue)
      var model = try #require(file["model"]?.objectValue)
      var words = try #require(model["vocab"]?.objectValue)
      let pair = words.members.filter { [40, 41].contains($0.value.intValue) }
      words[pair[0].key] = pair[1].value
      words[pair[1].key] = pair[0].value
      model["vocab"] = .object(words)
      file["model"] = .object(model)
      try TemporaryFolder.write(
        Array(JSON.object(file).text().utf8), to: "\(other)/tokenizer.json")
      #expect {
        try start(other)
      } throws: {
        "\($0)".contains("teacher_model") && "\($0)".contains("token 40")
      }
    }
  }

  private static let student = GoldenFamily.path("deepseek_v3_plain")

  @Test(arguments: [
    ("teacher_model=", "teacher_model"), ("tasks=", "datasets"), ("max_steps=", "max_steps"),
    ("datasets=[{path: a.jsonl}]", "none: what is learnt"), ("model=", "base_model"),
    ("base_model=x", "both"), ("model.num_nextn_predict_layers=1", "num_nextn_predict_layers"),
    ("max_completion_length=96", "sequence_len"), ("lmbda=1.5", "from 0.0 to 1.0"),
    ("lambda=1", "lmbda"), ("beta=1", "a known key"),
  ])
  func `what does not fit is named`(override: String, named: String) {
    #expect {
      _ = try configuration("x", [override])
    } throws: { error in
      "\(error)".contains(named)
    }
  }

  @Test func `a fresh student takes over its teacher's tokenizer, and presets are sound`() throws {
    #expect(try configuration("x").run.tokenizer == GoldenFamily.path("qwen2"))
    #expect(try configuration("x", ["tokenizer=y"]).run.tokenizer == "y")
    let distill = try DistillationConfiguration(yaml: try Presets.yaml("distill"))
    let pico = try RunConfiguration(yaml: try Presets.yaml("pico"))
    #expect(distill.run.baseModel == "\(pico.outputDir)/step_\(pico.maxSteps ?? 0)")
    #expect(pico.tokenizer == "built-in" && distill.teacher == "built-in")
  }
}
