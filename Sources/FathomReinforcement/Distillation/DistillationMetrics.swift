import Foundation

/// What a step of distillation was like.
public struct DistillationMetrics: Sendable, Equatable, ReportedRollout {
  public var step = 0
  /// Mean divergence of all tokens that were learnt from, nats.
  public var loss = 0.0
  /// The student's answers; nil where it gave none.
  public var answers: AnswerFigures?
  /// Mean divergence and entropy of their tokens, nats.
  public var divergence = 0.0
  public var entropy = 0.0
  /// Share of the teacher's answers that were right, and so were learnt from; nil where it gave none.
  public var teacherPassRate: Double?
  public var gradientNorm = 0.0
  public var learningRate = 0.0
  public var learntTokens = 0
  public var rolloutSeconds = 0.0
  public var learningSeconds = 0.0

  public var seconds: Double { rolloutSeconds + learningSeconds }

  mutating func describe(own: [AnswerDivergence]) {
    let tokens = Double(max(1, own.reduce(0) { $0 + $1.tokens }))
    divergence = own.reduce(0) { $0 + $1.divergence } / tokens
    entropy = own.reduce(0) { $0 + $1.entropy } / tokens
  }

  var values: [(key: String, value: Double)] {
    var values: [(key: String, value: Double)] = [
      ("loss", loss), ("grad_norm", gradientNorm), ("lr", learningRate),
      ("tokens", Double(learntTokens)), ("tok_per_s", Double(learntTokens) / max(seconds, 1e-9)),
      ("step_s", seconds), ("rollout_s", rolloutSeconds), ("learning_s", learningSeconds),
    ]
    if let answers { values += [("kl", divergence), ("entropy", entropy)] + answers.values }
    if let teacherPassRate { values.append(("teacher_pass_rate", teacherPassRate)) }
    return values
  }

  var words: [String] {
    let words = [String(format: "loss %.4f", loss)]
    guard let answers else { return words }
    return words + [String(format: "kl %.4f", divergence)] + answers.words
      + [String(format: "entropy %.3f", entropy)]
  }
}
