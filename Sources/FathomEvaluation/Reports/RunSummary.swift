import FathomCore

/// A figure of a run: a mean over problems, and where it lies.
public struct MetricValue: Sendable, Equatable {
  public let metric: Metric
  public let value: Double
  /// 95 %: Wilson's where each problem counts as right or wrong, else the bootstrap's over problems.
  public let low: Double
  public let high: Double
  /// Where each problem counts as right or wrong.
  public let jeffreys: JeffreysInterval?

  /// - Parameter values: one for each problem, 0 to 1.
  init(_ metric: Metric, values: [Double]) {
    self.metric = metric
    if values.allSatisfy({ $0 == 0 || $0 == 1 }) {
      let correct = values.count { $0 == 1 }
      let interval = WilsonInterval(correct: correct, of: values.count)
      value = values.isEmpty ? 0 : Double(correct) / Double(values.count)
      (low, high) = (interval.low, interval.high)
      jeffreys = JeffreysInterval(correct: correct, of: values.count)
    } else {
      let interval = BootstrapInterval(values)
      (value, low, high) = (interval.mean, interval.low, interval.high)
      jeffreys = nil
    }
  }

  public var json: JSON {
    var object = JSONObject([
      "name": .string(metric.name), "value": .double(value), "low": .double(low),
      "high": .double(high), "interval": .string(jeffreys == nil ? "bootstrap" : "wilson"),
    ])
    if let jeffreys {
      object["jeffreys"] = .object(
        JSONObject(["low": .double(jeffreys.low), "high": .double(jeffreys.high)]))
    }
    return .object(object)
  }
}

/// What a run's samples say, problem by problem and together.
public struct RunSummary: Sendable {
  /// The samples of a problem, by number.
  public struct Answered: Sendable {
    public let problem: String
    public let samples: [SampleRecord]

    /// Whether the most frequent answer of the first k is right; of equals the first.
    public func majorityIsRight(_ k: Int) -> Bool {
      var counts: [String: Int] = [:]
      for sample in samples.prefix(k) { counts[sample.vote, default: 0] += 1 }
      let most = counts.values.max() ?? 0
      return samples.prefix(k).first { counts[$0.vote] == most }?.verdict.passed ?? false
    }

    /// Whether the first of the first k that passes what its asker can check is right; the first, where none does.
    public func bestIsRight(_ k: Int) -> Bool {
      let choice = samples.prefix(k)
      return (choice.first { $0.verdict.isPlausible == true } ?? choice.first)?.verdict.passed
        ?? false
    }

    public var correct: Int { samples.count { $0.verdict.passed } }
  }

  public let header: RunHeader
  /// Problems with all their samples, in the order of the first one.
  public let answered: [Answered]
  public let values: [MetricValue]
  /// Samples that were cut off, and samples without an answer.
  public let unfinished: Int
  public let failed: Int
  public let tokens: Int

  /// - Parameter metrics: empty where the number of samples decides.
  /// - Throws: `InputError` for a metric that asks for more samples than there are.
  public init(_ run: EvaluationRun, metrics: [Metric] = []) throws {
    header = run.header
    let groups = Dictionary(grouping: run.records, by: \.key.problem)
    var order: [String] = []
    var seen: Set<String> = []
    for record in run.records where seen.insert(record.key.problem).inserted {
      order.append(record.key.problem)
    }
    let isChoice = run.records.first?.choice != nil
    let n = isChoice ? 1 : run.header.samples
    let complete = order.compactMap { id -> Answered? in
      guard let samples = groups[id], samples.count >= n else { return nil }
      return Answered(problem: id, samples: samples.sorted { $0.key.sample < $1.key.sample })
    }
    answered = complete
    unfinished = run.records.count { !["stop", "scored", "error"].contains($0.finishReason) }
    failed = run.records.count { $0.finishReason == "error" }
    tokens = run.records.reduce(0) { $0 + ($1.completionTokens ?? 0) }
    let all = metrics.isEmpty ? Self.standard(n: n, isChoice: isChoice, run.records) : metrics
    values = try all.map { metric in
      if case .bestOf = metric, !Self.isChecked(run.records) {
        throw InputError(
          "metric \(metric.name)", expected: "answers that can be checked by who asks",
          found: "a task that says nothing about it")
      }
      return MetricValue(metric, values: try complete.map { try Self.value(of: metric, $0, n: n) })
    }
  }

  private static func standard(n: Int, isChoice: Bool, _ records: [SampleRecord]) -> [Metric] {
    if isChoice { return [.accuracy, .normalizedAccuracy] }
    let isGraded = records.contains {
      ($0.verdict.score == 1) != $0.verdict.passed
        || $0.verdict.score > 0 && $0.verdict.score < 1
    }
    let several = [.passAt(n), .majorityAt(n)] + (isChecked(records) ? [Metric.bestOf(n)] : [])
    return [.passAt(1)] + (n > 1 ? several : []) + (isGraded ? [.score] : [])
  }

  /// Whether who asks can check answers; samples that failed tell nothing.
  private static func isChecked(_ records: [SampleRecord]) -> Bool {
    records.contains { $0.verdict.isPlausible != nil }
  }

  private static func value(of metric: Metric, _ answered: Answered, n: Int) throws -> Double {
    func check(_ k: Int) throws {
      guard k <= n else {
        throw InputError(
          "metric \(metric.name)", expected: "at least \(k) samples of a problem", found: "\(n)")
      }
    }
    switch metric {
    case .passAt(let k):
      try check(k)
      return PassAtK.estimate(n: answered.samples.count, correct: answered.correct, k: k)
    case .majorityAt(let k):
      try check(k)
      return answered.majorityIsRight(k) ? 1 : 0
    case .bestOf(let k):
      try check(k)
      return answered.bestIsRight(k) ? 1 : 0
    case .score:
      let scores = answered.samples.map(\.verdict.score)
      return scores.reduce(0, +) / Double(max(1, scores.count))
    case .accuracy, .normalizedAccuracy:
      guard let choice = answered.samples.first?.choice else {
        throw InputError(
          "metric \(metric.name)", expected: "multiple-choice questions", found: "written answers")
      }
      return (metric == .accuracy ? choice.isRight : choice.isRightNormalized) ? 1 : 0
    }
  }

  public var json: JSON {
    .object(
      JSONObject([
        "task": .string(header.taskName), "task_hash": .string(header.taskHash),
        "model": header.json["model"] ?? .null, "sampling": header.json["sampling"] ?? .null,
        "problems": .integer(header.problems), "answered": .integer(answered.count),
        "samples": .integer(header.samples), "metrics": .array(values.map(\.json)),
        "unfinished": .integer(unfinished), "failed": .integer(failed),
        "completion_tokens": .integer(tokens),
      ]))
  }
}
