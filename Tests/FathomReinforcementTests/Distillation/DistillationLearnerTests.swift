import FathomCore
import FathomEvaluation
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@testable import FathomReinforcement
@testable import FathomTraining

/// A small student and a teacher of another size, over 29 tokens.
@Suite struct DistillationLearnerTests {
  private let student: RunModel
  private let teacher: RunModel
  private let trainer: Trainer
  private let rollouts: [Rollout]

  init() throws {
    student = try Self.model(width: 12, seed: 1)
    teacher = try Self.model(width: 20, seed: 2)
    // A rate of 0: the gradients stay where they were taken.
    var options = TrainingOptions(schedule: Schedule(peak: 0, steps: 1))
    options.precision = .fp32
    options.optimizer.kind = .adamw
    options.optimizer.maxGradNorm = .infinity
    options.mtpLossWeight = 0
    options.microBatchRows = 1
    options.sequenceLength = 12
    trainer = Trainer(
      student.network, student.parameters, options: options, instructionSet: try .chosen())
    var random = SeededGenerator(seed: 5)
    rollouts = [(3, 4), (2, 9), (5, 1)].map { prompt, answer in
      func tokens(_ count: Int) -> [Int32] {
        (0..<count).map { _ in Int32.random(in: 0..<29, using: &random) }
      }
      return Rollout(
        question: 0, sample: 0, prompt: tokens(prompt), answer: tokens(answer),
        logprobs: [Double](repeating: 0, count: answer),
        drawnFrom: [[Int32]?](repeating: nil, count: answer), routes: [],
        completion: Completion(text: "", reasoning: nil, answer: ""))
    }
  }

  private static func model(width: Int, seed: UInt64) throws -> RunModel {
    let text = """
      {"vocab_size": 29, "hidden_size": \(width), "num_hidden_layers": 2, "num_attention_heads": 2,
       "kv_lora_rank": 8, "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 5,
       "intermediate_size": 18, "moe_intermediate_size": 8, "n_routed_experts": 4,
       "num_experts_per_tok": 2, "n_shared_experts": 1, "first_k_dense_replace": 2}
      """
    return try RunModel(
      scratch: try JSON.parse(text).objectValue ?? JSONObject(),
      initialization: .normal(deviation: 0.3), seed: seed)
  }

  private func learn(temperature: Double, counts: [Bool] = [true, true, true]) throws -> (
    DistillationMetrics, [AnswerDivergence?]
  ) {
    let learner = DistillationLearner(
      trainer: trainer, teacher: teacher, temperature: temperature, padding: 0)
    var metrics = DistillationMetrics()
    let answers = try learner.learn(rollouts, counts: counts, into: &metrics)
    return (metrics, answers)
  }

  /// Of each rollout the sum over its answer, in f64 from the logits of both networks.
  private func divergences(temperature: Double) -> [Double] {
    rollouts.map { rollout in
      let tokens = rollout.tokens.dropLast()
      let batch = TrainingBatch(
        rows: 1, length: tokens.count, tokens: Array(tokens),
        targets: Array(rollout.tokens.dropFirst()),
        weights: [Float](repeating: 1, count: tokens.count), positions: Array(tokens.indices),
        starts: [Int32](repeating: 0, count: tokens.count))
      let own = logShares(student, batch, temperature)
      let others = logShares(teacher, batch, temperature)
      var sum = 0.0
      for token in rollout.prompt.count - 1..<tokens.count {
        for k in 0..<29 { sum += exp(own[token][k]) * (own[token][k] - others[token][k]) }
      }
      return sum
    }
  }

  /// Logarithms of the probabilities at each token.
  private func logShares(_ model: RunModel, _ batch: TrainingBatch, _ temperature: Double)
    -> [[Double]]
  {
    let pass = TrainingPass(
      batch, compute: trainer.compute, workspace: Workspace(), parameters: model.parameters,
      lossScale: 1)
    let logits = model.network.logits(pass).map { Double($0) / temperature }
    return stride(from: 0, to: logits.count, by: 29).map { row -> [Double] in
      let row = logits[row..<row + 29]
      let sum = log(row.reduce(0) { $0 + exp($1) })
      return row.map { $0 - sum }
    }
  }

  @Test func `an answer that does not count is not learnt from`() throws {
    let expected = divergences(temperature: 1)
    let (metrics, answers) = try learn(temperature: 1, counts: [true, false, true])
    #expect(answers.map { $0 == nil } == [false, true, false])
    #expect(metrics.learntTokens == 5)
    #expect(abs(metrics.loss - (expected[0] + expected[2]) / 5) < 1e-6)
  }

  @Test(arguments: [1.0, 0.7])
  func `the loss is the mean over all answers' tokens, and its gradient is that of the networks`(
    temperature: Double
  ) throws {
    let (metrics, answers) = try learn(temperature: temperature)
    let expected = divergences(temperature: temperature)
    for (answer, sum) in zip(answers, expected) {
      #expect(abs((answer?.divergence ?? 0) - sum) < 1e-5, "\(answers), \(expected)")
    }
    func mean() -> Double { divergences(temperature: temperature).reduce(0, +) / 14 }
    #expect(abs(metrics.loss - mean()) < 1e-6 && metrics.learntTokens == 14)
    #expect(metrics.loss > 0.1, "the two are told apart")

    // Along the gradient the loss rises by the gradient's norm.
    let parameters = student.parameters
    let step = 1e-2
    func move(_ distance: Double) {
      for id in parameters.ids {
        guard let gradient = parameters.gradient(id) else { continue }
        let value = parameters.value(id)
        for k in 0..<parameters[id].count {
          value.pointer[k] += Float(distance * Double(gradient.pointer[k]) / metrics.gradientNorm)
        }
      }
    }
    move(step)
    let above = mean()
    move(-2 * step)
    let slope = (above - mean()) / (2 * step)
    #expect(abs(slope / metrics.gradientNorm - 1) < 0.01, "\(slope), \(metrics.gradientNorm)")
  }

  @Test func `a teacher has no memory for training`() throws {
    let frozen = try RunModel(
      try .open(GoldenFamily.path("qwen2")), adapters: nil, seed: 0
    ) { _ in false }
    #expect(frozen.parameters.gradientCount == 0 && frozen.parameters.valueCount > 0)
  }
}
