import FathomEvaluation
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

@testable import FathomReinforcement
@testable import FathomTraining

@Suite struct RolloutBatchTests {
  private func rollout(
    prompt: [Int32], answer: [Int32], routes: [[Int32]] = [], drawnFrom: [[Int32]?]? = nil
  ) -> Rollout {
    Rollout(
      question: 0, sample: 0, prompt: prompt, answer: answer, logprobs: answer.map { _ in 0 },
      drawnFrom: drawnFrom ?? answer.map { _ in nil }, routes: routes,
      completion: Completion(text: "", reasoning: nil, answer: ""))
  }

  @Test func `each token of an answer has its own terms, and prompts have none`() throws {
    let rollouts = [
      rollout(prompt: [1, 2, 3], answer: [4, 5], routes: [[0, 1, 2, 3, 4, 5, 6, 7]]),
      rollout(prompt: [6], answer: [7, 8, 9], routes: [[10, 11, 12, 13, 14, 15]]),
      rollout(prompt: [1], answer: [2]),
    ]
    let batches = RolloutBatch.pack(
      rollouts, advantages: [0.5, -0.25, 9], weights: [0.1, 0.2, 0], rows: 1, length: 8,
      padding: 0)
    let batch = try #require(batches.first)
    #expect(batches.count == 1 && batch.places.map(\.rollout) == [0, 1])
    #expect(batch.batch.tokens == [1, 2, 3, 4, 6, 7, 8, 0])
    #expect(batch.batch.weights == [0, 0, 0.1, 0.1, 0.2, 0.2, 0.2, 0])
    #expect(batch.batch.targets[2..<7] == [4, 5, 7, 8, 9])
    #expect(batch.terms.map(\.advantage) == [0, 0, 0.5, 0.5, -0.25, -0.25, -0.25, 0])
    #expect(
      batch.batch.routes == [[0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, -1, -1]])
  }

  @Test func `what was cached for one is taken from another of its group`() {
    var group = [
      rollout(prompt: [1, 2], answer: [3], routes: [[4, 5, 6, 7]]),
      rollout(prompt: [1, 2], answer: [8], routes: [[-1, -1, 9, 10]]),
    ]
    Rollout.shareRoutes(&group)
    #expect(group[1].routes == [[4, 5, 9, 10]])
  }

  @Test func `tokens that could not be drawn have no share`() throws {
    let drawn = rollout(prompt: [1], answer: [2], drawnFrom: [[0, 2]])
    let batch = try #require(
      RolloutBatch.pack(
        [drawn], advantages: [1], weights: [1], rows: 1, length: 1, padding: 0
      ).first)
    let seen = TokenRecords(1)
    var options = PolicyOptions()
    options.temperature = 0.5
    let objective = PolicyObjective(batch: batch, options: options, seen: seen)
    let kernels = try #require(try InstructionSet.chosen().trainingKernels).pointee
    // At temperature 0.5 logits 1 and 0 stand two apart: shares 0.8808 and 0.1192.
    var logits: [Float] = [1, 7, 0, 3]
    let loss = objective.loss(
      0, of: batch.batch, logits: &logits, width: 4, scale: 1, kernels: kernels)
    #expect(loss == -1)
    #expect(abs(seen.values[0].logprob - -2.126928) < 1e-5)
    #expect(abs(seen.values[0].entropy - 0.365334) < 1e-5)
    // Minus the advantage times the slope of the log-probability, (1 at the token − share) / temperature.
    for (value, expected) in zip(logits, [1.761594, 0, -1.761594, 0] as [Float]) {
      #expect(abs(value - expected) < 1e-5, "\(logits)")
    }
  }
}

@Suite struct RoutingReplayTests {
  /// A network that would choose other experts is trained with those of the rollout.
  @Test func `prescribed experts are the ones that run`() throws {
    let all = try Golden.json("policy/cases.json")
    let model = try RunModel(
      scratch: all["config"]?.objectValue ?? .init(), initialization: .scaled, seed: 1)
    let compute = TrainingCompute(try .chosen(), threads: 1, precision: .fp32)
    func counts(_ routes: [[Int32]]?) -> [RouterStatistics] {
      var batch = TrainingBatch(
        rows: 1, length: 4, tokens: [1, 2, 3, 4], targets: [2, 3, 4, 5], weights: [1, 1, 1, 1],
        positions: [0, 1, 2, 3], starts: [0, 0, 0, 0])
      batch.routes = routes
      let pass = TrainingPass(
        batch, compute: compute, workspace: Workspace(), parameters: model.parameters, lossScale: 1)
      _ = model.network.run(pass)
      return pass.routing
    }
    let own = counts(nil)
    // Two mixtures, three of eight experts each; the last token chooses for itself.
    let prescribed: [Int32] = [0, 1, 2, 0, 1, 2, 5, 6, 7, -1, -1, -1]
    let replayed = counts([prescribed, prescribed])
    #expect(own != replayed)
    for routing in replayed {
      #expect(routing.counts.reduce(0, +) == 12)
      #expect(routing.counts[0] >= 2 && routing.counts[2] >= 2 && routing.counts[7] >= 1)
      #expect(routing.counts[3] <= 1 && routing.counts[4] <= 1)
    }
  }
}
