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
  /// Of the only sample, or of the most frequent answer where there are several.
  public let test: McNemarTest

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
    test = McNemarTest(
      onlyFirst: pairs.count { isRight($0.0) && !isRight($0.1) },
      onlySecond: pairs.count { !isRight($0.0) && isRight($0.1) })
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
        "difference": .object(
          JSONObject([
            "value": .double(difference.mean), "low": .double(difference.low),
            "high": .double(difference.high), "interval": .string("paired bootstrap"),
          ])),
        "mcnemar": .object(
          JSONObject([
            "only_first": .integer(test.onlyFirst), "only_second": .integer(test.onlySecond),
            "p": .double(test.pValue),
          ])),
      ]))
  }
}
