import FathomCore

/// Whether a task's graders can be trusted: its own reference answers pass, and empty ones do not.
public struct TaskVerification: Sendable {
  public private(set) var problems = 0
  /// Problems whose reference answer is unknown.
  public private(set) var withoutReference = 0
  /// One for each problem whose grader is wrong: its id and what happened.
  public private(set) var findings: [(problem: String, finding: String)] = []

  public var isGood: Bool { findings.isEmpty }

  public init(_ task: EvaluationTask, isCancelled: () -> Bool = { false }) async {
    for problem in task.problems where !isCancelled() {
      problems += 1
      if let finding = await check(problem) { findings.append((problem.id, finding)) }
    }
  }

  private mutating func check(_ problem: EvaluationProblem) async -> String? {
    switch problem.check {
    case .answer(let grader):
      let empty = await grader.grade(Completion(text: "", reasoning: nil, answer: "", tokens: 0))
      if empty.passed { return "an empty answer passes" }
      guard let reference = problem.reference else {
        withoutReference += 1
        return nil
      }
      let verdict = await grader.grade(Completion(parsing: reference))
      return verdict.passed ? nil : "the reference answer fails: \(verdict.detail)"
    case .choice(let grader):
      let scores = grader.choices.enumerated().map { place, choice in
        ContinuationScore(
          logLikelihood: place == grader.correct ? -1e-9 : -1e3 * Double(1 + choice.utf8.count),
          tokens: 1)
      }
      if grader.grade([]).verdict.passed { return "no scores pass" }
      return grader.grade(scores).verdict.passed ? nil : "the reference choice fails"
    }
  }
}
