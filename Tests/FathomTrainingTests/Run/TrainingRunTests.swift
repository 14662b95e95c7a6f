import FathomCore
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

/// Whole runs, with held-out data and patience, on the golden checkpoint.
@Suite struct TrainingRunTests {
  private static let steps = 24

  private func configuration(_ folder: String, name: String) throws -> RunConfiguration {
    let rows = (0..<40).map { #"{"prompt":"\#($0)","completion":"\#(($0 * 7) % 40)"}"# }
    try (rows.joined(separator: "\n") + "\n").write(
      toFile: "\(folder)/rows.jsonl", atomically: true, encoding: .utf8)
    return try RunConfiguration(
      yaml: """
        base_model: \(GoldenFamily.path("deepseek_v3_mtp"))
        datasets: [{path: \(folder)/rows.jsonl, type: completion}]
        val_set_size: 0.3
        sequence_len: 16
        micro_batch_size: 2
        max_steps: \(Self.steps)
        eval_steps: 1
        save_steps: 1
        save_total_limit: 1
        early_stopping_patience: 4
        optimizer: adamw
        learning_rate: 0.05
        output_dir: \(folder)/\(name)
        seed: 3
        """, file: "run.yaml")
  }

  private func run(
    _ configuration: RunConfiguration, resumes: Bool = false, stopAfter: Int = .max,
    evaluate: ((String) throws -> [(name: String, value: Double)])? = nil
  ) throws -> (outcome: TrainingRun.Outcome, run: TrainingRun) {
    var left = stopAfter
    var hooks = TrainingRun.Hooks()
    hooks.shouldStop = {
      left -= 1
      return left <= 0
    }
    hooks.evaluate = evaluate
    let run = try TrainingRun(
      configuration, threads: 1, instructionSet: try .chosen(), resumes: resumes, hooks: hooks)
    return (try run.run(), run)
  }

  /// The count of evaluations without a better loss began anew with each resume, so a run that was resumed stopped later; the best
  /// checkpoint was pruned as soon as the resumed run saved; and the evaluation of the step it was interrupted at never came.
  @Test func `a resumed run stops as early as one that was never stopped, and keeps the same best`()
    throws
  {
    try TemporaryFolder.with { folder in
      let whole = try run(try configuration(folder, name: "whole"))
      try #require(whole.outcome == .stoppedEarly, "step \(whole.run.step)")
      try #require(whole.run.step < Self.steps && whole.run.checkpoints.steps().count == 2)

      let again = try configuration(folder, name: "again")
      var last = try run(again, stopAfter: 2)
      while last.outcome == .interrupted { last = try run(again, resumes: true, stopAfter: 2) }
      #expect(last.outcome == .stoppedEarly && last.run.step == whole.run.step)
      let record = try RunRecord(folder: again.outputDir)
      #expect(record?.kind == "tune" && record?.ending == "stopped_early")
      #expect(record?.steps == Self.steps && record?.words == again.words)
      #expect(last.run.checkpoints.steps() == whole.run.checkpoints.steps())
      for file in ["model.safetensors", "optimizer.state"] {
        let paths = ["whole", "again"].map { "\(folder)/\($0)/step_\(whole.run.step)/\(file)" }
        #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]), "\(file)")
      }
      // A run that ran out of patience doesn't go on because someone says --resume.
      let further = try run(again, resumes: true)
      #expect(further.outcome == .stoppedEarly && further.run.step == whole.run.step)
    }
  }

  /// A resumed run learnt its tokenizer anew: where the problems had changed meanwhile, the weights met other tokens than theirs.
  @Test func `a resumed run keeps the tokenizer of its checkpoint`() throws {
    try TemporaryFolder.with { folder in
      func configuration(_ family: String, steps: Int) throws -> RunConfiguration {
        try RunConfiguration(
          yaml: """
            model: {vocab_size: 512, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2,
              kv_lora_rank: 8, qk_nope_head_dim: 4, qk_rope_head_dim: 4, v_head_dim: 4,
              intermediate_size: 16, moe_intermediate_size: 8, n_routed_experts: 2, num_experts_per_tok: 1,
              n_shared_experts: 1, first_k_dense_replace: 0}
            tasks: [{family: \(family), weight: 1}]
            sequence_len: 256
            max_steps: \(steps)
            save_steps: 1
            output_dir: \(folder)/run
            """, file: "run.yaml")
      }
      _ = try run(try configuration("words", steps: 1))
      _ = try run(try configuration("roman", steps: 2), resumes: true)
      let paths = [1, 2].map { "\(folder)/run/step_\($0)/tokenizer.json" }
      #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
    }
  }

  @Test func `a checkpoint suggests how to draw from it as the one that it began from does`() throws
  {
    try TemporaryFolder.with { folder in
      var configuration = try configuration(folder, name: "run")
      configuration.maxSteps = 1
      _ = try run(configuration)
      let name = "generation_config.json"
      let base = GoldenFamily.path("deepseek_v3_mtp")
      let expected = try FileBytes.read("\(base)/\(name)", limit: 1 << 20)
      #expect(try FileBytes.read("\(folder)/run/step_1/\(name)", limit: 1 << 20) == expected)
    }
  }

  /// An evaluation between two saves named a best step that no folder had, and one that failed lost what came before it.
  @Test func `the best stays whatever the intervals, and a failed evaluation loses nothing`() throws
  {
    try TemporaryFolder.with { folder in
      var run = try configuration(folder, name: "run")
      run.saveSteps = nil
      run.evalSteps = 2
      let done = try self.run(run)
      let checkpoints = done.run.checkpoints
      try #require(done.outcome == .stoppedEarly)
      #expect(checkpoints.steps().count == 2 && checkpoints.steps().last == done.run.step)

      run.outputDir = "\(folder)/failed"
      #expect(throws: InputError.self) {
        try self.run(run) { _ in throw InputError("model", expected: "one", found: "none") }
      }
      #expect(TrainingCheckpoint(folder: run.outputDir).steps() == [2])
      let names = try FileManager.default.contentsOfDirectory(atPath: run.outputDir)
      #expect(!names.contains { $0.hasPrefix(".") }, "\(names)")
    }
  }

  /// Ctrl-C in an evaluation recorded what half of it came to, and a resumed run never took it again.
  @Test func `an evaluation that was stopped comes again`() throws {
    try TemporaryFolder.with { folder in
      var configuration = try configuration(folder, name: "run")
      configuration.evalSteps = Self.steps
      configuration.maxSteps = 2
      configuration.earlyStoppingPatience = nil
      var asked = 0
      let stopped = try run(configuration, stopAfter: 3) { _ in
        asked += 1
        return [("half", 0.5)]
      }
      #expect(stopped.outcome == .interrupted && asked == 1)
      let log = "\(folder)/run/metrics.jsonl"
      #expect(!String(decoding: try TemporaryFolder.read(log), as: UTF8.self).contains("half"))
      let resumed = try run(configuration, resumes: true) { _ in [("whole", 1)] }
      #expect(resumed.outcome == .finished && resumed.run.step == 2)
      #expect(String(decoding: try TemporaryFolder.read(log), as: UTF8.self).contains("eval_whole"))
    }
  }

  @Test func `a tokenizer with more tokens than the model has rows is refused`() throws {
    try TemporaryFolder.with { folder in
      var configuration = try configuration(folder, name: "run")
      configuration.baseModel = nil
      configuration.tokenizer = GoldenFamily.path("deepseek_v3_mtp")
      configuration.model = try SmallNetwork.fields(["vocab_size": .integer(100)])
      #expect(throws: InputError.self) { try run(configuration) }
    }
  }
}
