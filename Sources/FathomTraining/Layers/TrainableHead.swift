import FathomTensors

/// Output head and loss: what an objective makes of the tokens that count, a few at a time so that all logits are never held at once.
package struct TrainableHead: Sendable {
  package let weight: ParameterID  // [vocab, hidden]

  /// Logits that are held at a time, in floats.
  private static let logitsAtOnce = 1 << 22

  /// Adds up the losses of a batch's tokens, and writes the gradient of `hidden` to `d`, both times `scale`.
  ///
  /// - Parameter gradients: whether there is a way back; without it `d` is left alone.
  package func loss(
    _ hidden: Rows, _ batch: TrainingBatch, _ objective: any TokenObjective = CrossEntropy(),
    scale: Float, into d: Rows, gradients: Bool = true, _ pass: TrainingPass
  ) -> Double {
    let kernels = pass.compute.kernels.pointee
    let weight = pass.value(weight)
    let counted = batch.weights.indices.filter { batch.weights[$0] != 0 }
    if gradients {
      pass.compute.each(d.count, cost: d.width) { d[$0].update(repeating: 0, count: d.width) }
    }
    var loss = 0.0
    let chunk = max(16, Self.logitsAtOnce / weight.count)
    for begin in stride(from: 0, to: counted.count, by: chunk) {
      let tokens = counted[begin..<min(begin + chunk, counted.count)]
      pass.workspace.scope {
        let x = pass.take(tokens.count, width: hidden.width)
        let logits = pass.take(tokens.count, width: weight.count)
        let losses = pass.workspace.take(tokens.count)
        pass.compute.each(tokens.count, cost: x.width) { row in
          x[row].update(from: hidden[tokens[begin + row]], count: x.width)
        }
        var products = pass.products()
        products.add(Side(x), Side(weight), into: logits, exactness: .high)
        products.run()
        pass.compute.each(tokens.count, cost: 4 * logits.width) { row in
          losses[row] = objective.loss(
            tokens[begin + row], of: batch, logits: logits[row], width: logits.width, scale: scale,
            kernels: kernels)
        }
        for row in 0..<tokens.count { loss += Double(losses[row]) }
        guard gradients else { return }
        let dx = pass.take(x.count, width: x.width)
        var back = pass.products()
        back.add(Side(logits), Side(weight).turned, into: dx, exactness: .high)
        if let gradient = pass.gradient(self.weight) {
          back.add(
            Side(logits).turned, Side(x).turned, into: gradient, accumulates: true,
            exactness: .high)
        }
        back.run()
        pass.compute.each(dx.count, cost: dx.width) { row in
          d[tokens[begin + row]].update(from: dx[row], count: dx.width)
        }
      }
    }
    return loss
  }
}
