import Dispatch
import Fathom
import Synchronization

/// Lets a model answer held-out problems and has every answer verified.
struct FamilyGrader {
  /// How problems are answered.
  struct Options {
    /// Most tokens of an answer.
    var maxTokens = 512
    /// Answers to each problem.
    var samples = 1
    /// 0 is greedy.
    var temperature = 0.0
    var drafting = Drafting.off
    /// Seeds the samples: sample j of problem i is the same whatever else is asked.
    var seed: UInt64 = 1
  }

  private let model: LanguageModel
  private let threads: Int

  /// - Parameter format: name of the chat format; nil is the checkpoint's own.
  init(model path: String, format: String? = nil, threads: Int) throws {
    model = try LanguageModel(path: path, format: format, placement: .mapped)
    self.threads = threads
  }

  /// Whether the model can draft.
  var hasMTP: Bool { model.model.mtpParameterCount > 0 }

  /// Held-out problems of a family, greedily answered.
  func score(
    _ family: any TaskFamily, n: Int, seed: UInt64,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> FamilyScore {
    FamilyScore(
      family: family.name,
      answered: try answers(
        to: family.heldOut(n, seed: seed), Options(), isCancelled: isCancelled))
  }

  /// Answers to problems, in any order; those that were begun when it was cancelled are left out.
  func answers(
    to problems: [Problem], _ options: Options,
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [AnsweredProblem] {
    let results = Mutex<[AnsweredProblem]>([])
    let failure = Mutex<(any Error)?>(nil)
    let next = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
      do {
        let session = try self.session(drafts: options.drafting != .off)
        while !isCancelled() {
          let number = next.add(1, ordering: .relaxed).oldValue
          guard number < problems.count else { return }
          guard
            let answered = try self.answer(
              problems[number], number: number, session, options, isCancelled)
          else { return }
          results.withLock { $0.append(answered) }
          progress(done.add(1, ordering: .relaxed).newValue)
        }
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return results.withLock { $0 }
  }

  func session(drafts: Bool) throws -> Session {
    var runtime = RuntimeOptions()
    runtime.threads = 1
    return try Session(model.model, options: runtime, drafts: drafts)
  }

  /// All samples for a problem; `nil` if it was cancelled meanwhile.
  private func answer(
    _ problem: Problem, number: Int, _ session: Session, _ options: Options,
    _ isCancelled: () -> Bool
  ) throws -> AnsweredProblem? {
    var (answers, unfinished, tokens): ([String], Int, Int) = ([], 0, 0)
    var seeds = TaskRandom(seed: options.seed, index: UInt64(number))
    for _ in 0..<options.samples {
      let generation = try generate(
        problem, session, options, seed: seeds.next(), isCancelled: isCancelled)
      if generation.finishReason == .cancelled { return nil }
      answers.append(try text(of: generation))
      if generation.finishReason != .stop { unfinished += 1 }
      tokens += generation.tokens.count
    }
    var answered = AnsweredProblem(number: number, problem: problem, answers: answers)
    answered.unfinished = unfinished
    answered.tokens = tokens
    return answered
  }

  func generate(
    _ problem: Problem, _ session: Session, _ options: Options, seed: UInt64,
    isCancelled: () -> Bool = { false }
  ) throws -> Generation {
    let prompt = try model.encode(
      ChatRequest(messages: [.user(problem.prompt)]), RenderOptions(thinking: true))
    var generating = model.suggestedOptions
    generating.sampling = .greedy
    generating.sampling.temperature = options.temperature
    generating.sampling.seed = seed
    generating.maxTokens = options.maxTokens
    generating.drafting = options.drafting
    return try session.generate(
      prompt: prompt.tokens, options: generating, isCancelled: isCancelled)
  }

  /// The text behind the thoughts.
  private func text(of generation: Generation) throws -> String {
    let text = try model.tokenizer.decode(generation.tokens, skipSpecial: true)
    return text.range(of: "</think>").map { String(text[$0.upperBound...]) } ?? text
  }
}
