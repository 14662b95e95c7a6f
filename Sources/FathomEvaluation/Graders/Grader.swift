import FathomText

/// What a model wrote, as graders see it.
public struct Completion: Sendable, Equatable {
  /// Everything, with `<think>` and `</think>` where the model or its prompt wrote them.
  public var text: String
  /// What stands between the tags; `nil` where nothing was reasoned.
  public var reasoning: String?
  /// What stands behind the reasoning.
  public var answer: String
  /// Whether it ended by itself; false where it was cut off.
  public var isFinished: Bool
  /// How many tokens it has, where that is known.
  public var tokens: Int?

  public init(
    text: String, reasoning: String?, answer: String, isFinished: Bool = true, tokens: Int? = nil
  ) {
    self.text = text
    self.reasoning = reasoning
    self.answer = answer
    self.isFinished = isFinished
    self.tokens = tokens
  }

  /// A text taken apart: what it begins with in `<think>`…`</think>` is reasoning.
  public init(parsing text: String, isFinished: Bool = true, tokens: Int? = nil) {
    var parser = ReasoningParser(.undecided)
    var (reasoning, answer) = ("", "")
    for piece in parser.feed(text) + parser.finish() {
      switch piece {
      case .reasoning(let text): reasoning += text
      case .answer(let text): answer += text
      }
    }
    self.init(
      text: text, reasoning: reasoning.isEmpty ? nil : reasoning, answer: answer,
      isFinished: isFinished, tokens: tokens)
  }

  /// The answer, without the `<answer>` tags that R1-Zero's template asks for around all of it.
  public var plainAnswer: String {
    guard let tagged = answer.trimmed.inside("<answer>", "</answer>"), tagged.rest.isEmpty else {
      return answer
    }
    return tagged.held
  }
}

/// What a grader makes of a completion.
public struct Verdict: Sendable, Equatable {
  /// 0 to 1; what a training step takes as the reward.
  public let score: Double
  /// Whether it counts as right.
  public let passed: Bool
  /// Why, in a few words: what was expected, what was found.
  public let detail: String
  /// The answer that the grader saw, in one spelling: completions with the same one agree in a vote. `nil` where the text is all there is.
  public let extracted: String?
  /// Whether it passes what its asker can check without knowing the answer; `nil` where nothing can be checked.
  public var isPlausible: Bool?

  /// - Parameter score: what is no number counts as 0, what is outside 0…1 as the nearer end.
  public init(score: Double, passed: Bool, detail: String = "", extracted: String? = nil) {
    self.score = score.isNaN ? 0 : min(1, max(0, score))
    self.passed = passed
    self.detail = detail
    self.extracted = extracted
  }

  public static func pass(_ detail: String = "", extracted: String? = nil) -> Verdict {
    Verdict(score: 1, passed: true, detail: detail, extracted: extracted)
  }

  public static func fail(_ detail: String, extracted: String? = nil) -> Verdict {
    Verdict(score: 0, passed: false, detail: detail, extracted: extracted)
  }
}

/// Tells a right completion from a wrong one. It knows the problem's reference; each problem has its own.
///
/// A grader never throws and never traps, whatever the completion: what goes wrong while grading fails that sample and says so in
/// the verdict's detail. The same objects are rewards in reinforcement learning.
public protocol Grader: Sendable {
  func grade(_ completion: Completion) async -> Verdict
}

/// A grader that looks at the answer alone, and tells at once.
protocol ImmediateGrader: Grader {
  func verdict(_ completion: Completion) -> Verdict
}

extension ImmediateGrader {
  public func grade(_ completion: Completion) async -> Verdict { verdict(completion) }
}
