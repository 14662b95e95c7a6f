import FathomCore
import FathomEvaluation
import FathomInference
import FathomTasks
import FathomTraining

/// Held-out problems that two models answered: the one a run began with, and the one it made.
public struct HeldOutComparison: Sendable {
  public struct Answer: Sendable, Equatable {
    /// All that the model wrote.
    public let text: String
    public let isRight: Bool
    /// What the verifier says.
    public let detail: String
    public let tokens: Int?

    public init(text: String, isRight: Bool, detail: String = "", tokens: Int? = nil) {
      self.text = text
      self.isRight = isRight
      self.detail = detail
      self.tokens = tokens
    }
  }

  public struct Item: Sendable, Equatable {
    public let family: String
    /// Its place among the held-out problems of its family, counted from 0.
    public let number: Int
    public let prompt: String
    public let expected: String
    public let before: Answer
    public let after: Answer

    public init(
      family: String, number: Int, prompt: String, expected: String, before: Answer, after: Answer
    ) {
      self.family = family
      self.number = number
      self.prompt = prompt
      self.expected = expected
      self.before = before
      self.after = after
    }

    var differs: Bool { before.isRight != after.isRight }
  }

  /// What both are called.
  public let names: (before: String, after: String)
  /// Family after family, by number.
  public let items: [Item]

  public init(before: String, after: String, items: [Item]) {
    names = (before, after)
    self.items = items
  }

  /// In the order of the problems.
  public var families: [String] {
    var seen: Set<String> = []
    return items.map(\.family).filter { seen.insert($0).inserted }
  }

  public var total: RewardCheck.HeldOut { Self.tally(items[...]) }

  /// What is right in each family, and the chance of so uneven a split between equals.
  public var byFamily: [(family: String, rates: RewardCheck.HeldOut, test: McNemarTest)] {
    let groups = Dictionary(grouping: items, by: \.family)
    return families.map { family in
      let items = groups[family] ?? []
      let test = McNemarTest(
        onlyFirst: items.count { $0.before.isRight && !$0.after.isRight },
        onlySecond: items.count { !$0.before.isRight && $0.after.isRight })
      return (family, Self.tally(items[...]), test)
    }
  }

  private static func tally(_ items: ArraySlice<Item>) -> RewardCheck.HeldOut {
    RewardCheck.HeldOut(
      before: Tally(items.lazy.map(\.before.isRight)),
      after: Tally(items.lazy.map(\.after.isRight)))
  }
}

// Those that are shown.
extension HeldOutComparison {
  /// How many are shown in all, and how many of them because the verdicts differ.
  static let shown = 10
  static let shownForDifference = 5
  /// Only the first of each family are looked at.
  static let looked = 100

  /// Ten problems with both answers: up to five whose verdicts differ, then whichever come first; both taken from family after family in
  /// turn, each family's lowest numbers first.
  public var transcripts: [Item] {
    let groups = families.map { family in
      items.filter { $0.family == family }.sorted { $0.number < $1.number }.prefix(Self.looked)
    }
    let first = Self.inTurn(groups.map { $0.filter(\.differs) }, count: Self.shownForDifference)
    let rest = Self.inTurn(
      groups.map { $0.filter { !first.contains($0) } }, count: Self.shown - first.count)
    let order = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1, $0) })
    return (first + rest).sorted {
      ((order[$0.family] ?? 0), $0.number) < ((order[$1.family] ?? 0), $1.number)
    }
  }

  static var rule: String {
    "Not a sample: up to \(shownForDifference) problems whose verdicts differ, then whichever come first, "
      + "taken from the families in turn, the lowest numbers of the first \(looked) first."
  }

  /// One of each group, then another of each, until there are enough.
  private static func inTurn(_ groups: [[Item]], count: Int) -> [Item] {
    var taken: [Item] = []
    for round in 0..<(groups.map(\.count).max() ?? 0) {
      for group in groups where round < group.count && taken.count < count {
        taken.append(group[round])
      }
    }
    return taken
  }
}

// Asking.
extension HeldOutComparison {
  public struct Options: Sendable {
    /// Problems of each family.
    public var problems = 100
    /// Most tokens of an answer.
    public var maxTokens = 512
    /// Names of families.
    public var families: [String] = []
    public var threads: Int?
    /// Which of the held-out problems: those of `fathom eval` where nothing else is said.
    public var seed: UInt64 = 1

    public init() {}
  }

  /// Has both models answer the same held-out problems, greedily, with the arithmetic that rollouts are made with.
  ///
  /// - Parameter progress: told which model is being asked, and how far it is.
  /// - Throws: `InputError` for an unknown family, `CancellationError`, `EngineFailure`.
  public init(
    before: (name: String, model: LanguageModel), after: (name: String, model: LanguageModel),
    _ options: Options,
    progress: @escaping @Sendable (_ name: String, Evaluator.Progress) -> Void = { _, _ in }
  ) async throws {
    var items: [Item] = []
    var answers: [[String: [SampleRecord]]] = []
    let tasks = try options.families.map {
      try EvaluationTask(family: $0, limit: options.problems, seed: options.seed)
    }
    for (name, model) in [before, after] {
      answers.append(
        try await Self.answers(of: model, to: tasks, options) { progress(name, $0) })
    }
    for (family, task) in zip(options.families, tasks) {
      let problems = try Families.named(family).heldOut(task.problems.count, seed: options.seed)
      let pairs = zip(answers[0][family] ?? [], answers[1][family] ?? [])
      for (number, (problem, pair)) in zip(problems, pairs).enumerated() {
        items.append(
          Item(
            family: family, number: number, prompt: problem.prompt, expected: problem.answer,
            before: Answer(pair.0), after: Answer(pair.1)))
      }
    }
    self.init(before: before.name, after: after.name, items: items)
  }

  private static let parallel = 32

  private static func answers(
    of model: LanguageModel, to tasks: [EvaluationTask], _ options: Options,
    progress: @escaping @Sendable (Evaluator.Progress) -> Void
  ) async throws -> [String: [SampleRecord]] {
    var runtime = RuntimeOptions.exact
    runtime.threads = options.threads
    var engineOptions = Engine.Options(runtime: runtime)
    engineOptions.parallel = parallel
    let engine = try Engine(model, options: engineOptions)
    defer { engine.stop() }
    var wishes = SamplingWishes()
    wishes.maxTokens = options.maxTokens
    let sampling = try EvaluationSampling(wishes)
    let asked = EngineModel(engine, name: "", thinking: true)
    var answers: [String: [SampleRecord]] = [:]
    for task in tasks {
      answers[task.name] = try await Evaluator(
        task: task, sampling: sampling, model: asked, parallel: parallel
      ).run(progress: progress)
    }
    return answers
  }
}

extension HeldOutComparison.Answer {
  fileprivate init(_ record: SampleRecord) {
    self.init(
      text: record.text, isRight: record.verdict.passed, detail: record.verdict.detail,
      tokens: record.completionTokens)
  }
}
