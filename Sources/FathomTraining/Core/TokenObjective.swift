import CFathomKernels

/// What predicting tokens costs. The loss of a batch is the sum over the tokens whose weight is not 0.
package protocol TokenObjective: Sendable {
  /// The loss of one token, and its gradient with respect to the logits, which takes their place; both times `scale`.
  ///
  /// Called side by side for different tokens, once for each.
  func loss(
    _ token: Int, of batch: TrainingBatch, logits: UnsafeMutablePointer<Float>, width: Int,
    scale: Float, kernels: ft_kernels
  ) -> Float
}

/// Weight × −log of the probability of the token that follows.
package struct CrossEntropy: TokenObjective {
  package init() {}

  package func loss(
    _ token: Int, of batch: TrainingBatch, logits: UnsafeMutablePointer<Float>, width: Int,
    scale: Float, kernels: ft_kernels
  ) -> Float {
    kernels.cross_entropy(logits, width, Int(batch.targets[token]), batch.weights[token] * scale)
  }
}
