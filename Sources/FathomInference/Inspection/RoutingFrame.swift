import FathomModels

/// Which experts the tokens of the prompt go to in one layer, and why.
package struct RoutingFrame: Sendable, Equatable {
  package struct Token: Sendable, Equatable {
    /// Ascending, and their weights in the same order.
    package var experts: [Int]
    package var weights: [Float]
    package var by: RouterScores
  }

  package var layer: Int
  package var tokens: [Token] = []
}
