import FathomCheckpoints
import FathomCore
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct ResumeTests {
  private func trainer(threads: Int, precision: TrainingPrecision, adapters: Bool = false) throws
    -> (RunModel, Trainer)
  {
    let model: RunModel
    if adapters {
      model = try RunModel(
        try Checkpoint.open(GoldenFamily.path("deepseek_v3_mtp")),
        adapters: .init(rank: 4, alpha: 8), seed: 3
      ) { _ in false }
    } else {
      let fields = try SmallNetwork.fields([
        "num_nextn_predict_layers": .integer(1), "swiglu_limit": .integer(10),
      ])
      model = try RunModel(scratch: fields, initialization: .scaled, seed: 9)
    }
    var options = TrainingOptions(
      schedule: Schedule(peak: 0.004, steps: 8, warmupSteps: 2, decaySteps: 4))
    options.precision = precision
    options.threads = threads
    options.gradientAccumulationSteps = 2
    options.emaDecay = 0.9
    return (
      model,
      Trainer(model.network, model.parameters, options: options, instructionSet: try .chosen())
    )
  }

  private let data: FixedBatches = {
    let random = CounterRandom(seed: 4)
    let batches = (0..<16).map { index -> TrainingBatch in
      let count = 2 * 24
      let tokens = (0...count).map {
        Int32(random.bits(at: UInt64(index * 100 + $0)) % 64)
      }
      return TrainingBatch(
        rows: 2, length: 24, tokens: Array(tokens[..<count]), targets: Array(tokens[1...]),
        weights: (0..<count).map { $0 % 24 == 23 ? 0 : 1 }, positions: (0..<count).map { $0 % 24 },
        starts: [Int32](repeating: 0, count: count))
    }
    return FixedBatches(batches: batches)
  }()

  private func bits(_ trainer: Trainer) -> [UInt32] {
    let parameters = trainer.parameters
    var bits = (0..<parameters.valueCount).map { parameters.values[$0].bitPattern }
    bits += (0..<trainer.state.count).flatMap {
      [trainer.state.first[$0].bitPattern, trainer.state.second[$0].bitPattern]
    }
    if let average = trainer.average {
      bits += (0..<parameters.valueCount).map { average[$0].bitPattern }
    }
    return bits
  }

  @Test(arguments: [
    (1, TrainingPrecision.bf16, false), (2, .bf16, false), (2, .fp32, false), (2, .bf16, true),
  ])
  func `a run that was stopped and resumed ends with the same bits`(
    threads: Int, precision: TrainingPrecision, adapters: Bool
  ) throws {
    try TemporaryFolder.with { folder in
      let (_, whole) = try trainer(threads: threads, precision: precision, adapters: adapters)
      for _ in 0..<6 { _ = try whole.advance(on: data) }

      let (model, first) = try trainer(threads: threads, precision: precision, adapters: adapters)
      for _ in 0..<3 { _ = try first.advance(on: data) }
      let checkpoints = TrainingCheckpoint(folder: folder)
      try checkpoints.save(first, model: model, files: [])
      #expect(checkpoints.steps() == [3])

      let (resumedModel, second) = try trainer(
        threads: threads, precision: precision, adapters: adapters)
      try checkpoints.restore(second, model: resumedModel, step: 3)
      for _ in 0..<3 { _ = try second.advance(on: data) }
      #expect(second.step == 6 && second.cursor == whole.cursor)
      let (a, b) = (bits(whole), bits(second))
      let difference = zip(a, b).enumerated().first { $0.element.0 != $0.element.1 }
      #expect(a.count == b.count && difference == nil, "at \(difference?.offset ?? 0)")
    }
  }

  @Test func `one thread and three train to the same bits`() throws {
    let (_, one) = try trainer(threads: 1, precision: .bf16)
    let (_, three) = try trainer(threads: 3, precision: .bf16)
    for _ in 0..<4 {
      _ = try one.advance(on: data)
      _ = try three.advance(on: data)
    }
    #expect(bits(one) == bits(three))
  }

  /// A run with low-rank factors gave its present weights away where the average was promised.
  @Test func `the average takes the weights' place for a while, factors included`() throws {
    try TemporaryFolder.with { folder in
      let (model, trainer) = try trainer(threads: 1, precision: .fp32, adapters: true)
      for _ in 0..<3 { _ = try trainer.advance(on: data) }
      let before = bits(trainer)
      for name in ["present", "average"] {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      try model.write(to: "\(folder)/present", format: .f32)
      try trainer.withAverage { try model.write(to: "\(folder)/average", format: .f32) }
      #expect(bits(trainer) == before)
      for file in ["model.safetensors", "adapter_model.safetensors"] {
        let paths = ["present", "average"].map { "\(folder)/\($0)/\(file)" }
        #expect(!FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]), "\(file)")
      }
    }
  }

  @Test func `old checkpoints go, the last and the kept ones stay`() throws {
    try TemporaryFolder.with { folder in
      let (model, trainer) = try trainer(threads: 1, precision: .fp32)
      let checkpoints = TrainingCheckpoint(folder: folder)
      for _ in 0..<4 {
        _ = try trainer.advance(on: data)
        try checkpoints.save(trainer, model: model, files: [])
      }
      try checkpoints.prune(keepLast: 2, keeping: [1])
      #expect(checkpoints.steps() == [1, 3, 4])
    }
  }

  @Test func `the best evaluation is part of a checkpoint`() throws {
    try TemporaryFolder.with { folder in
      let (model, trainer) = try trainer(threads: 1, precision: .fp32)
      let checkpoints = TrainingCheckpoint(folder: folder)
      var best = BestEvaluation()
      for (step, loss) in [(1, 0.9), (2, 0.1 + 0.2), (3, 0.5), (4, 0.4)] {
        best.note(loss, step: step)
      }
      #expect(best.step == 2 && best.evaluationsSince == 2)
      _ = try trainer.advance(on: data)
      try checkpoints.save(trainer, model: model, files: [])
      #expect(try checkpoints.restore(trainer, model: model, step: 1) == BestEvaluation())
      try checkpoints.save(trainer, model: model, files: [], best: best)
      #expect(try checkpoints.restore(trainer, model: model, step: 1) == best)
    }
  }

  /// A killed run left `.tmp-step_N-PID` behind, of the size of a checkpoint, for ever.
  @Test func `what a killed save left behind goes, checkpoints stay`() throws {
    try TemporaryFolder.with { folder in
      let (model, trainer) = try trainer(threads: 1, precision: .fp32)
      let checkpoints = TrainingCheckpoint(folder: folder)
      _ = try trainer.advance(on: data)
      try checkpoints.save(trainer, model: model, files: [])
      let manager = FileManager.default
      for name in [".tmp-step_2-77", ".tmp-removed-step_0-77"] {
        try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: "\(folder)/\(name)/model.safetensors"))
      }
      try Data("<svg".utf8).write(to: URL(filePath: "\(folder)/loss.svg.77.tmp"))
      try Data("{}".utf8).write(to: URL(filePath: "\(folder)/metrics.jsonl"))
      checkpoints.removeRemains()
      #expect(
        try manager.contentsOfDirectory(atPath: folder).sorted() == ["metrics.jsonl", "step_1"])
      #expect(checkpoints.steps() == [1])
    }
  }
}
