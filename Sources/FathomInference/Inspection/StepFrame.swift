/// How one token of the answer was picked.
package struct StepFrame: Sendable, Equatable {
  /// Its number in the answer.
  package var index: Int
  /// The model's own probabilities first, what was drawn from last.
  package var stages: [SamplingStage]
  /// What was picked, with the model's own probability.
  package var chosen: TokenScore
}
