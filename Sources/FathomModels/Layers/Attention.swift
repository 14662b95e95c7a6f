import FathomTensors

/// The part of a decoder layer that lets tokens look at earlier ones.
package protocol Attention: Sendable {
  /// `x [s, hidden] → y [s, hidden]`; stores the rows of the new tokens in the caches of the step.
  func forward(_ x: Rows, into y: Rows, layer: Int, rotation: Rotation, step: Step)

  /// What heads make of the cached rows before softmax, for someone who watches a forward pass.
  ///
  /// - Parameters:
  ///   - queries: what `Observation.queries` showed, from position 0 of the one sequence of `step` on.
  ///   - step: computes with f32 activations.
  func scores(of queries: Rows, layer: Int, step: Step) -> AttentionScores
}

/// cos and sin of a step's positions, `[s, width / 2]` each.
package struct Rotation {
  package let cos: Rows
  package let sin: Rows
}
