import FathomTensors

/// A mixture of experts, forward and backward: tokens sorted by expert, none dropped.
///
/// The forward pass is that of `MixtureOfExperts`. Source: DeepSeekMoE (arXiv 2401.06066).
package struct TrainableMixture: Sendable {
  package var router: TrainableRouter
  package var experts: [TrainableSwiGLU]
  package var shared: TrainableSwiGLU?

  package struct Saved {
    let x: Rows
    let routed: TrainableRouter.Saved
    let grouping: Grouping
    /// Output of every (token, expert) pair, sorted by expert, `[s * k, hidden]`.
    let outputs: Rows
    /// Expert after expert, those without tokens left out, then the shared one.
    let runs: [SwiGLUSaved]
    let busy: [Int]
  }

  /// Tokens sorted by expert.
  struct Grouping {
    /// Rows `begins[e] ..< begins[e + 1]` belong to expert e.
    var begins: [Int]
    /// The row of each (token, slot).
    let places: UnsafeMutablePointer<Int>
    /// The token of each row, and its slot.
    let tokens: UnsafeMutablePointer<Int>
    let slots: UnsafeMutablePointer<Int>

    func rows(_ expert: Int) -> Range<Int> { begins[expert]..<begins[expert + 1] }
  }

  private func group(_ routed: TrainableRouter.Saved, _ pass: TrainingPass) -> Grouping {
    let k = router.expertsChosen
    let count = routed.weights.count * k
    var begins = [Int](repeating: 0, count: experts.count + 1)
    for slot in 0..<count { begins[Int(routed.chosen[slot]) + 1] += 1 }
    for e in 0..<experts.count { begins[e + 1] += begins[e] }
    var next = begins
    let grouping = Grouping(
      begins: begins, places: pass.workspace.take(Int.self, count),
      tokens: pass.workspace.take(Int.self, count), slots: pass.workspace.take(Int.self, count))
    for slot in 0..<count {
      let e = Int(routed.chosen[slot])
      grouping.places[slot] = next[e]
      grouping.tokens[next[e]] = slot / k
      grouping.slots[next[e]] = slot % k
      next[e] += 1
    }
    return grouping
  }

  package func forward(_ x: Rows, into y: Rows, _ pass: TrainingPass) -> Saved {
    let k = router.expertsChosen
    let routed = router.forward(x, pass)
    let grouping = group(routed, pass)
    let gathered = pass.take(x.count * k, width: x.width)
    pass.compute.each(gathered.count, cost: x.width) { row in
      gathered[row].update(from: x[grouping.tokens[row]], count: x.width)
    }
    let outputs = pass.take(x.count * k, width: y.width)
    let busy = experts.indices.filter { !grouping.rows($0).isEmpty }
    var runs = busy.map { e in
      SwiGLURun(
        network: experts[e], x: gathered.rows(grouping.rows(e)), y: outputs.rows(grouping.rows(e)))
    }
    if let shared { runs.append(SwiGLURun(network: shared, x: x, y: y)) }
    let saved = pass.forward(runs)
    pass.compute.each(x.count, cost: (k + 1) * y.width) { s in
      if shared == nil { y[s].update(repeating: 0, count: y.width) }
      for slot in 0..<k {
        pass.compute.kernels.pointee.blend(
          y[s], outputs[grouping.places[s * k + slot]], routed.weights[s][slot], 1, y.width)
      }
    }
    return Saved(
      x: x, routed: routed, grouping: grouping, outputs: outputs, runs: saved, busy: busy)
  }

  /// Writes the gradient of `x` to `dx`.
  package func backward(_ dy: Rows, _ saved: Saved, into dx: Rows, _ pass: TrainingPass) {
    let k = router.expertsChosen
    let grouping = saved.grouping
    pass.workspace.scope {
      let dOutputs = pass.take(dy.count * k, width: dy.width)
      let dWeights = pass.take(dy.count, width: k)
      let kernels = pass.compute.kernels.pointee
      pass.compute.each(dOutputs.count, cost: 3 * dy.width) { row in
        let (token, slot) = (grouping.tokens[row], grouping.slots[row])
        var along: Float = 0
        dot(saved.outputs[row], dy[token], dy.width, &along)
        dWeights[token][slot] = along
        dOutputs[row].update(repeating: 0, count: dy.width)
        kernels.blend(dOutputs[row], dy[token], saved.routed.weights[token][slot], 1, dy.width)
      }
      let dGathered = pass.take(dy.count * k, width: dx.width)
      var dys = saved.busy.map { dOutputs.rows(grouping.rows($0)) }
      var dxs = saved.busy.map { dGathered.rows(grouping.rows($0)) }
      if shared != nil {
        dys.append(dy)
        dxs.append(dx)
      }
      pass.backward(saved.runs, dy: dys, dx: dxs)
      pass.compute.each(dx.count, cost: (k + 1) * dx.width) { s in
        if shared == nil { dx[s].update(repeating: 0, count: dx.width) }
        for slot in 0..<k {
          kernels.blend(dx[s], dGathered[grouping.places[s * k + slot]], 1, 1, dx.width)
        }
      }
      router.backward(saved.x, saved.routed, dWeights: dWeights, into: dx, pass)
    }
  }

  private func dot(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ width: Int, _ sum: inout Float
  ) {
    for index in 0..<width { sum += x[index] * y[index] }
  }
}
