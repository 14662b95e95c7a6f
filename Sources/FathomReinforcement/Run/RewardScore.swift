import FathomCore
import FathomEvaluation
import FathomTasks

/// What an answer was rewarded with.
public struct RewardScore: Sendable {
  /// The weighted mean of all parts.
  public let reward: Double
  /// Whether the problem's own verifier accepts the answer, rewarded or not.
  public let isRight: Bool
  /// What the graders say of it.
  public let detail: String

  /// For `samples.jsonl`.
  var figures: [(key: String, value: JSON)] {
    [("reward", .double(reward)), ("right", .bool(isRight)), ("detail", .string(detail))]
  }
}

/// Rewards answers as a configuration says.
struct RewardMaker: Sendable {
  private let parts: [ReinforcementConfiguration.Reward]
  private let maxTokens: Int
  /// For each part that asks a program.
  private let services: [Int: CommandGrader.Service]

  /// - Throws: `InputError` for a program that can't be started.
  init(_ parts: [ReinforcementConfiguration.Reward], maxTokens: Int) throws {
    self.parts = parts
    self.maxTokens = maxTokens
    var services: [Int: CommandGrader.Service] = [:]
    for (index, part) in parts.enumerated() where part.kind == .command {
      let service = CommandGrader.Service(part.command, timeoutSeconds: part.timeLimit)
      try service.start()
      services[index] = service
    }
    self.services = services
  }

  private func grader(_ problem: Problem) -> WeightedGrader {
    WeightedGrader(
      parts.enumerated().map { index, part in
        WeightedGrader.Part(grader(index, part, problem), weight: part.weight)
      })
  }

  private func grader(
    _ index: Int, _ part: ReinforcementConfiguration.Reward, _ problem: Problem
  ) -> any Grader {
    switch part.kind {
    case .accuracy: return ProblemGrader(problem)
    case .format: return ThinkFormatGrader(needsAnswerTags: part.answerTags)
    case .language: return LanguageGrader(LanguageGrader.Script(language: part.language) ?? .latin)
    case .repetition: return RepetitionGrader()
    case .length: return LengthGrader(free: part.free, limit: maxTokens)
    case .command:
      let service =
        services[index] ?? CommandGrader.Service(part.command, timeoutSeconds: part.timeLimit)
      return CommandGrader(
        service, prompt: problem.prompt,
        row: .object(
          JSONObject(["family": .string(problem.family), "answer": .string(problem.answer)])))
    }
  }

  /// Rewards all answers, in their order.
  func scores(_ rollouts: [Rollout], problems: [Problem]) async -> [RewardScore] {
    await withTaskGroup(of: (Int, RewardScore).self) { group in
      for (index, rollout) in rollouts.enumerated() {
        group.addTask {
          let problem = problems[rollout.question]
          let verdict = await grader(problem).grade(rollout.completion)
          return (
            index,
            RewardScore(
              reward: verdict.score, isRight: problem.isSolved(by: rollout.completion),
              detail: verdict.detail)
          )
        }
      }
      var scores = [RewardScore?](repeating: nil, count: rollouts.count)
      for await (index, score) in group { scores[index] = score }
      return scores.compactMap { $0 }
    }
  }
}
