import FathomCore
import FathomInference
import FathomTraining
import Foundation
import GoldenSupport
import Synchronization
import Testing

@testable import FathomReinforcement

@Suite struct ReinforcementRunTests {
  /// Rewards nothing but the number of characters, modulo 7.
  private static let grader =
    #"while read -r line; do echo "{\"score\": 0.$((${#line} % 7))}"; done"#

  private func configuration(_ folder: String, _ more: [String] = []) throws
    -> ReinforcementConfiguration
  {
    try ReinforcementConfiguration(
      yaml: """
        base_model: \(GoldenFamily.path("deepseek_v3_mtp"))
        tasks: [{family: roman}]
        num_generations: 2
        generation_batch_size: 4
        max_completion_length: 12
        sequence_len: 96
        micro_batch_size: 2
        rewards: [{kind: command, command: [sh, -c, '\(Self.grader)']}]
        warmup_steps: 1
        max_steps: 2
        save_steps: 1
        temperature: 2
        top_p: 0.9
        beta: 0.01
        ref_model_sync_steps: 1
        output_dir: \(folder)
        """, overrides: more)
  }

  private func bits(_ folder: String) throws -> [UInt8] {
    try FileBytes.read("\(folder)/step_2/model.safetensors", limit: .max)
  }

  /// All values of `metrics.jsonl` that no clock made.
  private func metrics(_ folder: String) throws -> [[String: Double]] {
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
      let whole = try ReinforcementRun(
        configuration("\(folder)/a"), threads: 2, instructionSet: .chosen())
      #expect(try await whole.run() == .finished)

      var hooks = TrainingRun.Hooks()
      hooks.shouldStop = { true }
      let first = try ReinforcementRun(
        configuration("\(folder)/b"), threads: 1, instructionSet: .chosen(), hooks: hooks)
      #expect(try await first.run() == .interrupted)
      #expect(first.step == 1)
      let second = try ReinforcementRun(
        configuration("\(folder)/b"), threads: 2, instructionSet: .chosen(), resumes: true)
      #expect(second.resumedStep == 1)
      #expect(try await second.run() == .finished)

      #expect(try bits("\(folder)/a") == bits("\(folder)/b"))
      let rows = try metrics("\(folder)/a")
      #expect(try rows == metrics("\(folder)/b") && rows.count == 2)
      for row in rows {
        #expect((row["logprob_mismatch_max"] ?? 1) < 1e-4)
        #expect((row["grad_norm"] ?? 0) > 0)
      }
      // The reference is the policy of the step before: not further from it than one step goes.
      #expect(rows[0]["kl"] == 0 && (rows[1]["kl"] ?? 1) < 1e-3)
    }
  }

  /// A run that was killed between its last step and the evaluation behind it never had that evaluation.
  @Test func `an evaluation that was missed comes when the run goes on`() async throws {
    struct Lost: Error {}
    try await TemporaryFolder.whileRunning { folder in
      func run(resumes: Bool, _ evaluate: @escaping (String) throws -> Double) async throws
        -> ReinforcementRun.Outcome
      {
        var hooks = TrainingRun.Hooks()
        hooks.evaluate = { [("roman", try evaluate($0))] }
        return try await ReinforcementRun(
          configuration(folder, ["max_steps=1"]), threads: 1, instructionSet: .chosen(),
          resumes: resumes, hooks: hooks
        ).run()
      }
      do {
        _ = try await run(resumes: false) { _ in throw Lost() }
        Issue.record("the evaluation did not fail")
      } catch is Lost {}
      #expect(try RunRecord(folder: folder)?.ending == "failed")
      for value in [0.25, 0.5] {
        #expect(try await run(resumes: true) { _ in value } == .finished)
      }
      #expect(try metrics(folder).compactMap { $0["eval_roman"] } == [0.25])
      let record = try RunRecord(folder: folder)
      #expect(record?.kind == "reinforce" && record?.ending == "finished" && record?.steps == 1)
      #expect(record?.words["num_generations"] == .integer(2))
    }
  }

  @Test(arguments: [
    ("num_generations=3", "generation_batch_size"), ("max_completion_length=384", "sequence_len"),
    ("rewards=[{kind: command}]", "command"), ("rewards=[{kind: speed}]", "accuracy"),
    ("rewards=[{kind: language, language: xx}]", "ISO 639-1"), ("base_model=", "base_model"),
    ("tasks=", "tasks"), ("max_steps=", "max_steps"), ("adapter=esft", "none or lora"),
    ("num_generation=4", "num_generations"),
  ])
  func `what does not fit is named`(override: String, named: String) {
    #expect {
      _ = try configuration("x", [override])
    } throws: { error in
      "\(error)".contains(named)
    }
  }

  @Test func `the presets of the pipeline go on from each other`() throws {
    let start = try RunConfiguration(yaml: try Presets.yaml("cold-start"))
    let rewarded = try ReinforcementConfiguration(yaml: try Presets.yaml("reinforce"))
    let verified = try RunConfiguration(yaml: try Presets.yaml("rejection"))
    #expect(start.baseModel == BuiltInModel.name && rewarded.run.baseModel == BuiltInModel.name)
    let distilled = try DistillationConfiguration(yaml: try Presets.yaml("distill"))
    #expect(start.tasks == rewarded.run.tasks && start.tasks == distilled.run.tasks)
    #expect(verified.baseModel == "\(rewarded.run.outputDir)/step_\(rewarded.run.maxSteps ?? 0)")
    for name in Presets.names {
      #expect(try Presets.yaml(name).contains("output_dir: runs/\(name)\n"), "\(name)")
    }
  }
}
