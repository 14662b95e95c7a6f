import FathomCore
import FathomEvaluation
import FathomInference
import FathomTasks
import FathomText

/// Lets a policy answer questions, many at once, with the engine that serves.
struct RolloutMaker {
  struct Options: Sendable, Equatable {
    /// Answers to each question.
    var groupSize = 8
    /// Most tokens of an answer.
    var maxTokens = 256
    var sampling = SamplingOptions()
    var seed: UInt64 = 0
    var threads: Int?
    /// Whether rollouts tell the experts of their tokens and what these were drawn from.
    var isTraced = true
  }

  /// A question as it is asked, and as tokens.
  private struct Prompt {
    let rendered: RenderedPrompt
    let tokens: [Int32]
  }

  private let model: LanguageModel
  private let options: Options
  private let engine: Engine

  /// All answers of a policy to some questions, question after question.
  ///
  /// - Parameters:
  ///   - policy: its engine computes everything in f32, as the trainer does.
  ///   - address: names the step: the same address and seed give the same answers, whatever ran before.
  static func rollouts(
    _ policy: LanguageModel, _ questions: [Problem], _ options: Options, address: UInt64
  ) async throws -> [Rollout] {
    let maker = try RolloutMaker(policy, options)
    defer { maker.engine.stop() }
    return try await maker.rollouts(
      try questions.map { try maker.prompt($0.prompt) }, address: address)
  }

  private init(_ model: LanguageModel, _ options: Options) throws {
    self.model = model
    self.options = options
    var runtime = RuntimeOptions.exact
    runtime.threads = options.threads
    var engine = Engine.Options(runtime: runtime)
    engine.parallel = Self.parallel
    engine.waiting = 1 << 20
    engine.waitingTokens = 1 << 30
    engine.cacheBytes = Self.cacheBytes
    self.engine = try Engine(model, options: engine)
  }

  /// Answers that are computed side by side.
  private static let parallel = 128
  private static let cacheBytes = 1 << 30

  private func prompt(_ question: String) throws -> Prompt {
    let (rendered, tokens) = try model.encode(
      ChatRequest(messages: [.user(question)]), RenderOptions(thinking: true))
    return Prompt(rendered: rendered, tokens: tokens)
  }

  private func rollouts(_ prompts: [Prompt], address: UInt64) async throws -> [Rollout] {
    var pending: [(question: Int, sample: Int, answer: EngineAnswer)] = []
    for (question, prompt) in prompts.enumerated() {
      var seeds = TaskRandom(seed: options.seed ^ address &* 0x9e37_79b9, index: UInt64(question))
      for sample in 0..<options.groupSize {
        pending.append((question, sample, engine.submit(request(prompt, seed: seeds.next()))))
      }
    }
    defer { for entry in pending { entry.answer.cancel() } }
    var rollouts: [Rollout] = []
    for entry in pending {
      try Task.checkCancellation()
      rollouts.append(
        try await rollout(
          entry.answer, prompts[entry.question], question: entry.question, sample: entry.sample))
    }
    for begin in stride(from: 0, to: rollouts.count, by: options.groupSize) {
      var group = Array(rollouts[begin..<begin + options.groupSize])
      Rollout.shareRoutes(&group)
      rollouts.replaceSubrange(begin..<begin + options.groupSize, with: group)
    }
    return rollouts
  }

  private func request(_ prompt: Prompt, seed: UInt64) -> EngineRequest {
    var generation = GenerationOptions()
    generation.sampling = options.sampling
    generation.sampling.seed = seed
    generation.maxTokens = options.maxTokens
    generation.stopTokens = model.stopTokens
    var request = EngineRequest(
      prompt: prompt.tokens, reading: .text(skipSpecial: true), options: generation)
    request.topScores = 0
    request.isTraced = options.isTraced
    return request
  }

  private func rollout(
    _ answer: EngineAnswer, _ prompt: Prompt, question: Int, sample: Int
  ) async throws -> Rollout {
    var tokens: [Int32] = []
    var logprobs: [Double] = []
    var trace = GenerationTrace()
    var isFinished = false
    for await event in answer {
      switch event {
      case .piece(let piece):
        guard let token = piece.token, let score = piece.score else { continue }
        tokens.append(token)
        logprobs.append(score.logprob)
      case .trace(let told): trace = told
      case .finished(let reason, _, _, _): isFinished = reason == .stop
      case .failed(let failure): throw failure
      default: break
      }
    }
    let text = try model.tokenizer.decode(tokens, skipSpecial: true)
    return Rollout(
      question: question, sample: sample, prompt: prompt.tokens, answer: tokens,
      logprobs: logprobs,
      drawnFrom: options.isTraced ? trace.drawnFrom : tokens.map { _ in nil },
      routes: trace.routes,
      completion: Completion(
        text, after: prompt.rendered, format: try model.chatFormat(), isFinished: isFinished,
        tokens: tokens.count))
  }
}
