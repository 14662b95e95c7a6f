import FathomTensors

/// What a router chose the experts of a token by.
package struct RouterScores: Sendable, Equatable {
  /// `[e]`, what weighs.
  package let scores: [Float]
  /// `[e]`, what chooses: the scores with the bias that balances load.
  package let biased: [Float]
  /// The groups that experts were chosen from, ascending; nil where experts are not grouped.
  package let groups: [Int]?
}

extension Router {
  /// What became of the logits of one token, `[e]`, as `Observation.routerLogits` shows them.
  package func scores(ofLogits logits: UnsafePointer<Float>, compute: Compute) -> RouterScores {
    let count = weight.rows
    var scores = Array(UnsafeBufferPointer(start: logits, count: count))
    var biased = scores
    scores.withUnsafeMutableBufferPointer { scores in
      biased.withUnsafeMutableBufferPointer { biased in
        guard let to = scores.baseAddress, let chosen = biased.baseAddress else { return }
        score(to, biased: chosen, compute: compute)
      }
    }
    guard groups > 1 else { return RouterScores(scores: scores, biased: biased, groups: nil) }
    var masked = biased
    masked.withUnsafeMutableBufferPointer { masked in
      if let masked = masked.baseAddress { maskRejectedGroups(masked) }
    }
    let size = count / groups
    let kept = (0..<groups).filter { masked[$0 * size] != -.infinity }
    return RouterScores(scores: scores, biased: biased, groups: kept)
  }
}
