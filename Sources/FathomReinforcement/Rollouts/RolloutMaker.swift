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
    // Answers are read one after the other.
    engine.unreadEvents = .max
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
    let requests = prompts.enumerated().map { question, prompt in
      var seeds = TaskRandom(seed: options.seed ^ address &* 0x9e37_79b9, index: UInt64(question))
      return (0..<options.groupSize).map { _ in request(prompt, seed: seeds.next()) }
    }
    var answers: [[EngineAnswer]] = requests.map { $0.prefix(1).map(engine.submit) }
    defer { for answer in answers.joined() { answer.cancel() } }
    var readings = answers.map { $0.map(Reading.init) }
    // The first answer to a question reads the prompt; the others find it cached.
    for question in prompts.indices {
      try await readings[question][0].readFirstToken()
      let others = requests[question].dropFirst().map(engine.submit)
      answers[question] += others
      readings[question] += others.map(Reading.init)
    }
    var rollouts: [Rollout] = []
    for (question, prompt) in prompts.enumerated() {
      for sample in readings[question].indices {
        try Task.checkCancellation()
        try await readings[question][sample].readToEnd()
        rollouts.append(
          try rollout(readings[question][sample], prompt, question: question, sample: sample))
      }
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
    _ reading: Reading, _ prompt: Prompt, question: Int, sample: Int
  ) throws -> Rollout {
    let text = try model.tokenizer.decode(reading.tokens, skipSpecial: true)
    return Rollout(
      question: question, sample: sample, prompt: prompt.tokens, answer: reading.tokens,
      logprobs: reading.logprobs,
      drawnFrom: options.isTraced ? reading.trace.drawnFrom : reading.tokens.map { _ in nil },
      routes: reading.trace.routes,
      completion: Completion(
        text, after: prompt.rendered, format: try model.chatFormat(),
        isFinished: reading.isFinished, tokens: reading.tokens.count))
  }
}

/// What has been read of one answer.
private struct Reading {
  private(set) var tokens: [Int32] = []
  private(set) var logprobs: [Double] = []
  private(set) var trace = GenerationTrace()
  /// Whether it came to its end by itself.
  private(set) var isFinished = false
  private var events: EngineAnswer.AsyncIterator

  init(_ answer: EngineAnswer) { events = answer.makeAsyncIterator() }

  mutating func readFirstToken() async throws {
    while tokens.isEmpty, let event = await events.next() { try note(event) }
  }

  mutating func readToEnd() async throws {
    while let event = await events.next() { try note(event) }
  }

  private mutating func note(_ event: EngineEvent) throws {
    switch event {
    case .piece(let piece):
      guard let token = piece.token, let score = piece.score else { return }
      tokens.append(token)
      logprobs.append(score.logprob)
    case .trace(let told): trace = told
    case .finished(let reason, _, _, _): isFinished = reason == .stop
    case .failed(let failure): throw failure
    default: break
    }
  }
}
