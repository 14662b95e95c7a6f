import FathomCore
import FathomEvaluation
import FathomInference
import FathomTasks
import FathomTraining
import Foundation

/// Rejection sampling: a model answers fresh problems several times, what is verified is kept, and becomes data to tune on.
///
/// Source: DeepSeek-R1 report §2.3.3.
public struct RejectionSampling {
  public struct Options: Sendable {
    /// Problems that are asked.
    public var problems = 1000
    /// Answers to each.
    public var samples = 8
    /// Different right answers to a problem that are kept at most, the shortest first.
    public var kept = 1
    /// Most tokens of an answer.
    public var maxTokens = 320
    public var sampling = SamplingOptions()
    public var seed: UInt64 = 0
    public var threads: Int?
    /// Problems that are asked together; what is written, and resumed, comes in such pieces.
    public var batch = 32

    public init() {}
  }

  /// What became of the answers so far.
  public struct Tally: Sendable, Equatable {
    public var problems = 0
    public var answers = 0
    public var verified = 0
    /// Right answers that said the same as another.
    public var duplicates = 0
    /// Problems without a right answer.
    public var unsolved = 0
    public var written = 0
  }

  private let maker: RolloutMaker
  private let source: ProblemSource
  private let options: Options

  public init(_ model: LanguageModel, _ shares: [ProblemSource.Share], _ options: Options) throws {
    var making = RolloutMaker.Options()
    making.groupSize = options.samples
    making.maxTokens = options.maxTokens
    making.sampling = options.sampling
    making.seed = options.seed
    making.threads = options.threads
    maker = try RolloutMaker(model, making)
    source = ProblemSource(shares, seed: options.seed)
    self.options = options
  }

  /// Writes rows of `messages` to a JSONL file that `fathom train tune` reads, as they come.
  ///
  /// - Parameters:
  ///   - progress: called behind each batch of problems.
  ///   - isCancelled: asked between batches; what was written until then stays.
  /// - Throws: `InputError` for a file that can't be written, `EngineFailure`.
  public func write(
    to path: String, progress: (Tally) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) async throws -> Tally {
    defer { maker.stop() }
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else {
      throw InputError(path, expected: "a file that can be written", found: "none")
    }
    var tally = Tally()
    var cursor: UInt64 = 0
    while tally.problems < options.problems, !isCancelled() {
      var problems: [Problem] = []
      let address = cursor
      while problems.count < min(options.batch, options.problems - tally.problems) {
        let (problem, next) = source.problem(at: cursor)
        problems.append(problem)
        cursor = next
      }
      let rollouts = try await maker.rollouts(
        try problems.map { try maker.prompt($0.prompt) }, address: address)
      var rows = ""
      for (question, problem) in problems.enumerated() {
        let answers = rollouts.filter { $0.question == question }
        for row in select(answers, problem, &tally) { rows += row.text() + "\n" }
      }
      do {
        try file.write(contentsOf: Array(rows.utf8))
        try file.synchronize()
      } catch {
        throw InputError(
          path, expected: "a file that can be written", found: error.localizedDescription)
      }
      progress(tally)
    }
    return tally
  }

  /// The right answers that are kept, as rows.
  private func select(_ answers: [Rollout], _ problem: Problem, _ tally: inout Tally) -> [JSON] {
    tally.problems += 1
    tally.answers += answers.count
    let right = answers.filter {
      $0.completion.isFinished && problem.accepts($0.completion.answer)
    }
    tally.verified += right.count
    if right.isEmpty { tally.unsolved += 1 }
    var seen: Set<String> = []
    let different = right.sorted { $0.answer.count < $1.answer.count }
      .filter { seen.insert($0.completion.text).inserted }
    tally.duplicates += right.count - different.count
    let kept = different.prefix(options.kept)
    tally.written += kept.count
    return kept.map { Self.row($0.completion, problem) }
  }

  private static func row(_ completion: Completion, _ problem: Problem) -> JSON {
    var answer = JSONObject(["role": .string("assistant")])
    if let reasoning = completion.reasoning {
      answer["reasoning_content"] = .string(
        reasoning.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    answer["content"] = .string(completion.answer.trimmingCharacters(in: .whitespacesAndNewlines))
    let question = JSONObject([
      "role": .string("user"), "content": .string(problem.prompt),
    ])
    return .object(
      JSONObject([
        "messages": .array([.object(question), .object(answer)]),
        "family": .string(problem.family),
      ]))
  }
}
