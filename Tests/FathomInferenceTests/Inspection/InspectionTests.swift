import FathomCore
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

@testable import FathomInference

@Suite struct InspectionTests {
  private static let families = [
    "deepseek_v3_mtp", "deepseek_v2_group", "deepseek_v2_lite", "deepseek_v32", "qwen2",
  ]

  @Test func `frames come in the order that readers count on`() throws {
    let inspected = try Inspected("deepseek_v3_mtp_aligned")
    let prompt = inspected.prompt(20)
    let shown = try Shown(inspected.language, prompt: prompt) { $0.generation.maxTokens = 4 }
    let kinds = shown.kinds.filter { $0 != "draft" }
    #expect(
      kinds == ["model", "tokens", "attention", "attention", "attention", "routing", "routing"]
        + ["cache", "lens", "lens", "lens", "lens", "step", "step", "step", "step", "done"])
    #expect(shown.tokens == prompt)
    #expect(shown.attention.map(\.layer) == [0, 1, 2])
    #expect(shown.routing.map(\.layer) == [1, 2])
    #expect(shown.lens.map(\.layer) == [-1, 0, 1, 2])
    #expect(shown.steps.map(\.index) == [0, 1, 2, 3])
    let model = try #require(shown.model)
    let experts = ModelFrame.Experts(
      count: 16, chosen: 4, shared: 1, groups: 4, groupsKept: 2, scoring: .sigmoid)
    #expect(model.latent?.rank == 32 && model.experts == experts)
    #expect(model.firstMixtureLayer == 1 && model.drafts)
  }

  @Test func `a dense network has neither latents nor experts`() throws {
    let inspected = try Inspected("llama3")
    let shown = try Shown(inspected.language, prompt: inspected.prompt(9)) {
      $0.generation.maxTokens = 2
    }
    let model = try #require(shown.model)
    #expect(model.latent == nil && model.experts == nil && model.firstMixtureLayer == nil)
    #expect(!model.drafts && shown.drafts.isEmpty && shown.done?.drafts == nil)
    #expect(shown.routing.isEmpty && shown.attention.count == 3)
    #expect(shown.attention.allSatisfy { $0.scores.rotary == nil })
  }

  // MARK: Attention

  /// Probabilities are taken from scores apart from the forward pass; if they are right, values mixed by them are what the
  /// forward pass's own attention gave.
  @Test(arguments: families)
  func `values mixed by the probabilities are what attention gives`(family: String) throws {
    let inspected = try Inspected(family)
    // More than V3.2's indexer lets a query look at.
    let prompt = inspected.prompt(24)
    let shown = try Shown(inspected.language, prompt: prompt, runtime: .exact)
    #expect(shown.attention.count == 3)
    let session = try Session(inspected.golden.model, options: .exact)
    var given: [Int: [[Float]]] = [:]
    try session.evaluateAll(prompt) { observation, rows in
      if case .attention(let layer) = observation { given[layer] = rows.values }
    }
    for frame in shown.attention {
      let mixed = Self.mix(frame, session: session)
      let expected = try #require(given[frame.layer])
      for (s, row) in mixed.enumerated() {
        let difference = Difference(row, expected[s])
        #expect(
          difference.dissimilarity < 1e-9, "layer \(frame.layer), token \(s): \(difference)")
      }
    }
  }

  /// `W_O Σ_t p[h, s, t] · v[h, t]`, in plain loops.
  private static func mix(_ frame: AttentionFrame, session: Session) -> [[Float]] {
    let attention = session.model.network.decoder.layers[frame.layer].attention
    let (values, width, output) = values(
      attention, tokens: frame.scores.tokens, layer: frame.layer, session)
    return (0..<frame.scores.tokens).map { s in
      var mixed = [Float](repeating: 0, count: frame.scores.heads * width)
      for h in 0..<frame.scores.heads {
        let row =
          h * AttentionScores.triangle(frame.scores.tokens) + AttentionScores.triangle(s)
        for t in 0...s {
          for v in 0..<width {
            mixed[h * width + v] += frame.probabilities[row + t] * values(h, t)[v]
          }
        }
      }
      return output.map { weights in zip(weights, mixed).reduce(0) { $0 + $1.0 * $1.1 } }
    }
  }

  /// The value of each head and token, how wide one is, and `W_O`.
  private static func values(
    _ attention: any Attention, tokens: Int, layer: Int, _ session: Session
  ) -> (of: (_ h: Int, _ t: Int) -> [Float], width: Int, output: [[Float]]) {
    func part(_ index: Int, _ t: Int) -> [Float] {
      let part = session.cache.part(index, layer: layer)
      var values = [Float](repeating: 0, count: part.width)
      session.cache.load(&values, part: part, position: t, layer: layer)
      return values
    }
    if let latent = attention as? LatentAttention, case .joint(let up) = latent.kvUp {
      let weights = up.decoded(session.compute)
      let rows = latent.qkNopeHeadDim + latent.vHeadDim
      let all = (0..<tokens).map { t in
        let c = part(0, t)
        return weights.map { row in zip(row, c).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
      }
      return (
        { h, t in Array(all[t][h * rows + latent.qkNopeHeadDim..<(h + 1) * rows]) },
        latent.vHeadDim, latent.output.decoded(session.compute)
      )
    }
    guard let grouped = attention as? GroupedQueryAttention else { return ({ _, _ in [] }, 0, []) }
    let group = grouped.heads / grouped.keyHeads
    return (
      { h, t in part(grouped.keyHeads + h / group, t) }, grouped.headDim,
      grouped.output.weight.decoded(session.compute)
    )
  }

  @Test(arguments: ["deepseek_v3_mtp", "deepseek_v2_group", "qwen2"])
  func `probabilities are the softmax of the parts of the scores`(family: String) throws {
    let inspected = try Inspected(family)
    let shown = try Shown(inspected.language, prompt: inspected.prompt(12))
    for frame in shown.attention {
      var begin = 0
      for _ in 0..<frame.scores.heads {
        for s in 0..<12 {
          let row = begin...begin + s
          let scores = row.map {
            Double(frame.scores.content[$0]) + Double(frame.scores.rotary?[$0] ?? 0)
          }
          let weights = scores.map { Expo.exp($0) }
          let total = weights.reduce(0, +)
          for (place, weight) in zip(row, weights) {
            #expect(abs(Double(frame.probabilities[place]) - weight / total) < 1e-6)
          }
          begin += s + 1
        }
      }
      #expect(begin == frame.probabilities.count)
    }
  }

  /// In the quicker cache type, and with latents that came by way of the other written form.
  @Test func `scores do not hang on the form of attention`() throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    var expanded = RuntimeOptions.exact
    expanded.attention = .expanded
    let one = try Shown(inspected.language, prompt: inspected.prompt(30), runtime: .exact)
    let other = try Shown(inspected.language, prompt: inspected.prompt(30), runtime: expanded)
    for (a, b) in zip(one.attention, other.attention) {
      #expect(Difference(a.scores.content, b.scores.content).dissimilarity < 1e-9)
      #expect(Difference(a.scores.rotary ?? [], b.scores.rotary ?? []).dissimilarity < 1e-9)
    }
  }

  @Test func `an indexer's choice has all the probability`() throws {
    let inspected = try Inspected("deepseek_v32")
    let prompt = inspected.prompt(40)
    var chosen: [Int: [[Int32]]] = [:]
    try Session(inspected.golden.model).evaluateAll(prompt) { observation, _ in
      if case .indexerSelection(let layer, let rows) = observation { chosen[layer] = rows }
    }
    for frame in try Shown(inspected.language, prompt: prompt).attention {
      let rows = try #require(chosen[frame.layer])
      let last = AttentionScores.triangle(39)
      let likely = (0..<40).filter { frame.probabilities[last + $0] > 0 }
      #expect(likely == rows[39].map(Int.init), "layer \(frame.layer)")
    }
  }

  @Test func `attention is shown of the layers asked for and of the first 64 tokens`() throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    let shown = try Shown(inspected.language, prompt: inspected.prompt(100)) {
      $0.layers = [2, 0, 2]
    }
    #expect(shown.attention.map(\.layer) == [0, 2])
    #expect(shown.attention.allSatisfy { $0.scores.tokens == 64 })
    #expect(shown.attention[0].probabilities.count == 4 * AttentionScores.triangle(64))
  }

  // MARK: Routing

  @Test(arguments: ["deepseek_v3_mtp", "deepseek_v2_group", "deepseek_v2_lite"])
  func `routing is what the router gives, and follows from its scores`(family: String) throws {
    let inspected = try Inspected(family)
    let prompt = inspected.prompt(100)
    let shown = try Shown(inspected.language, prompt: prompt)
    var given: [Int: (experts: [[Int]], weights: [[Float]])] = [:]
    try Session(inspected.golden.model).evaluateAll(prompt) { observation, rows in
      if case .routing(let layer, let experts) = observation {
        given[layer] = (experts, rows.values)
      }
    }
    #expect(shown.routing.count == given.count)
    for frame in shown.routing {
      let expected = try #require(given[frame.layer])
      #expect(frame.tokens.map(\.experts) == expected.experts)
      #expect(frame.tokens.map(\.weights) == expected.weights)
      let mixture = inspected.golden.model.network.decoder.layers[frame.layer].feedForward
      let router = try #require((mixture as? MixtureOfExperts)?.router)
      for token in frame.tokens {
        #expect(Self.choice(token.by, router) == token.experts)
        let sum = token.experts.reduce(Float(0)) { $0 + token.by.scores[$1] }
        for (expert, weight) in zip(token.experts, token.weights) {
          let share =
            router.normalizesWeights ? token.by.scores[expert] / sum : token.by.scores[expert]
          #expect(abs(weight - share * router.scalingFactor) < 1e-5)
        }
        if let bias = router.bias {
          for expert in token.by.scores.indices {
            #expect(token.by.biased[expert] == token.by.scores[expert] + bias[expert])
          }
        } else {
          #expect(token.by.biased == token.by.scores)
        }
      }
    }
  }

  /// The best experts of the groups that were kept.
  private static func choice(_ by: RouterScores, _ router: Router) -> [Int] {
    let size = by.scores.count / router.groups
    if let groups = by.groups {
      #expect(groups.count == router.groupsChosen && groups == groups.sorted())
    } else {
      #expect(router.groups == 1)
    }
    let open = by.scores.indices.filter { by.groups?.contains($0 / size) ?? true }
    return open.sorted { by.biased[$0] > by.biased[$1] }.prefix(router.expertsChosen).sorted()
  }

  // MARK: Cache and lens

  @Test(arguments: CacheType.allCases)
  func `the cache takes what its layout says`(type: CacheType) throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    let prompt = inspected.prompt(128)
    var runtime = RuntimeOptions()
    runtime.cacheType = type
    let cache = try #require(
      try Shown(inspected.language, prompt: prompt, runtime: runtime).cache)
    let session = try Session(inspected.golden.model, options: runtime)
    try session.feed(prompt)
    // Two whole pages.
    #expect(cache.bytes == session.cacheBytes)
    #expect(cache.tokens == 128 && cache.bytes == 128 * cache.bytesPerToken)
    let values = inspected.golden.model.shape.plainAttentionValuesPerToken
    let bytes = [CacheType.f32: 4, .bf16: 2, .fp8: 1][type] ?? 0
    #expect(cache.plainBytes == 128 * values * bytes)
    #expect(cache.type == type)
  }

  @Test(arguments: families)
  func `the lens on the last layer is what the model says`(family: String) throws {
    let inspected = try Inspected(family)
    let prompt = inspected.prompt(70)
    let shown = try Shown(inspected.language, prompt: prompt) { $0.top = 7 }
    let session = try Session(inspected.golden.model)
    try session.feed(prompt)
    let score = session.logits.withUnsafeBufferPointer { TokenScore(of: 0, top: 7, in: $0) }
    let last = try #require(shown.lens.last)
    #expect(last.top.map(\.token) == score.top.map(\.token))
    #expect(last.top.map(\.probability) == score.top.map(\.probability))
    #expect(shown.steps.first?.stages.first?.top == last.top)
    #expect(Set(shown.lens.map { $0.top[0].probability }).count == shown.lens.count)
  }

  // MARK: Steps

  @Test(arguments: families, [0, 0.8])
  func `tokens and probabilities are those that an engine gives`(
    family: String, temperature: Double
  ) async throws {
    let inspected = try Inspected(family)
    let engine = try Engine(inspected.language, options: .init(runtime: RuntimeOptions()))
    var options = GenerationOptions()
    options.sampling.temperature = temperature
    options.sampling.topK = 40
    options.sampling.topP = 0.95
    options.sampling.minP = 0.01
    options.sampling.repetitionPenalty = 1.3
    options.sampling.seed = 11
    options.maxTokens = 24
    options.drafting = .off
    let prompt = inspected.prompt(33)
    var request = EngineRequest(
      prompt: prompt, reading: .text(skipSpecial: false), options: options)
    request.topScores = 10
    var scores: [TokenScore] = []
    for await event in engine.submit(request) {
      if case .piece(let piece) = event, let score = piece.score { scores.append(score) }
    }
    let shown = try Shown(inspected.language, prompt: prompt) { $0.generation = options }
    #expect(shown.steps.count == 24 && shown.done?.completionTokens == 24)
    #expect(shown.picked == scores.map(\.token))
    #expect(shown.steps.map(\.chosen.logprob) == scores.map(\.logprob))
    for (step, score) in zip(shown.steps, scores) {
      #expect(step.stages[0].top.map(\.token) == score.top.map(\.token))
      #expect(step.stages[0].top.map(\.probability) == score.top.map(\.probability))
      let last = try #require(step.stages.last)
      #expect(last.kept > 10 || last.top.map(\.token).contains(step.chosen.token))
    }
  }

  @Test func `a stop token ends the answer and is shown`() throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    let prompt = inspected.prompt(33)
    let free = try Shown(inspected.language, prompt: prompt).picked
    let stopped = try Shown(inspected.language, prompt: prompt) {
      $0.generation.stopTokens = [free[3]]
    }
    let end = try #require(free.firstIndex(of: free[3]))
    #expect(stopped.picked == Array(free[...end]))
  }

  @Test func `no token asked for, none is picked`() throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    let shown = try Shown(inspected.language, prompt: inspected.prompt(5)) {
      $0.generation.maxTokens = 0
    }
    #expect(shown.steps.isEmpty && shown.lens.count == 4)
    #expect(
      shown.done
        == DoneFrame(
          promptTokens: 5, completionTokens: 0, drafts: .init(made: 0, accepted: 0)))
  }

  @Test(arguments: Golden.mtpFamilies)
  func `drafts are those that a drafting session makes and accepts`(family: String) throws {
    let inspected = try Inspected(family)
    for prompt in inspected.golden.prompts where prompt.ids.count <= 128 {
      let shown = try Shown(inspected.language, prompt: prompt.ids) {
        $0.generation.maxTokens = 24
      }
      var options = GenerationOptions()
      options.sampling = .greedy
      options.maxTokens = 24
      options.drafting = .mtp
      let session = try Session(inspected.golden.model, drafts: true)
      let drafted = try session.generate(prompt: prompt.ids, options: options)
      #expect(shown.picked == drafted.tokens)
      #expect(shown.drafts.count == drafted.statistics.draftedTokens)
      #expect(shown.drafts.count(where: \.isAccepted) == drafted.statistics.acceptedTokens)
      #expect(shown.done?.drafts?.made == drafted.statistics.draftedTokens)
      #expect(shown.done?.drafts?.accepted == drafted.statistics.acceptedTokens)
      for draft in shown.drafts { #expect(draft.picked == shown.picked[draft.index]) }
    }
  }

  /// The module's numbers for a whole prompt, computed in one go, say the same.
  @Test func `a draft has the module's own probability`() throws {
    let inspected = try Inspected("deepseek_v3_mtp_aligned")
    let prompt = inspected.prompt(33)
    let shown = try Shown(inspected.language, prompt: prompt)
    let logits = try Session(inspected.golden.model).mtpLogits(prompt)[32]
    let expected = logits.withUnsafeBufferPointer {
      TokenProbability(of: Sampler.argmax($0), in: $0)
    }
    #expect(shown.drafts.first?.index == 1)
    #expect(shown.drafts.first?.drafted == expected)
  }

  // MARK: Limits

  @Test func `what is beyond a limit is refused by its name`() throws {
    let inspected = try Inspected("deepseek_v2_group")
    func refusal(
      _ tokens: Int, of token: Int32 = 5,
      _ change: (inout Inspection.Options) -> Void = { _ in }
    ) -> String {
      do {
        _ = try Inspection(
          inspected.language, prompt: Array(repeating: token, count: tokens),
          options: Shown.options(change), contextLimit: 100)
        return ""
      } catch let error as InputError { return error.place } catch { return "\(error)" }
    }
    #expect(refusal(20) == "")
    #expect(refusal(0) == "prompt")
    #expect(refusal(129) == "prompt")
    #expect(refusal(2, of: 512) == "token 0 of the prompt")
    #expect(refusal(2, of: -1) == "token 0 of the prompt")
    #expect(refusal(100) == "\(EngineFailure.contextFull(tokens: 100, limit: 100))")
    #expect(refusal(5) { $0.generation.maxTokens = 65 } == "max_tokens")
    #expect(refusal(5) { $0.top = 0 } == "top")
    #expect(refusal(5) { $0.top = 51 } == "top")
    #expect(refusal(5) { $0.layers = [3] } == "layers")
    #expect(refusal(5) { $0.layers = [-1] } == "layers")
    #expect(refusal(5) { $0.generation.sampling.topP = 0 } == "option top-p")
  }

  @Test func `the context limit shortens the answer as an engine does`() throws {
    let inspected = try Inspected("qwen2")
    let shown = try Shown(inspected.language, prompt: inspected.prompt(20), contextLimit: 23)
    #expect(shown.steps.count == 3)
  }

  /// DeepSeek-V3 has 128 heads in 61 layers.
  @Test func `of a large model, as many layers are shown as fit`() throws {
    var shape = try Inspected("deepseek_v3_mtp").golden.model.shape
    shape.numAttentionHeads = 128
    shape.numHiddenLayers = 61
    let fitting = try Inspection.layers(nil, of: shape, latent: true, tokens: 64)
    #expect(fitting == Set(0..<10))
    #expect(try Inspection.layers([60, 3], of: shape, latent: true, tokens: 64) == [3, 60])
    #expect(throws: InputError.self) {
      try Inspection.layers(Array(0..<11), of: shape, latent: true, tokens: 64)
    }
    #expect(try Inspection.layers(nil, of: shape, latent: true, tokens: 10).count == 61)
  }
}
