import FathomCore
import FathomInference
import FathomServer
import FathomText
import Foundation
import Logging
import Testing

@testable import FathomEvaluation

/// The built-in model in this process, alone and behind a server.
@Suite struct ModelTests {
  private static let made = Result { () throws -> Engine in
    let language = try LanguageModel.builtIn()
    var options = Engine.Options(runtime: language.suggestedRuntime)
    options.cacheBytes = 64 << 20
    return try Engine(language, options: options)
  }

  private func sampling(_ temperature: Double, n: Int = 1, tokens: Int = 16) throws
    -> EvaluationSampling
  {
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature, wishes.maxTokens) = (n, temperature, tokens)
    return try EvaluationSampling(wishes)
  }

  @Test(arguments: [0, 1])
  func `answers are those of a conversation of one's own`(temperature: Double) async throws {
    let engine = try Self.made.get()
    let task = try EvaluationTask(family: "words", limit: 2, seed: 1)
    let records = try await Evaluator(
      task: task, sampling: try sampling(temperature), model: EngineModel(engine, name: "m"),
      parallel: 4
    ).run()
    let conversation = try Conversation(engine.model, runtime: engine.options.runtime)
    for (record, problem) in zip(records, task.problems) {
      guard case .messages(let messages) = problem.prompt else { continue }
      var options = engine.model.suggestedOptions
      options.sampling = .greedy
      options.sampling.temperature = temperature
      options.sampling.seed = record.seed
      options.maxTokens = 16
      let alone = try conversation.respond(to: ChatRequest(messages: messages), options: options)
      #expect(record.text == "<think>\n" + alone.text)
      #expect(record.answer == alone.message.content)
      #expect(record.completionTokens == alone.generation.tokens.count)
      #expect(record.finishReason == alone.generation.finishReason.rawValue)
    }
  }

  @Test func `a prompt that leaves no room fails its sample`() async throws {
    let model = EngineModel(try Self.made.get(), name: "m")
    let long = String(repeating: "word ", count: 3000)
    await #expect(throws: UnanswerableSample.self) {
      try await model.answer(.messages([.user(long)]), try sampling(0), seed: 1)
    }
    await #expect(throws: UnanswerableSample.self) {
      try await model.scores(of: [" a"], behind: .text(long))
    }
  }

  @Test func `scores of continuations add up over their tokens`() async throws {
    let engine = try Self.made.get()
    let model = EngineModel(engine, name: "m")
    let whole = try await model.scores(of: [" one two"], behind: .text("Numbers:"))
    let parts = [
      try await model.scores(of: [" one"], behind: .text("Numbers:")),
      try await model.scores(of: [" two"], behind: .text("Numbers: one")),
    ].flatMap(\.self)
    let sum = parts.reduce(0) { $0 + $1.logLikelihood }
    #expect(abs(whole[0].logLikelihood - sum) < 1e-9 && whole[0].logLikelihood < 0)
    #expect(whole[0].tokens == parts.reduce(0) { $0 + $1.tokens })
    await #expect(throws: UnanswerableSample.self) {
      try await model.scores(of: [""], behind: .text("Numbers:"))
    }
  }

  /// Serves the built-in model while `body` runs.
  private func serving(
    keys: [String] = [], _ body: @Sendable (_ url: String) async throws -> Void
  ) async throws {
    var options = ServerOptions(modelName: "tiny")
    options.port = 0
    options.apiKeys = keys
    let server = try Server(
      engine: try Self.made.get(), options: options,
      logger: Logger(label: "test") { _ in
        SwiftLogNoOpLogHandler()
      })
    let ports = AsyncStream.makeStream(of: Int.self)
    let running = Task { try await server.run { ports.continuation.yield($0) } }
    var iterator = ports.stream.makeAsyncIterator()
    let port = try #require(await iterator.next())
    do {
      try await body("http://127.0.0.1:\(port)/v1/")
    } catch {
      running.cancel()
      throw error
    }
    running.cancel()
    _ = try? await running.value
  }

  @Test func `a server's answers are graded as those in this process`() async throws {
    let engine = try Self.made.get()
    try await serving(keys: ["secret-key"]) { url in
      #expect(try await ServerModel.firstModel(url: url, apiKey: "secret-key") == "tiny")
      let remote = try ServerModel(url: url, model: "tiny", apiKey: "secret-key")
      #expect(!remote.identity.text().contains("secret-key"))
      let task = try EvaluationTask(family: "tables", limit: 2, seed: 2)
      let sampling = try sampling(1, n: 2, tokens: 64)
      func run(_ model: any EvaluatedModel) async throws -> [SampleRecord] {
        try await Evaluator(task: task, sampling: sampling, model: model, parallel: 4).run()
      }
      let (near, far) = (try await run(EngineModel(engine, name: "m")), try await run(remote))
      #expect(near.map(\.answer) == far.map(\.answer))
      #expect(near.map(\.verdict) == far.map(\.verdict) && near.contains { $0.verdict.passed })
      #expect(near.map(\.text) == far.map(\.text))
      #expect(near.map(\.completionTokens) == far.map(\.completionTokens))

      let prompt = EvaluationProblem.Prompt.text("Numbers: 1 2")
      let choices = [" 3", " 3 4 5", "é"]
      let nearScores = try await EngineModel(engine, name: "m").scores(of: choices, behind: prompt)
      let farScores = try await remote.scores(of: choices, behind: prompt)
      for (near, far) in zip(nearScores, farScores) {
        #expect(abs(near.logLikelihood - far.logLikelihood) < 1e-6 && near.tokens == far.tokens)
      }

      let plain = try await remote.answer(prompt, sampling, seed: 3)
      let own = try await EngineModel(engine, name: "m").answer(prompt, sampling, seed: 3)
      #expect(plain.completion.text == own.completion.text)

      let long = String(repeating: "word ", count: 3000)
      await #expect(throws: UnanswerableSample.self) {
        try await remote.answer(.messages([.user(long)]), sampling, seed: 1)
      }
      let stranger = try ServerModel(url: url, model: "tiny", apiKey: "wrong-key")
      let error = await #expect(throws: InputError.self) {
        try await stranger.answer(prompt, sampling, seed: 1)
      }
      #expect(error?.description.contains("401") == true)
    }
  }

  @Test func `a server that is away is tried again, and then named`() async throws {
    let start = ContinuousClock.now
    let away = try ServerModel(
      url: "http://127.0.0.1:9", model: "m", attempts: 3, firstWaitSeconds: 0.05)
    let error = await #expect(throws: InputError.self) {
      try await away.answer(.text("x"), try sampling(0), seed: 1)
    }
    #expect(error?.description.contains("127.0.0.1:9") == true)
    #expect(ContinuousClock.now - start > .milliseconds(140))
    for url in ["", "no address", "ftp://x", "/v1", "http://"] {
      #expect(throws: InputError.self) { try ServerModel(url: url, model: "m") }
    }
  }
}
