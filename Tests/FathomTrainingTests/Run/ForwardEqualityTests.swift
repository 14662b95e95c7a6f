import FathomCheckpoints
import FathomModels
import FathomTensors
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
}
