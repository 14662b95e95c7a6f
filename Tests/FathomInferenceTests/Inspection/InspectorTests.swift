import FathomModels
import GoldenSupport
import Testing

@testable import FathomInference

/// The line in front of inspections, and what becomes of those that nobody reads.
@Suite struct InspectorTests {
  private let engine: Engine
  private let prompt: [Int32]

  init() throws {
    let inspected = try Inspected("deepseek_v3_mtp")
    engine = try Self.engine(inspected.language) { _ in }
    prompt = inspected.prompt(70)
  }

  private static func engine(
    _ language: LanguageModel, change: (inout Engine.Options) -> Void
  ) throws -> Engine {
    var options = Engine.Options(runtime: RuntimeOptions())
    options.runtime.threads = 2
    // Where many tests run, a reader may wait long for its turn.
    options.slowReaderSeconds = 600
    change(&options)
    return try Engine(language, options: options)
  }

  private func inspection(_ maxTokens: Int = 24) throws -> Inspection {
    try Inspection(
      engine.model, prompt: prompt, options: Shown.options { $0.generation.maxTokens = maxTokens },
      contextLimit: engine.contextLimit)
  }

  private func submit(
    to inspector: Inspector, deadline: ContinuousClock.Instant = .now + .seconds(3600)
  ) throws -> InspectionAnswer<InspectionFrame> {
    try inspector.submit(try inspection(), deadline: deadline) { $0 }
  }

  private static func read(_ answer: InspectionAnswer<InspectionFrame>) async throws -> Shown {
    var shown = Shown()
    for try await frame in answer { shown.take(frame) }
    return shown
  }

  /// Waits until nothing runs any more.
  private static func idle(_ inspector: Inspector) async throws -> Bool {
    for _ in 0..<4000 where inspector.isBusy { try await Task.sleep(for: .milliseconds(5)) }
    return !inspector.isBusy
  }

  /// Both use the same threads, region by region.
  @Test func `beside a busy engine nothing changes, here or there`() async throws {
    var options = GenerationOptions()
    options.sampling = .greedy
    options.drafting = .off
    options.maxTokens = 200
    let request = EngineRequest(
      prompt: prompt, reading: .text(skipSpecial: false), options: options)
    let alone = try Session(engine.model.model).generate(prompt: prompt, options: options).tokens
    let answers = (0..<3).map { _ in engine.submit(request) }
    let inspector = Inspector(engine)
    let expected = try Shown(engine.model, prompt: prompt) { $0.generation.maxTokens = 24 }
    for _ in 0..<3 {
      let shown = try await Self.read(try submit(to: inspector))
      #expect(shown.attention == expected.attention)
      #expect(shown.routing == expected.routing)
      #expect(shown.lens == expected.lens)
      #expect(shown.steps == expected.steps)
      #expect(shown.drafts == expected.drafts)
    }
    for answer in answers {
      var tokens: [Int32] = []
      for await event in answer {
        if case .piece(let piece) = event, let token = piece.token { tokens.append(token) }
      }
      #expect(tokens == alone)
    }
  }

  @Test func `a few wait in line, more are refused`() async throws {
    let inspector = Inspector(engine)
    // Nobody reads the first, so the others wait.
    let first = try submit(to: inspector)
    let waiting = try (0..<Inspector.waiting).map { _ in try submit(to: inspector) }
    #expect(throws: EngineFailure.queueFull(waiting: Inspector.waiting)) {
      try submit(to: inspector)
    }
    // Who leaves the line makes room in it.
    waiting[0].cancel()
    let last = try submit(to: inspector)
    first.cancel()
    for answer in waiting.dropFirst() + [last] {
      let shown = try await Self.read(answer)
      #expect(shown.steps.count == 24)
    }
    #expect(try await Self.read(waiting[0]).kinds.isEmpty)
    #expect(try await Self.idle(inspector))
  }

  @Test func `a reader who leaves ends the inspection`() async throws {
    let inspector = Inspector(engine)
    var seen = 0
    let answer = try submit(to: inspector)
    for try await _ in answer {
      seen += 1
      if seen == 4 { answer.cancel() }
    }
    #expect(try await Self.idle(inspector))
    // The unread frames at most.
    #expect((4...6).contains(seen))
  }

  @Test func `a task that ends while it reads ends the inspection`() async throws {
    let inspector = Inspector(engine)
    let answer = try submit(to: inspector)
    let task = Task { try await Self.read(answer) }
    task.cancel()
    _ = try? await task.value
    #expect(try await Self.idle(inspector))
  }

  @Test func `a reader who does not read is given up`() async throws {
    let impatient = try Self.engine(engine.model) { $0.slowReaderSeconds = 0.2 }
    let inspector = Inspector(impatient)
    let answer = try submit(to: inspector)
    #expect(try await Self.idle(inspector))
    await #expect(throws: EngineFailure.slowReader(seconds: 0.2)) {
      try await Self.read(answer)
    }
  }

  @Test func `a deadline ends an inspection`() async throws {
    let inspector = Inspector(engine)
    let answer = try submit(to: inspector, deadline: .now)
    await #expect(throws: EngineFailure.deadline) { try await Self.read(answer) }
    #expect(try await Self.idle(inspector))
  }

  @Test func `a stop ends what runs and what waits, and nothing is taken after it`() async throws {
    let inspector = Inspector(engine)
    let answers = try (0..<3).map { _ in try submit(to: inspector) }
    inspector.stop()
    for answer in answers {
      await #expect(throws: EngineFailure.shutDown) { try await Self.read(answer) }
    }
    #expect(throws: EngineFailure.shutDown) { try submit(to: inspector) }
    #expect(try await Self.idle(inspector))
  }
}
