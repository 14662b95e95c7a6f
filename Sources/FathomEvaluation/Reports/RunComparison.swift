import FathomCore

/// Two runs of the same task side by side: each problem is its own control.
public struct RunComparison: Sendable {
  public let first: RunSummary
  public let second: RunSummary
  /// Problems that both have answered.
  public let problems: Int
  public let firstRate: Double
  public let secondRate: Double
  /// First minus second, mean share of right samples.
  public let difference: BootstrapInterval
  /// The same of pass@k, with as many samples as each problem has in both runs; nil where that is one.
  public let passAtK: ManySamples?
  /// Of the only sample, or of the most frequent answer where there are several.
  public let test: McNemarTest

  /// pass@k of both runs.
  public struct ManySamples: Sendable {
    public let k: Int
    public let firstRate: Double
    public let secondRate: Double
    public let difference: BootstrapInterval
  }

  /// - Throws: `InputError` for runs of different tasks, and where no problem was answered by both.
  public init(_ first: RunSummary, _ second: RunSummary) throws {
    guard first.header.taskHash == second.header.taskHash else {
      throw InputError(
        "second run", expected: "task \(first.header.taskName), hash \(first.header.taskHash)",
        found: "task \(InputError.excerpt(second.header.taskName)), hash \(second.header.taskHash)")
    }
    self.first = first
    self.second = second
    let others = Dictionary(
      second.answered.map { ($0.problem, $0) }, uniquingKeysWith: { first, _ in first })
    let pairs = first.answered.compactMap { own in others[own.problem].map { (own, $0) } }
    guard !pairs.isEmpty else {
      throw InputError("runs", expected: "problems that both have answered", found: "none")
    }
    func rate(_ answered: RunSummary.Answered) -> Double {
      Double(answered.correct) / Double(max(1, answered.samples.count))
    }
    func isRight(_ answered: RunSummary.Answered) -> Bool {
      answered.majorityIsRight(answered.samples.count)
    }
    problems = pairs.count
    firstRate = pairs.reduce(0) { $0 + rate($1.0) } / Double(pairs.count)
    secondRate = pairs.reduce(0) { $0 + rate($1.1) } / Double(pairs.count)
    difference = BootstrapInterval(pairs.map { rate($0.0) - rate($0.1) })
    passAtK = Self.passAtK(pairs)
    test = McNemarTest(
      onlyFirst: pairs.count { isRight($0.0) && !isRight($0.1) },
      onlySecond: pairs.count { !isRight($0.0) && isRight($0.1) })
  }

  private static func passAtK(
    _ pairs: [(RunSummary.Answered, RunSummary.Answered)]
  ) -> ManySamples? {
    let k = pairs.reduce(Int.max) { min($0, $1.0.samples.count, $1.1.samples.count) }
    guard k > 1 else { return nil }
    func estimate(_ answered: RunSummary.Answered) -> Double {
      PassAtK.estimate(n: answered.samples.count, correct: answered.correct, k: k)
    }
    let rates = pairs.map { (estimate($0.0), estimate($0.1)) }
    let count = Double(pairs.count)
    return ManySamples(
      k: k, firstRate: rates.reduce(0) { $0 + $1.0 } / count,
      secondRate: rates.reduce(0) { $0 + $1.1 } / count,
      difference: BootstrapInterval(rates.map { $0.0 - $0.1 }))
  }

  public var json: JSON {
    .object(
      JSONObject([
        "task": .string(first.header.taskName), "problems": .integer(problems),
        "first": .object(
          JSONObject([
            "model": first.header.json["model"] ?? .null, "pass_at_1": .double(firstRate),
          ])),
        "second": .object(
          JSONObject([
            "model": second.header.json["model"] ?? .null, "pass_at_1": .double(secondRate),
          ])),
        "difference": difference.json,
        "pass_at_k": passAtK.map {
          .object(
            JSONObject([
              "k": .integer($0.k), "first": .double($0.firstRate),
              "second": .double($0.secondRate), "difference": $0.difference.json,
            ]))
        } ?? .null,
        "mcnemar": .object(
          JSONObject([
            "only_first": .integer(test.onlyFirst), "only_second": .integer(test.onlySecond),
            "p": .double(test.pValue),
          ])),
      ]))
  }
}

extension BootstrapInterval {
  fileprivate var json: JSON {
    .object(
      JSONObject([
        "value": .double(mean), "low": .double(low), "high": .double(high),
        "interval": .string("paired bootstrap"),
      ]))
  }
}
