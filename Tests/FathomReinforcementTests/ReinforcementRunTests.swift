import FathomCheckpoints
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
        -> RolloutRunOutcome
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

  /// The first 20 answers get a reward, all that follow none.
  private static func falling(_ counter: String) -> String {
    #"rewards=[{kind: command, command: [sh, -c, 'while read -r line; do echo >> "\#(counter)"; "#
      + #"if [ $(wc -l < "\#(counter)") -gt 20 ]; then echo "{\"score\": 0}"; else echo "{\"score\": 0.9}"; fi; done']}]"#
  }

  @Test
  func
    `a reward that falls takes the run back to its best weights, more slowly, and ends it the fourth time`()
    async throws
  {
    try await TemporaryFolder.whileRunning { folder in
      let run = try ReinforcementRun(
        configuration(
          "\(folder)/run",
          [
            Self.falling("\(folder)/counter"), "max_steps=80", "save_steps=5",
            "dynamic_sampling=false", "max_completion_length=4", "generation_batch_size=2",
            "ref_model_sync_steps=",
            "save_total_limit=2",
          ]), threads: 1, instructionSet: .chosen())
      #expect(try await run.run() == .collapsed)
      let rows = try metrics("\(folder)/run")
      // Ten rewarded rollouts, four that lower their mean below 0.7 of it, and ten for each roll-back but the last window.
      let rollBacks = rows.compactMap { $0["roll_backs"] }
      #expect(rollBacks.last == 3)
      #expect(rollBacks.firstIndex(of: 1) == 14, "\(rollBacks)")
      let factors = Set(rows.compactMap { $0["lr"] }.map { ($0 * 1e9).rounded() })
      #expect(factors.count >= 4, "\(factors)")
      // The checkpoint of the best ten is kept, however old.
      #expect(TrainingCheckpoint(folder: "\(folder)/run").steps().contains(10))
      #expect(try RunRecord(folder: "\(folder)/run")?.ending == "collapsed")
    }
  }

  @Test func `problems of a file of one's own are asked and verified`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let task = "\(folder)/sums.json"
      try TemporaryFolder.write(
        Array(
          #"{"prompt": "{{a}} + 1?", "grader": {"type": "exact", "answer": ["x", "y"]}, "problems": [{"a": 1}, {"a": 2}]}"#
            .utf8), to: task)
      let run = try ReinforcementRun(
        configuration(
          "\(folder)/run", ["tasks=", "task_files=[{path: \(task)}]", "max_steps=1"]),
        threads: 1, instructionSet: .chosen())
      #expect(try await run.run() == .finished)
      #expect(try metrics("\(folder)/run").first?["pass_rate_sums"] == 0)
      #expect(throws: InputError.self) {
        try ReinforcementRun(
          configuration("\(folder)/other", ["task_files=[{path: \(folder)/none.json}]"]),
          threads: 1, instructionSet: .chosen())
      }
    }
  }

  @Test func `the reference moves as TRL's words say`() throws {
    func reference(_ more: String...) throws -> (steps: Int?, share: Double) {
      let read = try configuration("x", ["ref_model_sync_steps="] + more)
      return (read.referenceSteps, read.referenceShare)
    }
    #expect(try reference() == (nil, 1))
    #expect(try reference("ref_model_sync_steps=8") == (8, 1))
    #expect(try reference("sync_ref_model=true") == (512, 0.6))
    #expect(try reference("sync_ref_model=true", "ref_model_mixup_alpha=0.5") == (512, 0.5))
    #expect(try reference("sync_ref_model=false", "ref_model_sync_steps=8") == (nil, 1))
  }

  @Test func `a reference that moves half of the way is in the middle`() throws {
    let model = try RunModel(
      Checkpoint.open(GoldenFamily.path("deepseek_v3_mtp")), adapters: nil, seed: 0
    ) { _ in false }
    let (start, end) = (model.parameters.frozenCopy(), model.parameters.frozenCopy())
    for index in 0..<end.valueCount { end.values[index] += 1 }
    start.move(to: end, share: 0.5)
    #expect((0..<100).allSatisfy { start.values[$0] == end.values[$0] - 0.5 })
    start.move(to: end, share: 1)
    #expect((0..<100).allSatisfy { start.values[$0] == end.values[$0] })
  }

  @Test(arguments: [
    ("datasets=[{path: x}]", "datasets"), ("val_set_size=0.1", "val_set_size"),
    ("gradient_accumulation_steps=2", "gradient_accumulation_steps"),
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
    #expect(
      start.baseModel == BuiltInModel.baseName && rewarded.run.baseModel == BuiltInModel.baseName)
    let distilled = try DistillationConfiguration(yaml: try Presets.yaml("distill"))
    #expect(start.tasks == rewarded.run.tasks && start.tasks == distilled.run.tasks)
    #expect(verified.baseModel == "\(rewarded.run.outputDir)/step_\(rewarded.run.maxSteps ?? 0)")
    for name in Presets.names {
      #expect(try Presets.yaml(name).contains("output_dir: runs/\(name)\n"), "\(name)")
    }
  }
}
