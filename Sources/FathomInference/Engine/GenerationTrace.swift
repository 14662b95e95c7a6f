import FathomModels

/// How an answer was computed, for those who train on it: the same experts have to be chosen then, from the same tokens.
public struct GenerationTrace: Sendable {
  /// Experts of every token, for each mixture of the network `[tokens × num_experts_per_tok]`, ascending. -1 stands where the
  /// rows of a token were cached already, and behind the last token that ran.
  public private(set) var routes: [[Int32]] = []
  /// For each token of the answer the tokens that it was drawn from, ascending; nil where that was the whole vocabulary.
  public private(set) var drawnFrom: [[Int32]?] = []

  public init() {}

  mutating func note(drawnFrom tokens: [Int32]?) { drawnFrom.append(tokens) }

  /// - Parameters:
  ///   - step: what the routers of a step chose.
  ///   - rows: of this request's tokens in the step, which stand at `positions`.
  mutating func note(_ step: StepRoutes, rows: Range<Int>, positions: Range<Int>) {
    if routes.isEmpty { routes = step.mixtures.map { _ in [] } }
    for (mixture, chosen) in step.mixtures.enumerated() {
      guard let width = chosen.first?.count else { continue }
      let missing = positions.upperBound * width - routes[mixture].count
      if missing > 0 { routes[mixture].append(contentsOf: repeatElement(-1, count: missing)) }
      for (row, position) in zip(rows, positions) {
        for slot in 0..<width {
          routes[mixture][position * width + slot] = Int32(truncatingIfNeeded: chosen[row][slot])
        }
      }
    }
  }
}

/// Collects what the routers of a step choose, mixture by mixture.
final class StepRoutes {
  private(set) var mixtures: [[[Int]]] = []

  func observe(_ observation: Observation) {
    if case .routing(_, let experts) = observation { mixtures.append(experts) }
  }
}
