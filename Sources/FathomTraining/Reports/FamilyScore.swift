import FathomCore
import FathomTasks

/// A problem, what a model answered, and which of the answers are right.
public struct AnsweredProblem: Sendable {
  /// Its place among the problems asked, counted from 0.
  public let number: Int
  public let problem: Problem
  /// The texts behind the thoughts: one, or several samples.
  public let answers: [String]
  public let isRight: [Bool]
  /// Place of the answer that is given.
  public let chosen: Int
  /// Answers that were cut off.
  public var unfinished = 0
  /// Tokens of all answers.
  public var tokens = 0

  public init(number: Int, problem: Problem, answers: [String]) {
    precondition(!answers.isEmpty, "problem \(number) has no answers")
    self.number = number
    self.problem = problem
    self.answers = answers
    isRight = answers.map(problem.accepts)
    chosen = AnswerChoice.choose(answers, for: problem)
  }

  public var isChosenRight: Bool { isRight[chosen] }
}

/// Right ones among some.
public struct Tally: Sendable, Equatable {
  public var n = 0
  public var correct = 0

  public init(_ outcomes: some Sequence<Bool>) {
    for outcome in outcomes {
      n += 1
      if outcome { correct += 1 }
    }
  }

  public var rate: Double { n == 0 ? 0 : Double(correct) / Double(n) }
  public var interval: WilsonInterval { WilsonInterval(correct: correct, of: n) }
}

/// How a model does on problems of a family.
public struct FamilyScore: Sendable {
  public let family: String
  /// By number.
  public let answered: [AnsweredProblem]

  public init(family: String, answered: [AnsweredProblem]) {
    self.family = family
    self.answered = answered.sorted { $0.number < $1.number }
  }

  /// Answers to each problem.
  public var samples: Int { answered.first?.answers.count ?? 1 }
  public var tokens: Int { answered.reduce(0) { $0 + $1.tokens } }
  public var unfinished: Int { answered.reduce(0) { $0 + $1.unfinished } }

  /// The answers that are given: with one sample that one, with several the chosen ones.
  public var chosen: Tally { Tally(answered.lazy.map(\.isChosenRight)) }

  /// Mean share of right answers.
  public var passAt1: Double {
    Tally(answered.lazy.flatMap(\.isRight)).rate
  }

  /// Problems of which any answer is right.
  public var passAtK: Tally { Tally(answered.lazy.map { $0.isRight.contains(true) }) }

  /// The most frequent answers, whatever the user could check.
  public var majority: Tally {
    Tally(answered.lazy.map { $0.isRight[AnswerChoice.majority($0.answers)] })
  }

  /// How an answer is chosen from several.
  public enum Selector: String, Sendable {
    /// There is but one.
    case only
    /// The first that passes what the user can check.
    case userCheck = "user_check"
    case majority
  }

  public var selector: Selector {
    if samples == 1 { return .only }
    return answered.first?.problem.isPlausible == nil ? .majority : .userCheck
  }

  public var failures: [AnsweredProblem] { answered.filter { !$0.isChosenRight } }
}

/// What the search for one operator makes of the same problems.
public struct SearchScore: Sendable {
  /// Problem by problem: whether it found the right program.
  public let isRight: [Bool]
  /// The search first; the model's chosen answer where it finds nothing: what a product does.
  public let isRightWithModel: [Bool]

  /// - Returns: `nil` for problems that are no mappings.
  public init?(_ answered: [AnsweredProblem]) {
    var (alone, together): ([Bool], [Bool]) = ([], [])
    for item in answered {
      guard let mapping = item.problem.mapping else { return nil }
      let found = mapping.found.map { mapping.passesHidden($0) }
      alone.append(found ?? false)
      together.append(found ?? item.isChosenRight)
    }
    guard !alone.isEmpty else { return nil }
    isRight = alone
    isRightWithModel = together
  }

  public var alone: Tally { Tally(isRight) }
  public var withModel: Tally { Tally(isRightWithModel) }
}
