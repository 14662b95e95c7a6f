import FathomInference
import Testing

@Suite struct SamplerStagesTests {
  /// Probabilities 0.5, 0.25, 0.125, 0.0625, …
  private let logits = (0..<12).map { -Float($0) * 0.693_147_18 }

  private func stages(
    _ logits: [Float], top: Int = 12, _ change: (inout SamplingOptions) -> Void
  ) -> [SamplingStage] {
    var options = SamplingOptions()
    options.seed = 5
    change(&options)
    return Sampler(options).stages(logits, top: top)
  }

  @Test func `stages stand in the order in which they work, and those without effect are left out`()
  {
    let all = stages(logits) {
      $0.topK = 6
      $0.temperature = 2
      $0.topP = 0.9
      $0.minP = 0.3
      $0.presencePenalty = 1
    }
    #expect(all.map(\.name) == [.model, .penalties, .topK, .temperature, .topP, .minP])
    #expect(all.map(\.kept) == [12, 12, 6, 6, 5, 4])
    #expect(stages(logits) { _ in }.map(\.name) == [.model])
    #expect(stages(logits) { $0.temperature = 0.5 }.map(\.name) == [.model, .temperature])
  }

  @Test func `greedy leaves one token, the lowest of equals`() {
    for greedy in [
      stages([1, 3, 3, 2]) { $0.temperature = 0 }, stages([1, 3, 3, 2]) { $0.topK = 1 },
    ] {
      #expect(greedy.count == 2)
      #expect(greedy[1].kept == 1 && greedy[1].top.map(\.token) == [1])
      #expect(greedy[1].top[0].probability == 1)
      #expect(greedy[0].top.map(\.token) == [1, 2, 3, 0])
    }
  }

  @Test func `what a stage keeps has probability 1`() {
    for stage in stages(logits, { $0 = Self.shaped($0) }) {
      let sum = stage.top.reduce(0) { $0 + $1.probability }
      #expect(abs(sum - 1) < 1e-12 && stage.top.count == stage.kept, "\(stage.name)")
    }
    let topP = stages(logits) { $0.topP = 0.7 }[1].top.map(\.probability)
    #expect(topP.count == 2 && abs(topP[0] - 2.0 / 3) < 1e-6)
  }

  private static func shaped(_ options: SamplingOptions) -> SamplingOptions {
    var options = options
    options.temperature = 1.5
    options.topK = 9
    options.topP = 0.95
    options.minP = 0.05
    options.logitBias = [3: 1.5, 7: -2]
    return options
  }

  /// The last stage is what tokens are drawn from, however they are shaped.
  @Test func `draws follow the last stage`() throws {
    var options = Self.shaped(SamplingOptions())
    options.seed = 9
    let last = try #require(Sampler(options).stages(logits, top: 12).last)
    var sampler = Sampler(options)
    var counts: [Int32: Int] = [:]
    let draws = 20_000
    for _ in 0..<draws {
      counts[logits.withUnsafeBufferPointer { sampler.pick($0) }, default: 0] += 1
    }
    #expect(Set(counts.keys) == Set(last.top.map(\.token)))
    for candidate in last.top {
      let share = Double(counts[candidate.token] ?? 0) / Double(draws)
      // Four standard deviations of a share of 20,000 draws are below 0.0142.
      #expect(abs(share - candidate.probability) < 0.0142, "\(candidate): \(share)")
    }
  }

  @Test func `penalties see what was picked before`() {
    var options = SamplingOptions()
    options.temperature = 0
    options.frequencyPenalty = 1
    var sampler = Sampler(options)
    let first = logits.withUnsafeBufferPointer { sampler.pick($0) }
    let next = sampler.stages(logits, top: 1)
    #expect(first == 0 && next.map(\.name) == [.model, .penalties, .temperature])
    #expect(next[0].top[0].token == 0 && next[2].top[0].token == 1)
  }
}
