import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

@testable import FathomTraining

/// Batches that are there, one after the other.
struct FixedBatches: TrainingData {
  let batches: [TrainingBatch]

  func batch(from cursor: UInt64, rows: Int, length: Int) throws
    -> (batch: TrainingBatch, next: UInt64)
  {
    (batches[Int(cursor) % batches.count], cursor + 1)
  }
}

/// Ten steps of `transformers` and `torch.optim`, stored with their generator in Golden/scripts/make_training.py.
@Suite struct PyTorchTests {
  private struct Golden10 {
    let json: JSONObject
    let model: RunModel
    let data: FixedBatches

    init() throws {
      json = try Golden.json("training/steps.json").objectValue ?? JSONObject()
      let fields = json["config"]?.objectValue ?? JSONObject()
      model = try RunModel(
        scratch: fields, initialization: .scaled, seed: 1)
      let start = try Golden.tensors("training/start.safetensors")
      for id in model.parameters.ids {
        let name = model.parameters[id].name
        let floats = try #require(start[name]?.floats(), "\(name)")
        model.parameters.value(id).pointer.update(from: floats, count: floats.count)
      }
      let (rows, length) = (json["rows"]?.intValue ?? 0, json["length"]?.intValue ?? 0)
      let all = json["tokens"]?.arrayValue ?? []
      data = FixedBatches(
        batches: all.map { row in
          let tokens = (row.arrayValue ?? []).map { Int32($0.intValue ?? 0) }
          let places = (0..<rows * length).map { $0 / length * (length + 1) + $0 % length }
          return TrainingBatch(
            rows: rows, length: length, tokens: places.map { tokens[$0] },
            targets: places.map { tokens[$0 + 1] },
            weights: [Float](repeating: 1, count: rows * length),
            positions: places.indices.map { $0 % length },
            starts: [Int32](repeating: 0, count: rows * length))
        })
    }
  }

  @Test(arguments: [OptimizerOptions.Kind.adamw, .muon])
  func `ten steps are those of PyTorch`(kind: OptimizerOptions.Kind) throws {
    let golden = try Golden10()
    let expected = golden.json[kind.rawValue]?.objectValue
    let losses = expected?["losses"]?.arrayValue?.compactMap(\.doubleValue) ?? []
    let norms = expected?["gradient_norms"]?.arrayValue?.compactMap(\.doubleValue) ?? []
    #expect(losses.count == 10 && norms.count == 10)
    var options = TrainingOptions(
      schedule: Schedule(
        peak: golden.json["rate"]?.doubleValue ?? 0, steps: 10, decay: .constant))
    options.optimizer.kind = kind
    options.optimizer.weightDecay = golden.json["weight_decay"]?.doubleValue ?? 0
    options.precision = .fp32
    options.mtpLossWeight = 0
    options.balanceLossWeight = 0
    options.routerBiasUpdateRate = 0
    let start = golden.model.parameters
    let before = (0..<start.valueCount).map { start.values[$0] }
    let trainer = Trainer(
      golden.model.network, start, options: options, instructionSet: try .chosen())
    for step in 0..<10 {
      let metrics = try trainer.advance(on: golden.data)
      #expect(
        abs(metrics.loss - losses[step]) < 2e-4, "step \(step): \(metrics.loss), \(losses[step])")
      #expect(
        abs(metrics.gradientNorm / norms[step] - 1) < 2e-3,
        "step \(step): \(metrics.gradientNorm), \(norms[step])")
    }
    let end = try Golden.tensors("training/\(kind.rawValue).safetensors")
    for id in start.ids where start[id].role != .balance {
      let name = start[id].name
      let wanted = try #require(end[name]?.floats(), "\(name)")
      let value = start.value(id).pointer
      let offset = value - start.values
      var (error, moved) = (0.0, 0.0)
      for k in wanted.indices {
        let d = Double(value[k] - wanted[k])
        let m = Double(wanted[k] - before[offset + k])
        error += d * d
        moved += m * m
      }
      let share = (error / max(moved, 1e-30)).squareRoot()
      #expect(share < 0.01, "\(name): off by \(share) of the way")
    }
  }
}
