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
    _ configuration: RunConfiguration, resumes: Bool = false, stopAfter: Int = .max
  ) throws -> (outcome: TrainingRun.Outcome, run: TrainingRun) {
    var left = stopAfter
    var hooks = TrainingRun.Hooks()
    hooks.shouldStop = {
      left -= 1
      return left <= 0
    }
    let run = try TrainingRun(
      configuration, threads: 1, instructionSet: try .chosen(), hooks: hooks)
    if resumes { _ = try run.resume() }
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
}
