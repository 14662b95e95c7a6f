import FathomCore
import FathomModels
import FathomTensors

/// A short prompt and its answer, with what happens inside of the network: what heads look at, which experts tokens go to, what
/// each layer would say, how tokens are picked and what was drafted.
///
/// It runs in a session of its own, so its tokens and probabilities are those of every other way to ask.
package struct Inspection: Sendable {
  package struct Options: Sendable {
    /// Sampling and stop tokens; stop strings have no effect.
    package var generation = GenerationOptions()
    /// Candidates shown of each distribution.
    package var top = 10
    /// Layers whose attention is shown; nil shows the first ones, as many as fit.
    package var layers: [Int]?

    package init() { generation.maxTokens = 8 }
  }

  /// Limits on what is asked for.
  package static let promptTokens = 128
  package static let answerTokens = 64
  package static let candidates = 50
  /// Tokens whose attention is shown, the first ones; also how many run in one step.
  package static let attentionTokens = CacheLayout.pageTokens
  /// Most values of attention that one inspection shows.
  package static let attentionValues = 8 << 20

  package let language: LanguageModel
  package let prompt: [Int32]
  package let options: Options
  private let layers: Set<Int>

  /// - Parameter contextLimit: longest timeline, tokens.
  /// - Throws: `InputError` for what is beyond a limit, `EngineFailure.contextFull` as an engine does.
  package init(
    _ language: LanguageModel, prompt: [Int32], options: Options, contextLimit: Int
  ) throws {
    try options.generation.sampling.validate()
    guard (1...Self.promptTokens).contains(prompt.count) else {
      throw InputError(
        "prompt", expected: "1 to \(Self.promptTokens) tokens", found: "\(prompt.count)")
    }
    let vocabulary = language.model.network.decoder.embedding.rows
    if let index = prompt.firstIndex(where: { !(0..<vocabulary).contains(Int($0)) }) {
      throw InputError(
        "token \(index) of the prompt", expected: "an id below \(vocabulary)",
        found: "\(prompt[index])")
    }
    guard prompt.count < contextLimit else {
      throw EngineFailure.contextFull(tokens: prompt.count, limit: contextLimit)
    }
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
      guard range.contains(value) else {
        throw InputError(
          name, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
      }
    }
    try check("max_tokens", options.generation.maxTokens ?? 0, 0...Self.answerTokens)
    try check("top", options.top, 1...Self.candidates)
    layers = try Self.layers(
      options.layers, of: language.model.shape, latent: ModelFrame(language.model).latent != nil,
      tokens: prompt.count)
    self.language = language
    self.prompt = prompt
    var options = options
    options.generation.maxTokens = min(
      options.generation.maxTokens ?? Self.answerTokens, contextLimit - prompt.count)
    options.generation.drafting = .mtp
    self.options = options
  }

  /// The layers whose attention is shown.
  ///
  /// - Parameter latent: whether scores come in two parts.
  /// - Throws: `InputError` for a layer that there is not, or for more of them than fit.
  static func layers(
    _ asked: [Int]?, of shape: ModelShape, latent: Bool, tokens: Int
  ) throws -> Set<Int> {
    let square = AttentionScores.triangle(min(tokens, attentionTokens))
    let values = shape.numAttentionHeads * square * (latent ? 3 : 2)
    let fitting = max(1, attentionValues / values)
    guard let asked else { return Set(0..<min(fitting, shape.numHiddenLayers)) }
    if let unknown = asked.first(where: { !(0..<shape.numHiddenLayers).contains($0) }) {
      throw InputError(
        "layers", expected: "layers below \(shape.numHiddenLayers)", found: "\(unknown)")
    }
    let layers = Set(asked)
    guard layers.count <= fitting else {
      throw InputError(
        "layers", expected: "at most \(fitting) layers of \(tokens) tokens",
        found: "\(layers.count)")
    }
    return layers
  }

  /// Runs all of it.
  ///
  /// - Parameters:
  ///   - runtime: what the session runs with, on the threads of `compute`.
  ///   - check: throws once nobody wants to see more; asked between steps.
  ///   - yield: takes each frame as it is made; what it throws ends the inspection.
  /// - Throws: what `check` and `yield` throw, and what a session throws.
  func run(
    runtime: RuntimeOptions, compute: Compute, check: () throws -> Void,
    yield: (InspectionFrame) throws -> Void
  ) throws {
    let session = Session(language.model, options: runtime, compute: compute, drafts: true)
    try yield(.model(ModelFrame(language.model)))
    try yield(.tokens(prompt))
    let recorder = InspectionRecorder(session, layers: layers)
    for begin in stride(from: 0, to: prompt.count, by: Self.attentionTokens) {
      try check()
      let tokens = prompt[begin..<min(prompt.count, begin + Self.attentionTokens)]
      try session.evaluate(Array(tokens), observer: recorder.observe)
    }
    for frame in recorder.attention { try yield(.attention(frame)) }
    for frame in recorder.routing { try yield(.routing(frame)) }
    try yield(
      .cache(CacheFrame(language.model, type: runtime.cacheType, tokens: prompt.count)))
    try check()
    try session.lens(recorder.residuals, top: options.top) { try yield(.lens($0)) }
    let generation = try answer(in: session, check: check, yield: yield)
    var done = DoneFrame(
      promptTokens: prompt.count, completionTokens: generation.tokens.count)
    if language.model.hasMultiTokenPrediction {
      done.drafts = DoneFrame.Drafts(
        made: generation.statistics.draftedTokens, accepted: generation.statistics.acceptedTokens)
    }
    try yield(.done(done))
  }

  /// Answers, and shows how.
  private func answer(
    in session: Session, check: () throws -> Void, yield: (InspectionFrame) throws -> Void
  ) throws -> Generation {
    var index = 0
    var stages: [SamplingStage] = []
    var logits: [Float] = []
    // What the module guessed last, and the guess that the next pick may confirm.
    var guess: TokenProbability?
    var drafted: TokenProbability?
    var failure: (any Error)?
    session.drafter?.onGuess = { guess = TokenProbability(of: Sampler.argmax($0), in: $0) }
    defer { session.drafter?.onGuess = nil }
    let generation = try session.generate(
      prompt: prompt, options: options.generation, progress: { _, _ in },
      isCancelled: {
        do { try check() } catch { failure = error }
        return failure != nil
      },
      willPick: {
        stages = $0.stages($1, top: options.top)
        logits = $1
        drafted = $2 == nil ? nil : guess
      },
      onToken: { token in
        let score = logits.withUnsafeBufferPointer { TokenScore(of: token, top: 0, in: $0) }
        logits = []  // Held on to, the session's row would be copied by the next step.
        do {
          try yield(.step(StepFrame(index: index, stages: stages, chosen: score)))
          if let drafted {
            try yield(.draft(DraftFrame(index: index, drafted: drafted, picked: token)))
          }
        } catch { failure = error }
        index += 1
        return failure == nil
      })
    if let failure { throw failure }
    return generation
  }
}
