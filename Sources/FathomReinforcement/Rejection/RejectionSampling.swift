import FathomCore
import FathomEvaluation
import FathomTasks
import FathomTraining
import Foundation

/// Rejection sampling: a model answers fresh problems several times, what is verified is kept, and becomes data to tune on.
///
/// Source: DeepSeek-R1 report §2.3.3.
public struct RejectionSampling: Sendable {
  public struct Options: Sendable {
    /// Problems that are asked.
    public var problems = 1000
    /// Different right answers to a problem that are kept at most, the shortest first.
    public var kept = 1
    /// Answers that are under way at a time. Changes nothing of what a model in this process answers.
    public var parallel = 8

    public init() {}
  }

  /// What became of the answers so far. Of a run that went on with a file, `problems` and `written` count what was there; the others begin
  /// anew.
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

  private let model: any EvaluatedModel
  private let source: ProblemSource
  private let sampling: EvaluationSampling
  private let options: Options

  /// - Parameter sampling: `n` answers to each problem; its seed is that of the problems too.
  public init(
    _ model: any EvaluatedModel, _ shares: [ProblemSource.Share], _ sampling: EvaluationSampling,
    _ options: Options
  ) {
    precondition(options.parallel >= 1, "\(options.parallel) answers at a time")
    self.model = model
    self.sampling = sampling
    self.options = options
    source = ProblemSource(shares, seed: sampling.seed)
  }

  /// Writes rows of `messages` to a JSONL file that `fathom train tune` reads, problem after problem as they come.
  ///
  /// Once the task is cancelled, answers under way are given up.
  ///
  /// - Parameters:
  ///   - resumes: whether to go on behind what the file holds.
  ///   - progress: called behind each problem.
  /// - Throws: `InputError` for a file that can't be gone on with or written, and what the model throws. What was written until then
  ///   stays.
  public func write(
    to path: String, resumes: Bool = false, progress: (Tally) -> Void = { _ in }
  ) async throws -> Tally {
    let file = try AnswerFile(path: path, resumes: resumes)
    var tally = Tally()
    tally.problems = file.problems
    tally.written = file.rows
    var requests = Requests(source, problems: options.problems, samples: sampling.n)
    try requests.skip(to: file)
    try file.begin()
    do {
      try await withThrowingTaskGroup(of: Answered.self) { group in
        var pending: [Int: [Answered]] = [:]
        func ask() {
          guard let request = requests.next() else { return }
          group.addTask { try await answer(request) }
        }
        for _ in 0..<options.parallel { ask() }
        while let answered = try await group.next() {
          try Task.checkCancellation()
          pending[answered.request.number, default: []].append(answered)
          // Rows stand in the order of the problems, whoever is answered first.
          while let answers = pending[tally.problems], answers.count == sampling.n {
            pending[tally.problems] = nil
            try file.append(rows(answers, &tally))
            progress(tally)
          }
          ask()
        }
      }
    } catch is CancellationError where Task.isCancelled {}
    return tally
  }

  private func answer(_ request: Requests.Request) async throws -> Answered {
    var problem = TaskRandom(seed: sampling.seed, index: UInt64(request.number))
    var sample = TaskRandom(seed: problem.next(), index: UInt64(request.sample))
    do {
      let answer = try await model.answer(
        .messages([.user(request.problem.prompt)]), sampling, seed: sample.next() >> 1)
      return Answered(request: request, completion: answer.completion)
    } catch is UnanswerableSample {
      return Answered(request: request, completion: nil)
    }
  }

  /// The right answers that are kept, as rows.
  private func rows(_ answered: [Answered], _ tally: inout Tally) -> [JSON] {
    let problem = answered[0].request.problem
    let number = tally.problems
    let answers = answered.sorted { $0.request.sample < $1.request.sample }.compactMap(\.completion)
    tally.problems += 1
    tally.answers += answers.count
    let right = answers.filter { problem.isSolved(by: $0) }
    tally.verified += right.count
    if right.isEmpty { tally.unsolved += 1 }
    var seen: Set<String> = []
    let different = right.sorted { $0.length < $1.length }
      .filter { seen.insert($0.text).inserted }
    tally.duplicates += right.count - different.count
    let kept = different.prefix(options.kept)
    tally.written += kept.count
    return kept.map { AnswerFile.row($0, to: problem, number: number) }
  }
}

/// One answer to one problem; nil where the prompt left no room for one.
private struct Answered: Sendable {
  let request: Requests.Request
  let completion: Completion?
}

/// Problems in their order, each as often as it is asked.
private struct Requests {
  struct Request: Sendable {
    /// Of the problem, counted from 0.
    let number: Int
    let sample: Int
    let problem: Problem
  }

  private let source: ProblemSource
  private let problems: Int
  private let samples: Int
  private var cursor: UInt64 = 0
  private var number = 0
  private var sample = 0
  private var problem: Problem?

  init(_ source: ProblemSource, problems: Int, samples: Int) {
    (self.source, self.problems, self.samples) = (source, problems, samples)
  }

  mutating func next() -> Request? {
    guard number < problems else { return nil }
    let problem = self.problem ?? draw()
    defer {
      sample += 1
      if sample == samples { advance() }
    }
    return Request(number: number, sample: sample, problem: problem)
  }

  private mutating func draw() -> Problem {
    let (drawn, next) = source.problem(at: cursor)
    problem = drawn
    cursor = next
    return drawn
  }

  private mutating func advance() {
    (number, sample, problem) = (number + 1, 0, nil)
  }

  /// Leaves out what a file has answers to.
  ///
  /// - Throws: `InputError` where these are answers to other problems.
  mutating func skip(to file: AnswerFile) throws {
    while number < file.problems {
      _ = draw()
      advance()
    }
    guard let prompt = file.prompt else { return }
    guard draw().prompt == prompt else {
      throw InputError(
        file.path, expected: "answers to the problems that families and seed name",
        found: "an answer to another: \(InputError.excerpt(prompt))")
    }
  }
}

extension Completion {
  /// What makes one shorter than another.
  fileprivate var length: Int { tokens ?? text.utf8.count }
}
