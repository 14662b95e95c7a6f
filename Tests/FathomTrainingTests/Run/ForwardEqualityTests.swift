import FathomCheckpoints
import FathomCore
import FathomInference
import FathomModels
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

/// One network, two forward passes: what training computes is what answers are made of.
@Suite struct ForwardEqualityTests {
  @Test(arguments: Golden.families.filter { $0 != "deepseek_v32" })
  func `the training forward pass gives the reference's logits`(family: String) throws {
    let golden = try GoldenFamily(family)
    let model = try RunModel(
      try Checkpoint.open(GoldenFamily.path(family)), adapters: nil, seed: 1
    ) { _ in true }
    for prompt in golden.prompts.prefix(3) {
      let length = prompt.ids.count
      let batch = TrainingBatch(
        rows: 1, length: length, tokens: prompt.ids, targets: prompt.ids,
        weights: [Float](repeating: 1, count: length), positions: Array(0..<length),
        starts: [Int32](repeating: 0, count: length))
      let pass = TrainingPass(
        batch, compute: TrainingCompute(try .chosen(), threads: 2, precision: .fp32),
        workspace: Workspace(), parameters: model.parameters, lossScale: 1)
      let logits = model.network.logits(pass)
      let width = model.network.vocabularySize
      for (row, position) in prompt.logitPositions.enumerated() where position < length {
        let wanted = try golden.rows("\(prompt.name).logits")[row]
        for v in 0..<width {
          let difference = abs(logits[position * width + v] - wanted[v])
          #expect(difference < 2e-3, "\(prompt.name), position \(position), token \(v)")
          if difference >= 2e-3 { return }
        }
      }
    }
  }

  /// What gated networks were clamped to in training was unknown to whoever answered.
  @Test func `a limit of the gated networks holds for both`() throws {
    try TemporaryFolder.with { folder in
      var logits: [[Float]] = []
      for limit in [0.05, Double.infinity] {
        let changes: [String: JSON] = limit.isFinite ? ["swiglu_limit": .double(limit)] : [:]
        let fields = try SmallNetwork.fields(changes)
        let trained = try RunModel(scratch: fields, initialization: .scaled, seed: 9)
        let path = "\(folder)/\(limit)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try trained.write(to: path, format: .f32)
        let tokens: [Int32] = [3, 17, 29, 5, 11]
        let batch = TrainingBatch(
          rows: 1, length: 5, tokens: tokens, targets: tokens,
          weights: [Float](repeating: 1, count: 5), positions: Array(0..<5),
          starts: [Int32](repeating: 0, count: 5))
        let pass = TrainingPass(
          batch, compute: TrainingCompute(try .chosen(), threads: 1, precision: .fp32),
          workspace: Workspace(), parameters: trained.parameters, lossScale: 1)
        let width = trained.network.vocabularySize
        let learnt = Array(trained.network.logits(pass)[(4 * width)...])
        let session = try Session(try Model(path: path), options: .exact)
        try session.feed(tokens)
        #expect(zip(learnt, session.logits).allSatisfy { abs($0 - $1) < 1e-4 })
        logits.append(learnt)
      }
      #expect(zip(logits[0], logits[1]).contains { abs($0 - $1) > 1e-3 })
    }
  }
}
