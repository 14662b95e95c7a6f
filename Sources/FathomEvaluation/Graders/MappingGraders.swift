import FathomCore
import FathomMapping
import FathomTasks

/// Verifies answers to a problem of this project's families.
public struct ProblemGrader: Grader {
  public let problem: Problem

  public init(_ problem: Problem) { self.problem = problem }

  public func grade(_ completion: Completion) async -> Verdict {
    var verdict: Verdict =
      problem.accepts(completion.plainAnswer)
      ? .pass()
      : .fail(
        "expected \(InputError.excerpt(problem.answer)), found "
          + InputError.excerpt(completion.plainAnswer.trimmed))
    verdict.isPlausible = problem.isPlausible.map { $0(completion.plainAnswer) }
    return verdict
  }
}

/// Runs a mapping program on records that its author has not seen. The score is the share it maps rightly; all of them pass.
public struct MappingTestGrader: ImmediateGrader {
  public let tests: [MappingExample]

  public init(_ tests: [MappingExample]) { self.tests = tests }

  func verdict(_ completion: Completion) -> Verdict {
    let program: MappingProgram
    do {
      program = try MappingProgram(parsing: completion.plainAnswer.withoutFence.trimmed)
    } catch {
      return .fail("no mapping program: \(error)")
    }
    guard !program.statements.isEmpty else { return .fail("no mapping program: no statement") }
    var right = 0
    var first: String?
    for (number, test) in tests.enumerated() {
      let differences = program.differences(from: test.output, on: test.input)
      if differences.isEmpty {
        right += 1
      } else if first == nil {
        first = "test \(number): \(differences[0])"
      }
    }
    let score = tests.isEmpty ? 0 : Double(right) / Double(tests.count)
    return Verdict(
      score: score, passed: right == tests.count && right > 0,
      detail: first ?? "\(right) of \(tests.count) tests passed")
  }
}
