import FathomInference
import FathomTasks
import Foundation
import Testing

@testable import FathomReinforcement

/// What rollouts tell of themselves, against a session that reads the same tokens alone.
@Suite struct RolloutMakerTests {
  @Test func `tokens are drawn from those that top-k and top-p leave of the session's logits`()
    async throws
  {
    let model = try LanguageModel.builtIn()
    var options = RolloutMaker.Options()
    (options.groupSize, options.maxTokens, options.seed, options.threads) = (2, 12, 5, 1)
    (options.sampling.temperature, options.sampling.topK, options.sampling.topP) = (1.5, 6, 0.9)
    let question = WordProblems().problem(seed: 3, index: 1)
    let rollouts = try await RolloutMaker.rollouts(model, [question], options, address: 7)
    var narrowed = 0
    for rollout in rollouts {
      let session = try Session(model.model, options: .exact)
      try session.feed(rollout.prompt)
      for (place, token) in rollout.answer.enumerated() {
        let logits = session.logits.map(Double.init)
        let best = logits.indices.sorted { logits[$0] > logits[$1] }
        // Top-k first, then the fewest of these that hold 0.9 of their share at the temperature.
        let weights = best.prefix(6).map { exp((logits[$0] - logits[best[0]]) / 1.5) }
        var (kept, held) = (0, 0.0)
        while held < 0.9 * weights.reduce(0, +) {
          held += weights[kept]
          kept += 1
        }
        let drawnFrom = try #require(rollout.drawnFrom[place])
        #expect(drawnFrom.sorted() == best.prefix(kept).map(Int32.init).sorted(), "\(place)")
        #expect(drawnFrom.contains(token))
        if kept < 6 { narrowed += 1 }
        let total = logits.reduce(0) { $0 + exp($1 - logits[best[0]]) }
        let logprob = logits[Int(token)] - logits[best[0]] - log(total)
        #expect(abs(rollout.logprobs[place] - logprob) < 1e-5)
        try session.feed([token])
      }
    }
    #expect(rollouts.count == 2 && narrowed > 0)
  }
}
