/// One text to learn from.
public struct TrainingSample: Sendable, Equatable {
  public var tokens: [Int32]
  /// How much predicting each token counts. Nothing predicts the first.
  public var weights: [Float]

  public init(tokens: [Int32], weights: [Float]) {
    precondition(
      tokens.count == weights.count, "\(tokens.count) tokens have \(weights.count) weights")
    self.tokens = tokens
    self.weights = weights
  }

  /// Positions it takes up in a row: its last token is only ever a target.
  public var length: Int { max(0, tokens.count - 1) }

  mutating func append(_ more: some Collection<Int32>, weight: Float) {
    tokens.append(contentsOf: more)
    weights.append(contentsOf: repeatElement(weight, count: more.count))
  }
}

/// What happens to a sample that is longer than a row.
public enum LongSamples: Sendable, Equatable {
  /// It is left out.
  case dropped
  /// It becomes several, each of which begins with the last token of the one before, so that every token is predicted once.
  case cut

  /// What of the sample fits into rows of `sequenceLength` positions.
  public func fit(_ sample: TrainingSample, sequenceLength: Int) -> [TrainingSample] {
    if sample.length <= sequenceLength { return sample.length > 0 ? [sample] : [] }
    guard self == .cut else { return [] }
    return stride(from: 0, to: sample.length, by: sequenceLength).map { start in
      let range = start...min(start + sequenceLength, sample.length)
      return TrainingSample(
        tokens: Array(sample.tokens[range]), weights: Array(sample.weights[range]))
    }
  }
}
