import CFathomKernels
import FathomTensors

/// Tokens of one micro-batch: rows of equal length, each packed with samples that do not see each other.
package struct TrainingBatch: Sendable {
  package let rows: Int
  package let length: Int
  /// `[rows * length]`, as are the others.
  package let tokens: [Int32]
  /// The token that follows; meaningless where the weight is 0.
  package let targets: [Int32]
  /// How much predicting the target counts.
  package let weights: [Float]
  /// Place of each token in its sample.
  package let positions: [Int]
  /// Where in its row the sample of each token begins.
  package let starts: [Int32]
  /// `[rows]`: how many tokens of each row are no padding, which stands behind them.
  package let usedLengths: [Int]
  /// Experts that routers are to choose: for each mixture `[rows * length * num_experts_per_tok]`, ascending for each token;
  /// a token whose first is negative chooses for itself. Without it all do.
  package var routes: [[Int32]]?

  package var count: Int { rows * length }

  package init(
    rows: Int, length: Int, tokens: [Int32], targets: [Int32], weights: [Float], positions: [Int],
    starts: [Int32], usedLengths: [Int]? = nil
  ) {
    precondition(
      [tokens.count, targets.count, weights.count, positions.count, starts.count]
        .allSatisfy { $0 == rows * length }, "a batch of \(rows) × \(length)")
    for index in starts.indices {
      let before = index % length == 0 ? 0 : starts[index - 1]
      precondition(
        starts[index] >= before && Int(starts[index]) <= index % length,
        "token \(index % length) of a row: its sample begins at \(starts[index])")
    }
    self.rows = rows
    self.length = length
    self.tokens = tokens
    self.targets = targets
    self.weights = weights
    self.positions = positions
    self.starts = starts
    self.usedLengths = usedLengths ?? [Int](repeating: length, count: rows)
  }

  /// Whether a token is more than padding.
  package func isUsed(_ index: Int) -> Bool { index % length < usedLengths[index / length] }

  package var totalWeight: Double { weights.reduce(0) { $0 + Double($1) } }

  /// The first rows alone.
  package func first(_ rows: Int) -> TrainingBatch {
    let count = rows * length
    return TrainingBatch(
      rows: rows, length: length, tokens: Array(tokens[..<count]),
      targets: Array(targets[..<count]), weights: Array(weights[..<count]),
      positions: Array(positions[..<count]), starts: Array(starts[..<count]),
      usedLengths: Array(usedLengths[..<rows]))
  }

  /// The same tokens for a module that sees token i + 1 beside the state of token i and predicts token i + 2.
  package var shifted: TrainingBatch {
    var weights = [Float](repeating: 0, count: count)
    var targets = [Int32](repeating: 0, count: count)
    var following = [Int32](repeating: 0, count: count)
    for row in 0..<rows {
      for offset in 0..<length - 1 {
        let here = row * length + offset
        guard starts[here + 1] == starts[here] else { continue }
        following[here] = tokens[here + 1]
        targets[here] = self.targets[here + 1]
        weights[here] = self.weights[here + 1]
      }
    }
    return TrainingBatch(
      rows: rows, length: length, tokens: following, targets: targets, weights: weights,
      positions: positions, starts: starts, usedLengths: usedLengths)
  }
}

/// What the router of one layer did with one batch or several.
package struct RouterStatistics: Sendable, Equatable {
  /// Tokens that chose each expert.
  package var counts: [Int]
  /// Sum over tokens of the entropy of their normalised scores, in nats.
  package var entropy = 0.0
  package var tokens = 0

  package init(experts: Int) { counts = [Int](repeating: 0, count: experts) }

  package mutating func add(_ other: RouterStatistics) {
    for expert in counts.indices { counts[expert] += other.counts[expert] }
    entropy += other.entropy
    tokens += other.tokens
  }

  /// How far the busiest expert is above the average: largest load / mean load − 1.
  ///
  /// Source: auxiliary-loss-free balancing (arXiv 2408.15664) §4.1.
  package var maxVio: Double {
    let total = counts.reduce(0, +)
    guard total > 0, let most = counts.max() else { return 0 }
    return Double(most) * Double(counts.count) / Double(total) - 1
  }

  package var meanEntropy: Double { tokens == 0 ? 0 : entropy / Double(tokens) }
}

/// One micro-batch on its way through a network: what all layers share, and what they leave behind for the way back.
///
/// Not `Sendable`: it belongs to whoever runs the step.
package final class TrainingPass {
  package let compute: TrainingCompute
  package let workspace: Workspace
  package let parameters: ParameterStore
  package let batch: TrainingBatch
  package let objective: any TokenObjective
  /// What the gradients of this batch are multiplied by: one over the weight of all tokens of the step.
  package let lossScale: Float
  /// Weight of the sequence-wise balance loss.
  package let balanceWeight: Float
  /// What the balance loss is divided by: rows of all micro-batches of the step.
  package let balanceRows: Int
  package var balanceLoss = 0.0
  package var routing: [RouterStatistics] = []

  package init(
    _ batch: TrainingBatch, _ objective: any TokenObjective = CrossEntropy(),
    compute: TrainingCompute, workspace: Workspace, parameters: ParameterStore, lossScale: Float,
    balanceWeight: Float = 0, balanceRows: Int = 1
  ) {
    self.batch = batch
    self.objective = objective
    self.compute = compute
    self.workspace = workspace
    self.parameters = parameters
    self.lossScale = lossScale
    self.balanceWeight = balanceWeight
    self.balanceRows = balanceRows
  }

  package func value(_ id: ParameterID) -> Rows { parameters.value(id) }
  package func gradient(_ id: ParameterID) -> Rows? { parameters.gradient(id) }

  package func products() -> MatrixProducts { MatrixProducts(compute, workspace: workspace) }

  package func take(_ count: Int, width: Int) -> Rows { workspace.take(count, width: width) }

  /// `x + y`
  package func sum(_ x: Rows, _ y: Rows) -> Rows {
    let z = take(x.count, width: x.width)
    compute.each(x.count, cost: 2 * x.width) {
      z[$0].update(from: x[$0], count: x.width)
      compute.kernels.pointee.blend(z[$0], y[$0], 1, 1, x.width)
    }
    return z
  }
}
