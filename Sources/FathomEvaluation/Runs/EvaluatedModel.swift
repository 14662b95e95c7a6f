import FathomCore
import FathomText

/// What a model wrote for one sample, and how it ended.
public struct ModelAnswer: Sendable, Equatable {
  public var completion: Completion
  /// `stop`, `length` and so on, in the words of whoever answered.
  public var finishReason: String
  public var promptTokens: Int?

  public init(completion: Completion, finishReason: String, promptTokens: Int? = nil) {
    self.completion = completion
    self.finishReason = finishReason
    self.promptTokens = promptTokens
  }
}

/// One sample has no answer, as its prompt leaves no room for one. The sample fails; the run goes on.
public struct UnanswerableSample: Error, Sendable {
  public let reason: String

  public init(reason: String) { self.reason = reason }
}

/// A model that is evaluated: one in this process, or one behind a server.
public protocol EvaluatedModel: Sendable {
  /// What tells it from others in a run's header.
  var identity: JSON { get }

  /// - Throws: `UnanswerableSample`, `CancellationError`, or what ends the run.
  func answer(_ prompt: EvaluationProblem.Prompt, _ sampling: EvaluationSampling, seed: UInt64)
    async throws -> ModelAnswer

  /// How likely each of some texts is behind a prompt.
  func scores(of continuations: [String], behind prompt: EvaluationProblem.Prompt) async throws
    -> [ContinuationScore]
}
