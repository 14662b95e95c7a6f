import FathomCore
import FathomInference
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

/// Answers depend on the prompt alone: not on chunks, on company in the batch, on threads or on the machine's
/// vector registers. Compared bit for bit.
@Suite struct EqualityTests {
  /// One of each kind: V2 without and V3 with q-LoRA, FP8 weights, sparse attention, grouped queries.
  static let families = [
    "deepseek_v2_lite", "deepseek_v3_mtp", "deepseek_v3_fp8", "deepseek_v32", "qwen2", "llama3",
  ]

  private func logits(
    _ golden: GoldenFamily, _ prompt: [Int32], _ change: (inout RuntimeOptions) -> Void
  ) throws -> [[UInt32]] {
    var options = RuntimeOptions()
    change(&options)
    let session = try Session(golden.model, options: options)
    return try session.evaluateAll(prompt).map { $0.map(\.bitPattern) }
  }

  @Test(arguments: families, CacheType.allCases)
  func `prefill in any chunking equals the whole`(family: String, cacheType: CacheType) throws {
    let golden = try GoldenFamily(family)
    let prompt = golden.prompts[3].ids
    let whole = try logits(golden, prompt) { $0.cacheType = cacheType }
    for sizes in [[1], [64], [3, 50, 1], [129, 1]] {
      var options = RuntimeOptions()
      options.cacheType = cacheType
      let session = try Session(golden.model, options: options)
      var rows: [[UInt32]] = []
      var turn = 0
      while rows.count < prompt.count {
        let size = min(sizes[turn % sizes.count], prompt.count - rows.count)
        let chunk = Array(prompt[rows.count..<rows.count + size])
        rows += try session.evaluateAll(chunk).map { $0.map(\.bitPattern) }
        turn += 1
      }
      #expect(rows == whole, "chunks of \(sizes)")
    }
  }

  @Test(arguments: families)
  func `a batch of sequences equals each alone`(family: String) throws {
    let golden = try GoldenFamily(family)
    let prompts = golden.prompts.map(\.ids)
    let alone = try prompts.map { prompt in try logits(golden, prompt) { _ in } }
    #expect(try golden.model.logitsTogether(prompts) == alone)
  }

  @Test(arguments: families)
  func `one thread equals two, three and eight`(family: String) throws {
    let golden = try GoldenFamily(family)
    let prompt = golden.prompts[2].ids
    let one = try logits(golden, prompt) { $0.threads = 1 }
    for threads in [2, 3, 8] {
      #expect(try logits(golden, prompt) { $0.threads = threads } == one, "\(threads) threads")
    }
  }

  @Test(arguments: families, InstructionSet.available.filter { $0 != .reference })
  func `every instruction set equals the reference`(family: String, variant: InstructionSet) throws
  {
    let golden = try GoldenFamily(family)
    let prompt = golden.prompts[2].ids
    let plain = try logits(golden, prompt) { $0.instructionSet = .reference }
    #expect(try logits(golden, prompt) { $0.instructionSet = variant } == plain)
  }

  /// The two forms multiply in another order, so they agree up to rounding: 2e-4 on logits of about ±8, the same
  /// bound as against the reference implementation.
  @Test(arguments: Golden.families.filter { $0.hasPrefix("deepseek") })
  func `expanded attention equals absorbed attention up to rounding`(family: String) throws {
    let golden = try GoldenFamily(family)
    for prompt in golden.prompts {
      var rows: [[[Float]]] = []
      for form in AttentionForm.allCases {
        var options = RuntimeOptions.exact
        options.attention = form
        let session = try Session(golden.model, options: options)
        try session.feed(Array(prompt.ids.prefix(prompt.ids.count / 2)))
        rows.append(try session.evaluateAll(Array(prompt.ids.dropFirst(prompt.ids.count / 2))))
      }
      for (absorbed, expanded) in zip(rows[0], rows[1]) {
        let difference = Difference(expanded, absorbed)
        #expect(difference.largest <= 2e-4, "\(prompt.name): \(difference)")
      }
    }
  }

  @Test(arguments: Golden.mtpFamilies, [Drafting.mtp, .auto])
  func `drafted equals plain, greedy and sampled`(family: String, drafting: Drafting) throws {
    let golden = try GoldenFamily(family)
    var accepted = 0
    for prompt in golden.prompts {
      for temperature in [0, 0.8] {
        var options = GenerationOptions()
        options.sampling.temperature = temperature
        options.sampling.seed = 7
        options.maxTokens = 64
        options.drafting = .off
        let plain = try Session(golden.model).generate(prompt: prompt.ids, options: options)
        options.drafting = drafting
        let session = try Session(golden.model, drafts: true)
        let drafted = try session.generate(prompt: prompt.ids, options: options)
        #expect(drafted.tokens == plain.tokens, "\(prompt.name) at temperature \(temperature)")
        #expect(drafted.finishReason == plain.finishReason)
        #expect(session.tokens == prompt.ids + drafted.tokens.dropLast())
        accepted += drafted.statistics.acceptedTokens
        // The same session again: going back must leave the drafter sound.
        let again = try session.generate(prompt: prompt.ids, options: options)
        #expect(again.tokens == plain.tokens)
      }
    }
    if family == "deepseek_v3_mtp_aligned", drafting == .mtp {
      #expect(accepted > 20, "the aligned module must get some drafts right")
    }
  }

  @Test(arguments: Golden.mtpFamilies)
  func `drafts along the greedy continuation are accepted where the reference accepts them`(
    family: String
  ) throws {
    let golden = try GoldenFamily(family)
    for prompt in golden.prompts {
      var options = GenerationOptions()
      options.sampling = .greedy
      options.maxTokens = prompt.greedy.count
      options.drafting = .mtp
      let session = try Session(golden.model, options: .exact, drafts: true)
      let generation = try session.generate(prompt: prompt.ids, options: options)
      #expect(generation.tokens == prompt.greedy)
      // Walk the reference's list as a drafting loop does: an accepted draft skips one position.
      let accepted = (prompt.mtp?["accepted"]).ints
      var (position, expected) = (0, 0)
      while position < accepted.count {
        if accepted[position] == 1 {
          expected += 1
          position += 1
        }
        position += 1
      }
      #expect(generation.statistics.acceptedTokens == expected, "\(prompt.name)")
    }
  }
}
