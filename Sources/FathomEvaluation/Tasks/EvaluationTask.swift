import FathomCore
import FathomTasks
import FathomText

/// Problems with graders, how to sample answers, and what to report.
public struct EvaluationTask: Sendable {
  public let name: String
  public let problems: [EvaluationProblem]
  public let sampling: SamplingWishes
  /// Empty where the number of samples decides.
  public let metrics: [Metric]
  /// Whether its graders start programs: a command that grades, or what the model wrote.
  public let runsPrograms: Bool

  /// - Throws: `InputError` for no problems, and for two with one id.
  init(
    name: String, problems: [EvaluationProblem], sampling: SamplingWishes = SamplingWishes(),
    metrics: [Metric] = [], runsPrograms: Bool = false
  ) throws {
    self.name = name
    self.problems = problems
    self.sampling = sampling
    self.metrics = metrics
    self.runsPrograms = runsPrograms
    guard !problems.isEmpty else {
      throw InputError("task \(InputError.excerpt(name))", expected: "problems", found: "none")
    }
    var seen: Set<String> = []
    for problem in problems where !seen.insert(problem.id).inserted {
      throw InputError(
        "task \(InputError.excerpt(name))", expected: "ids that differ",
        found: "\(InputError.excerpt(problem.id)) twice")
    }
  }

  /// The first problems only.
  public func prefix(_ count: Int) throws -> EvaluationTask {
    try EvaluationTask(
      name: name, problems: Array(problems.prefix(count)), sampling: sampling, metrics: metrics,
      runsPrograms: runsPrograms)
  }

  /// Names what is asked and how it is graded: the same for the same problems in the same order.
  public var hash: String {
    Checksum.name(of: problems.flatMap { Array($0.source.text().utf8) + [0x0A] })
  }
}

extension EvaluationTask {
  /// Held-out problems of a family of this project; `mapping-realistic` are its cases written by hand.
  public init(family name: String, limit: Int, seed: UInt64) throws {
    let problems =
      name == RealisticMappingCase.family
      ? try RealisticMappingCase.all().prefix(limit).map { try $0.problem().problem(family: name) }
      : try Families.named(name).heldOut(limit, seed: seed)
    var sampling = SamplingWishes()
    sampling.maxTokens = 512
    try self.init(
      name: name,
      problems: problems.enumerated().map { number, problem in
        EvaluationProblem(
          id: "\(name)-\(number)", prompt: .messages([.user(problem.prompt)]),
          check: .answer(ProblemGrader(problem)),
          reference: "<think>\n\(problem.reasoning)\n</think>\n\n\(problem.answer)",
          source: .array([.string(problem.prompt), .string(problem.answer)]))
      }, sampling: sampling)
  }

  /// Names that stand for families.
  public static var families: [String] {
    Families.all.map(\.name) + [RealisticMappingCase.family]
  }
}

/// What a task reports.
public enum Metric: Sendable, Equatable {
  /// The chance that one of k samples is right.
  case passAt(Int)
  /// How often the most frequent answer of the first k samples is right.
  case majorityAt(Int)
  /// How often the first of k samples that passes what its asker can check is right; the first, where none does.
  case bestOf(Int)
  /// The mean of graders' scores.
  case score
  /// Multiple choice by log-likelihood, and by log-likelihood per byte.
  case accuracy
  case normalizedAccuracy

  /// `pass@8`, `maj@8`, `best@8`, `score`, `acc`, `acc_norm`
  public init?(_ name: String) {
    let parts = name.split(separator: "@", omittingEmptySubsequences: false)
    switch (parts.first, parts.count > 1 ? Int(parts[1]) : nil, parts.count) {
    case ("pass", let k?, 2) where k > 0: self = .passAt(k)
    case ("maj", let k?, 2) where k > 0: self = .majorityAt(k)
    case ("best", let k?, 2) where k > 0: self = .bestOf(k)
    case ("score", _, 1): self = .score
    case ("acc", _, 1): self = .accuracy
    case ("acc_norm", _, 1): self = .normalizedAccuracy
    default: return nil
    }
  }

  public var name: String {
    switch self {
    case .passAt(let k): "pass@\(k)"
    case .majorityAt(let k): "maj@\(k)"
    case .bestOf(let k): "best@\(k)"
    case .score: "score"
    case .accuracy: "acc"
    case .normalizedAccuracy: "acc_norm"
    }
  }
}
