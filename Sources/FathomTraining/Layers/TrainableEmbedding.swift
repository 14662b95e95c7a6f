import FathomTensors

/// Token embedding, forward and backward.
package struct TrainableEmbedding: Sendable {
  package let weight: ParameterID  // [vocab, hidden]

  package func forward(_ tokens: [Int32], into y: Rows, _ pass: TrainingPass) {
    let table = pass.value(weight)
    pass.compute.each(y.count, cost: y.width) { s in
      y[s].update(from: table[Int(tokens[s])], count: y.width)
    }
  }

  /// Columns that one thread adds up, token after token, so that the order of sums stays that of the tokens.
  private static let columns = 32

  package func backward(_ dy: Rows, _ tokens: [Int32], _ pass: TrainingPass) {
    guard let gradient = pass.gradient(weight) else { return }
    let units = (dy.width + Self.columns - 1) / Self.columns
    pass.compute.pool.run(units: units) { unit, _ in
      let begin = unit * Self.columns
      let width = min(Self.columns, dy.width - begin)
      for s in 0..<dy.count {
        pass.compute.kernels.pointee.blend(
          gradient[Int(tokens[s])] + begin, dy[s] + begin, 1, 1, width)
      }
    }
  }
}
