import FathomCore
import FathomTasks
import FathomText

/// The problems of a task file, drawn like those of a family: to be rewarded for, to be answered by a teacher.
///
/// Which of them are kept for tests is the file's own to decide: all of them are drawn.
public struct GivenProblems: TaskFamily {
  /// The task's.
  public let name: String
  private let problems: [Problem]

  /// - Throws: `InputError` for what is wrong with the file, for problems that are more than one question, and for graders that start programs or
  ///   compare probabilities.
  public init(path: String) throws {
    do { try self.init(EvaluationTask(path: path)) } catch let error as InputError {
      throw error.place.hasPrefix(path) ? error : error.inside(path)
    }
  }

  init(_ task: EvaluationTask) throws {
    name = task.name
    guard (try? Families.named(name)) == nil else {
      throw InputError("\"name\"", expected: "one that no family of problems has", found: name)
    }
    problems = try task.problems.map { try Self.problem($0, of: task.name) }
  }

  private static func problem(_ given: EvaluationProblem, of task: String) throws -> Problem {
    let place = "problem \(InputError.excerpt(given.id))"
    guard case .messages(let messages) = given.prompt, let question = messages.first,
      messages.count == 1, question.role == .user, let prompt = question.content
    else {
      throw InputError(
        place, expected: "one question of a user",
        found: InputError.excerpt(given.prompt.json.text()))
    }
    guard case .answer(let grader) = given.check, let grader = grader as? any ImmediateGrader else {
      throw InputError(
        place,
        expected:
          "a grader of type exact, math or mapping; a reward of kind command runs a program of yours",
        found: "another")
    }
    let reference = given.reference.map { Completion(parsing: $0) }
    var problem = Problem(
      family: task, prompt: prompt, reasoning: reference?.reasoning?.trimmed ?? "",
      answer: reference?.answer.trimmed ?? ""
    ) { answer in
      grader.verdict(Completion(text: answer, reasoning: nil, answer: answer)).passed
    }
    problem.isGiven = true
    return problem
  }

  public func problem(_ random: inout TaskRandom) -> Problem { random.pick(problems) }
}
