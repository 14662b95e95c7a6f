import FathomCore

/// How likely a model found a continuation of a prompt.
public struct ContinuationScore: Sendable, Equatable {
  /// Sum of the natural logarithms of its tokens' probabilities.
  public let logLikelihood: Double
  public let tokens: Int

  public init(logLikelihood: Double, tokens: Int) {
    self.logLikelihood = logLikelihood
    self.tokens = tokens
  }
}

/// A multiple-choice question: the model's answer is the choice that it finds likeliest behind the prompt. Nothing is sampled.
///
/// Source: `acc` and `acc_norm` of EleutherAI's lm-evaluation-harness, which divides by UTF-8 bytes.
public struct ChoiceGrader: Sendable {
  /// Continuations of the prompt, a space before them where they need one.
  public let choices: [String]
  /// The place of the right one.
  public let correct: Int
  /// Compares log-likelihoods per byte of the choice, so that long ones stand a chance.
  public let normalizesLength: Bool

  public init(choices: [String], correct: Int, normalizesLength: Bool = false) {
    precondition(choices.indices.contains(correct), "choice \(correct) of \(choices.count)")
    self.choices = choices
    self.correct = correct
    self.normalizesLength = normalizesLength
  }

  /// What came of the choices, judged both ways.
  public struct Result: Sendable, Equatable {
    public let verdict: Verdict
    /// Right by log-likelihood, and by log-likelihood per byte: `acc` and `acc_norm`.
    public let isRight: Bool
    public let isRightNormalized: Bool
  }

  /// - Parameter scores: one for each choice.
  public func grade(_ scores: [ContinuationScore]) -> Result {
    guard scores.count == choices.count, let plain = likeliest(scores, normalizes: false),
      let normalized = likeliest(scores, normalizes: true)
    else {
      return Result(
        verdict: .fail("expected \(choices.count) finite log-likelihoods"), isRight: false,
        isRightNormalized: false)
    }
    let picked = normalizesLength ? normalized : plain
    let detail = "picked \(picked) of \(choices.count), correct \(correct)"
    return Result(
      verdict: picked == correct
        ? .pass(detail, extracted: "\(picked)") : .fail(detail, extracted: "\(picked)"),
      isRight: plain == correct, isRightNormalized: normalized == correct)
  }

  /// The place of the greatest value, the first of equals; `nil` if one is no number.
  private func likeliest(_ scores: [ContinuationScore], normalizes: Bool) -> Int? {
    let values = zip(scores, choices).map { score, choice in
      normalizes ? score.logLikelihood / Double(max(1, choice.utf8.count)) : score.logLikelihood
    }
    guard values.allSatisfy(\.isFinite), let best = values.max() else { return nil }
    return values.firstIndex(of: best)
  }
}
