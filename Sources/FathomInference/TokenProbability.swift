/// A token and how likely it is.
package struct TokenProbability: Sendable, Equatable {
  package var token: Int32
  package var probability: Double

  /// The likeliest tokens by their logits, `[vocab]`, the likeliest first and the lowest of equals.
  static func likeliest(_ count: Int, of logits: UnsafeBufferPointer<Float>) -> [Self] {
    TokenScore(of: Sampler.argmax(logits), top: count, in: logits).top
      .map { Self(token: $0.token, probability: $0.probability) }
  }

  /// How likely a token is by the logits, `[vocab]`.
  init(of token: Int32, in logits: UnsafeBufferPointer<Float>) {
    self.init(token: token, probability: TokenScore(of: token, top: 0, in: logits).probability)
  }

  init(token: Int32, probability: Double) {
    self.token = token
    self.probability = probability
  }
}
