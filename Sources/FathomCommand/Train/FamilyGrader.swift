import Dispatch
import Fathom
import Synchronization

/// Lets a model answer held-out problems and has every answer verified.
struct FamilyGrader {
  /// Right answers among some.
  struct Score {
    var family: String
    var n = 0
    var correct = 0
    /// Answers that were cut off.
    var unfinished = 0
    var tokens = 0
    /// The first wrong answers, to look at.
    var failures: [(problem: Problem, answer: String)] = []

    var rate: Double { n == 0 ? 0 : Double(correct) / Double(n) }
    var interval: WilsonInterval { WilsonInterval(correct: correct, of: n) }
  }

  private let model: LanguageModel
  private let threads: Int
  /// Most tokens of an answer.
  var maxTokens = 512
  /// Sampling temperature; 0 is greedy.
  var temperature = 0.0

  init(model path: String, threads: Int) throws {
    model = try LanguageModel(path: path, placement: .mapped)
    self.threads = threads
  }

  func score(
    _ family: any TaskFamily, n: Int, seed: UInt64,
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Score {
    let problems = Self.problems(family, n: n, seed: seed)
    let results = Mutex(Score(family: family.name))
    let failure = Mutex<(any Error)?>(nil)
    let next = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
      do {
        var runtime = RuntimeOptions()
        runtime.threads = 1
        let session = try Session(model.model, options: runtime)
        while !isCancelled() {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < problems.count else { return }
          let (answer, tokens, isFinished) = try self.answer(problems[index], session, seed: seed)
          let isRight = problems[index].accepts(answer)
          results.withLock { score in
            score.n += 1
            score.tokens += tokens
            if isRight { score.correct += 1 }
            if !isFinished { score.unfinished += 1 }
            if !isRight, score.failures.count < 10 {
              score.failures.append((problems[index], answer))
            }
          }
          progress(done.add(1, ordering: .relaxed).newValue)
        }
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return results.withLock { $0 }
  }

  static func problems(_ family: any TaskFamily, n: Int, seed: UInt64) -> [Problem] {
    var problems: [Problem] = []
    var index: UInt64 = 0
    while problems.count < n {
      let (problem, next) = family.next(heldOut: true, seed: seed, from: index)
      problems.append(problem)
      index = next
    }
    return problems
  }

  /// The text behind the thoughts, how many tokens the answer took, and whether it came to an end.
  func answer(_ problem: Problem, _ session: Session, seed: UInt64) throws -> (String, Int, Bool) {
    let prompt = try model.encode(
      ChatRequest(messages: [.user(problem.prompt)]), RenderOptions(thinking: true))
    var options = model.suggestedOptions
    options.sampling.temperature = temperature
    options.sampling.seed = seed
    options.maxTokens = maxTokens
    options.drafting = .off
    let generation = try session.generate(prompt: prompt.tokens, options: options)
    let text = try model.tokenizer.decode(generation.tokens, skipSpecial: true)
    let answer = text.range(of: "</think>").map { String(text[$0.upperBound...]) } ?? text
    return (answer, generation.tokens.count, generation.finishReason == .stop)
  }
}
