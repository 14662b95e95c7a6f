import FathomCheckpoints
import FathomCore
import FathomEvaluation
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

@testable import FathomReinforcement
@testable import FathomTraining

/// Losses and gradients of TRL's `GRPOTrainer` on one batch, stored with their generator in Golden/scripts/make_policy.py.
@Suite struct TRLTests {
  private struct Case {
    let configuration: ReinforcementConfiguration
    let learner: PolicyLearner
    let model: RunModel
    let rollouts: [Rollout]
    let stored: JSONObject
    let name: String

    init(_ name: String) throws {
      let all = try Golden.json("policy/cases.json")
      let stored = try #require(all["cases"]?[name]?.objectValue)
      model = try RunModel(
        scratch: all["config"]?.objectValue ?? JSONObject(), initialization: .scaled, seed: 1)
      let start = try Golden.tensors("training/start.safetensors")
      for id in model.parameters.ids {
        let floats = try #require(start[model.parameters[id].name]?.floats())
        model.parameters.value(id).pointer.update(from: floats, count: floats.count)
      }
      var options = TrainingOptions(schedule: Schedule(peak: 0, steps: 1))
      options.precision = .fp32
      options.mtpLossWeight = 0
      options.balanceLossWeight = 0
      options.microBatchRows = 2
      options.sequenceLength = 64
      let settings = stored["options"]
      var yaml = ["base_model: x", "tasks: [{family: words}]", "max_steps: 20"]
      yaml += ["num_generations: 4", "generation_batch_size: 8", "max_completion_length: 12"]
      for (key, value) in settings?.objectValue?.members ?? [] {
        yaml.append("\(key): \(value.text())")
      }
      // What was drawn is old: otherwise there would be no ratios.
      if stored["old"]?.arrayValue != nil { yaml.append("num_iterations: 2") }
      configuration = try ReinforcementConfiguration(yaml: yaml.joined(separator: "\n"))
      let trainer = Trainer(
        model.network, model.parameters, options: options, instructionSet: try .chosen())
      learner = PolicyLearner(trainer: trainer, configuration: configuration, padding: 0)
      let answers = all["answers"]?.arrayValue ?? []
      rollouts = zip(all["prompts"]?.arrayValue ?? [], answers).enumerated().map {
        index, pair in
        let answer = (pair.1 as JSON?).ints.map(Int32.init)
        return Rollout(
          question: index / 4, sample: index % 4, prompt: (pair.0 as JSON?).ints.map(Int32.init),
          answer: answer, logprobs: answer.map { _ in 0 }, drawnFrom: answer.map { _ in nil },
          routes: [], completion: Completion(text: "", reasoning: nil, answer: ""))
      }
      self.stored = stored
      self.name = name
    }

    func rows(_ key: String) -> [[Double]]? {
      stored[key]?.arrayValue?.map { ($0 as JSON?).doubles }
    }
  }

  @Test(arguments: ["dapo", "grpo", "bnpo", "dr_grpo"])
  func `loss and gradient are those of TRL`(name: String) throws {
    let it = try Case(name)
    let rewards = try Golden.json("policy/cases.json")["rewards"].doubles
    let advantages = GroupAdvantages(
      rewards, groupSize: 4, scaling: it.configuration.policy.scaleRewards)
    for (value, expected) in zip(advantages.values, it.stored["advantages"].doubles) {
      #expect(abs(value - expected) < 1e-6)
    }
    let weights = it.learner.weights(
      it.rollouts, [Bool](repeating: true, count: 8), [Array(0..<8)])
    var batches = it.learner.pack(it.rollouts, advantages.values, weights)
    #expect(batches.reduce(0) { $0 + $1.places.count } == 8)
    it.model.parameters.clearGradients()
    var (loss, tokens, entropy, divergence, clipped) = (0.0, 0, 0.0, 0.0, 0)
    for index in batches.indices {
      for place in batches[index].places {
        for (offset, token) in place.range.enumerated() {
          batches[index].terms[token].old = it.rows("old")?[place.rollout][offset]
          if it.configuration.policy.beta > 0 {
            batches[index].terms[token].reference = it.rows("reference")?[place.rollout][offset]
          }
        }
      }
      it.learner.mask(&batches[index])
      let seen = TokenRecords(batches[index].batch.count)
      let pass = TrainingPass(
        batches[index].batch,
        PolicyObjective(batch: batches[index], options: it.configuration.policy, seen: seen),
        compute: it.learner.trainer.compute, workspace: Workspace(),
        parameters: it.model.parameters, lossScale: 1)
      loss += it.model.network.run(pass).next
      for place in batches[index].places {
        for (offset, token) in place.range.enumerated() {
          let record = seen.values[token]
          #expect(abs(record.logprob - (it.rows("logprobs")?[place.rollout][offset] ?? 0)) < 1e-4)
          tokens += 1
          entropy += record.entropy
          divergence += record.divergence
          clipped += record.isClipped ? 1 : 0
        }
      }
    }
    let expected = it.stored["loss"]?.doubleValue ?? 0
    #expect(abs(loss - expected) < 2e-5 * max(1, abs(expected)), "\(loss), \(expected)")
    #expect(abs(entropy / Double(tokens) - (it.stored["entropy"]?.doubleValue ?? 0)) < 1e-4)
    if let kl = it.stored["kl"]?.doubleValue {
      #expect(abs(divergence / Double(tokens) - kl) < 1e-4)
    }
    // TRL also counts as clipped what an off-policy mask leaves out.
    if name != "dr_grpo" {
      let share = it.stored["clip_fraction"]?.doubleValue ?? 0
      #expect(abs(Double(clipped) / Double(tokens) - share) < 1e-6)
    }
    try compareGradients(it)
  }

  private func compareGradients(_ it: Case) throws {
    let gradients = try Golden.tensors("policy/\(it.name).safetensors")
    var compared = 0
    for id in it.model.parameters.ids {
      let name = it.model.parameters[id].name
      guard let gradient = it.model.parameters.gradient(id) else { continue }
      let expected = try #require(gradients[name]?.floats(), "\(name)")
      let found = (0..<expected.count).map { gradient.pointer[$0] }
      let largest = expected.map(abs).max() ?? 0
      let difference = Difference(found, expected)
      #expect(
        difference.largest < 1e-4 * max(largest, 1e-2), "\(name): \(difference)")
      compared += 1
    }
    #expect(compared > 50)
  }
}
