import FathomConstraints
import FathomCore
import FathomText
import GoldenSupport
import Testing

@testable import FathomInference

@Suite struct EngineTests {
  static func engine(
    _ family: String = "deepseek_v3_mtp", change: (inout Engine.Options) -> Void = { _ in }
  ) throws -> Engine {
    let model = try LanguageModel(path: GoldenFamily.path(family))
    var options = Engine.Options(runtime: RuntimeOptions())
    change(&options)
    return try Engine(model, options: options)
  }

  static func request(
    _ prompt: [Int32], maxTokens: Int = 24, temperature: Double = 0, seed: UInt64 = 7
  ) -> EngineRequest {
    var options = GenerationOptions()
    options.sampling.temperature = temperature
    options.sampling.seed = seed
    options.maxTokens = maxTokens
    return EngineRequest(prompt: prompt, reading: .text(skipSpecial: false), options: options)
  }

  struct Outcome: Equatable {
    var tokens: [Int32] = []
    var text = ""
    var scores: [TokenScore] = []
    var promptScores: [TokenScore?] = []
    var reason: FinishReason?
    var failure: EngineFailure?
    var cached = 0
  }

  static func outcome(_ answer: EngineAnswer) async -> Outcome {
    var outcome = Outcome()
    for await event in answer {
      switch event {
      case .accepted, .started, .progress, .waiting, .trace: break
      case .promptScores(let scores): outcome.promptScores = scores
      case .piece(let piece):
        if let token = piece.token { outcome.tokens.append(token) }
        if let score = piece.score { outcome.scores.append(score) }
        for case .content(let text) in piece.events { outcome.text += text }
      case .finished(let reason, let statistics, _, _):
        outcome.reason = reason
        outcome.cached = statistics.cachedTokens
      case .failed(let failure): outcome.failure = failure
      }
    }
    return outcome
  }

  /// What one session alone answers.
  static func alone(_ engine: Engine, _ request: EngineRequest) throws -> [Int32] {
    let session = try Session(engine.model.model)
    var options = request.options
    options.drafting = .off
    return try session.generate(prompt: request.prompt, options: options).tokens
  }

  @Test(arguments: ["deepseek_v3_mtp", "deepseek_v2_lite", "qwen2"])
  func `answers side by side are those that each request gets alone`(family: String) async throws {
    let engine = try Self.engine(family)
    let golden = try GoldenFamily(family)
    let requests = golden.prompts.enumerated().flatMap { index, prompt in
      [
        Self.request(prompt.ids),
        Self.request(prompt.ids, temperature: 1, seed: UInt64(index)),
      ]
    }
    let answers = requests.map { engine.submit($0) }
    for (request, answer) in zip(requests, answers) {
      let outcome = await Self.outcome(answer)
      #expect(outcome.reason == .length)
      #expect(try outcome.tokens == Self.alone(engine, request))
    }
    #expect(engine.statistics.pinnedBlocks == 0)
  }

  @Test func `a cached beginning gives the same bits as a computed one`() async throws {
    let engine = try Self.engine()
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[3].ids
    var request = Self.request(prompt)
    request.topScores = 5
    let first = await Self.outcome(engine.submit(request))
    let second = await Self.outcome(engine.submit(request))
    #expect(first.cached == 0)
    #expect(second.cached == prompt.count / 64 * 64)
    #expect(second.tokens == first.tokens)
    #expect(second.scores == first.scores)
  }

  @Test func `requests that give way go on with the same answer`() async throws {
    let engine = try Self.engine {
      let golden = try? GoldenFamily("deepseek_v3_mtp").model
      $0.cacheBytes = 6 * (golden?.cacheLayout(.bf16).pageBytes ?? 0)
    }
    let prompts = try GoldenFamily("deepseek_v3_mtp").prompts.map(\.ids)
    let requests = (0..<6).map { Self.request(prompts[$0 % 2], maxTokens: 150 + $0) }
    let answers = requests.map { engine.submit($0) }
    for (request, answer) in zip(requests, answers) {
      let outcome = await Self.outcome(answer)
      #expect(outcome.failure == nil)
      #expect(try outcome.tokens == Self.alone(engine, request))
    }
    #expect(engine.statistics.preemptions > 0)
    #expect(engine.statistics.pinnedBlocks == 0)
  }

  @Test func `scores of a prompt are those of a whole pass, and no cached block is used for them`()
    async throws
  {
    let engine = try Self.engine()
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[3].ids
    var request = Self.request(prompt, maxTokens: 1)
    _ = await Self.outcome(engine.submit(request))
    request.scoresPrompt = true
    request.topScores = 2
    let outcome = await Self.outcome(engine.submit(request))
    let session = try Session(engine.model.model)
    let logits = try session.evaluateAll(prompt)
    #expect(outcome.promptScores.count == prompt.count)
    #expect(outcome.promptScores.first == .some(nil))
    for position in 1..<prompt.count {
      let expected = logits[position - 1].withUnsafeBufferPointer {
        TokenScore(of: prompt[position], top: 2, in: $0)
      }
      #expect(outcome.promptScores[position] == expected, "position \(position)")
    }
    let total = outcome.scores[0].top.map(\.logprob)
    #expect(total == total.sorted(by: >))
  }

  @Test func `cancelling stops a request wherever it stands, and keeps its whole blocks`()
    async throws
  {
    // The engine waits for its reader, or it would be done before anybody can cancel.
    let engine = try Self.engine {
      $0.parallel = 1
      $0.unreadEvents = 16
    }
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[3].ids
    let running = engine.submit(Self.request(prompt, maxTokens: 300))
    let queued = engine.submit(Self.request(prompt, maxTokens: 300))
    queued.cancel()
    #expect(await Self.outcome(queued).reason == .cancelled)
    var pieces = 0
    for await event in running {
      if case .piece = event { pieces += 1 }
      if pieces == 3 { running.cancel() }
      if case .finished(let reason, _, _, _) = event { #expect(reason == .cancelled) }
    }
    #expect(engine.statistics.pinnedBlocks == 0)
    #expect(engine.statistics.cachedBlocks >= prompt.count / 64)
    #expect(await Self.outcome(engine.submit(Self.request(prompt, maxTokens: 2))).cached > 0)
  }

  @Test func `a request that is cancelled in the middle of its prompt stops there`() async throws {
    // The engine waits for its reader, or it would be done before anybody can cancel.
    let engine = try Self.engine {
      $0.stepTokens = 64
      $0.unreadEvents = 2
      // Where many tests run, a reader may wait long for its turn.
      $0.slowReaderSeconds = 600
    }
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[3].ids
    let long = Self.request((0..<7).flatMap { _ in prompt })
    let answer = engine.submit(long)
    var read = 0
    for await event in answer {
      if case .progress(let done) = event {
        if read == 0 { answer.cancel() }
        read = done
      }
      if case .finished(let reason, _, _, _) = event { #expect(reason == .cancelled) }
    }
    #expect(read > 0 && read < long.prompt.count)
    for _ in 0..<200 where engine.statistics.pinnedBlocks > 0 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(engine.statistics.pinnedBlocks == 0)
    #expect(engine.statistics.completionTokens == 0)
    // What was read stays, and serves the next.
    #expect(engine.statistics.cachedBlocks >= read / 64)
    let again = await Self.outcome(engine.submit(long))
    #expect(again.cached >= read / 64 * 64)
    #expect(again.reason == .length)
  }

  @Test func `whoever leaves the loop early cancels`() async throws {
    let engine = try Self.engine()
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[0].ids
    let task = Task {
      for await _ in engine.submit(Self.request(prompt, maxTokens: 400)) {
        if Task.isCancelled { break }
      }
    }
    task.cancel()
    await task.value
    for _ in 0..<200 where !engine.statistics.slots.isEmpty {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(engine.statistics.slots.isEmpty)
  }

  @Test func `what nobody reads is paused, and given up after a while`() async throws {
    let engine = try Self.engine {
      $0.unreadEvents = 50
      $0.slowReaderSeconds = 1
    }
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[0].ids
    let slow = engine.submit(Self.request(prompt, maxTokens: 400))
    let other = await Self.outcome(engine.submit(Self.request(prompt, maxTokens: 40)))
    #expect(other.reason == .length)
    try await Task.sleep(for: .milliseconds(2500))
    let outcome = await Self.outcome(slow)
    #expect(outcome.failure == .slowReader(seconds: 1))
    #expect(outcome.tokens.count < 120)
  }

  @Test func `more memory than the machine has is refused, and so is too little`() {
    for bytes in [Int.max, 0, 1000] {
      #expect(throws: InputError.self) { try Self.engine { $0.cacheBytes = bytes } }
    }
  }

  @Test func `refusals say what is wrong`() async throws {
    let engine = try Self.engine {
      $0.waiting = 1
      $0.parallel = 1
      $0.runtime.contextLimit = 128
    }
    let long = await Self.outcome(engine.submit(Self.request(Array(repeating: 5, count: 128))))
    #expect(long.failure == .contextFull(tokens: 128, limit: 128))
    let foreign = await Self.outcome(engine.submit(Self.request([1, 1_000_000])))
    guard case .invalid(let text) = foreign.failure else {
      Issue.record("expected an invalid request, found \(foreign)")
      return
    }
    #expect(text.contains("token 1 of the prompt"))
    let answers = (0..<5).map { _ in engine.submit(Self.request([5, 6], maxTokens: 100)) }
    var refused = 0
    for answer in answers {
      if case .queueFull = await Self.outcome(answer).failure { refused += 1 }
    }
    #expect(refused >= 2)
    var late = Self.request([5, 6], maxTokens: 100)
    late.deadline = .now - .seconds(1)
    #expect(await Self.outcome(engine.submit(late)).failure == .deadline)
  }

  @Test func `reasoning ends where its budget does`() async throws {
    let model = try LanguageModel.builtIn()
    let engine = try Engine(model, options: Engine.Options(runtime: RuntimeOptions()))
    let format = try model.chatFormat()
    let (prompt, tokens) = try model.encode(
      ChatRequest(messages: [.user("Ana has 47 apples and buys 35 more. How many now?")]))
    #expect(prompt.opensReasoning)
    var request = EngineRequest(
      prompt: tokens, reading: .chat(ResponseParser(format, after: prompt)),
      options: Self.request(tokens, maxTokens: 40).options)
    request.reasoningBudget = 10
    var (reasoning, answer) = (0, "")
    for await event in engine.submit(request) {
      guard case .piece(let piece) = event else { continue }
      if piece.isReasoning { reasoning += 1 }
      for case .content(let text) in piece.events { answer += text }
    }
    // The model's own 10, and the tokens that end them.
    #expect((10..<20).contains(reasoning))
    #expect(!answer.isEmpty)
  }

  @Test func `who stops in the middle of a thought still gives the answer that was asked for`()
    async throws
  {
    let model = try LanguageModel.builtIn()
    let engine = try Engine(model, options: Engine.Options(runtime: RuntimeOptions()))
    let (prompt, tokens) = try model.encode(
      ChatRequest(messages: [.user("Ana has 47 apples and buys 35 more. How many now?")]))
    #expect(prompt.opensReasoning)
    var request = EngineRequest(
      prompt: tokens, reading: .chat(ResponseParser(try model.chatFormat(), after: prompt)),
      options: Self.request(tokens, maxTokens: 40).options)
    request.options.stopTokens = model.stopTokens
    for token in model.stopTokens { request.options.sampling.logitBias[token] = 100 }
    request.grammar = try Grammar.regex("[0-9]{2}")
    let outcome = await Self.outcome(engine.submit(request))
    #expect(outcome.reason == .stop)
    #expect(outcome.text.count == 2 && Int(outcome.text) != nil, "\(outcome.text)")
  }

  @Test func `a stopped engine fails what it has`() async throws {
    let engine = try Self.engine()
    let answer = engine.submit(Self.request([5, 6, 7], maxTokens: 400))
    engine.stop()
    let failure = await Self.outcome(answer).failure
    #expect(failure == .shutDown)
  }

  @Test func `an answer obeys its grammar, and a grammar nobody can write is refused`() async throws
  {
    let engine = try Self.engine("deepseek_v3_mtp")
    let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[1].ids
    let schema = try JSON.parse(
      """
      {"type": "object", "properties": {"name": {"type": "string", "maxLength": 4}, "age": {"type": "integer", "minimum": 0, \
      "maximum": 99}}, "required": ["name", "age"], "additionalProperties": false}
      """)
    for seed in 0..<20 {
      var request = Self.request(prompt, maxTokens: 200, temperature: 1, seed: UInt64(seed))
      request.grammar = try Grammar.jsonSchema(schema, strict: true)
      let outcome = await Self.outcome(engine.submit(request))
      #expect(outcome.reason == .stop)
      let value = try JSON.parse(outcome.text)
      #expect(value["name"]?.stringValue.map { $0.count <= 4 } == true, "seed \(seed)")
      #expect(value["age"]?.intValue.map { (0...99).contains($0) } == true, "seed \(seed)")
    }
  }

  @Test func `a beginning that another engine kept on disk gives the same bits`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let prompt = try GoldenFamily("deepseek_v3_mtp").prompts[3].ids
      var request = Self.request(prompt, maxTokens: 80)
      request.topScores = 3
      let first = try Self.engine { $0.disk = (folder + "/blocks", 1 << 30) }
      let computed = await Self.outcome(first.submit(request))
      first.stop()
      for _ in 0..<200 where first.statistics.disk?.isWritable == true {
        try await Task.sleep(for: .milliseconds(10))
      }
      let second = try Self.engine { $0.disk = (folder + "/blocks", 1 << 30) }
      let read = await Self.outcome(second.submit(request))
      #expect(read.cached == prompt.count / 64 * 64)
      #expect(read.tokens == computed.tokens)
      #expect(read.scores == computed.scores)
      #expect(second.statistics.disk?.hits == prompt.count / 64)
      var other = request
      other.tenant = "somebody else"
      #expect(await Self.outcome(second.submit(other)).cached == 0)
    }
  }
}
