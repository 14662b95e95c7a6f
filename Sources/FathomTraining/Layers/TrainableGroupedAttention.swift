import FathomTensors

/// Grouped-query attention of the dense distills, forward and backward; the forward pass is that of `GroupedQueryAttention`.
package struct TrainableGroupedAttention: TrainableAttention {
  package let heads: Int
  package let keyHeads: Int
  package let headDim: Int
  package var query: Linear
  package var key: Linear
  package var value: Linear
  package var output: Linear
  package let softmaxScale: Float
  package let ropeInterleave: Bool

  private var layout: AttentionHeads {
    AttentionHeads(
      heads: heads, headsPerGroup: heads / keyHeads, qkWidth: headDim, vWidth: headDim,
      scale: softmaxScale, vHeadStride: headDim)
  }

  package func forward(
    _ x: Rows, into y: Rows, _ rotation: TrainingRotation, _ pass: TrainingPass
  ) -> AttentionSaved {
    let s = x.count
    let q = pass.take(s, width: heads * headDim)
    let (k, v) = (pass.take(s, width: keyHeads * headDim), pass.take(s, width: keyHeads * headDim))
    let input = pass.forward([
      Fork(x, [.init(query, q), .init(key, k), .init(value, v)])
    ])[0]
    turn(q, k, rotation, back: false, pass)
    let mixed = pass.take(s, width: heads * headDim)
    var saved = AttentionSaved(
      input: input, output: Fork(mixed, [.init(output, y)]), q: q, k: k, v: v,
      logSums: pass.workspace.take(s * heads))
    layout.forward(saved, into: mixed, pass)
    saved.output = pass.forward([saved.output])[0]
    return saved
  }

  private func turn(
    _ q: Rows, _ k: Rows, _ rotation: TrainingRotation, back: Bool, _ pass: TrainingPass
  ) {
    pass.compute.each(q.count, cost: 2 * (q.width + k.width)) { token in
      for (rows, heads) in [(q, heads), (k, keyHeads)] {
        for h in 0..<heads {
          rotation.turn(
            rows[token] + h * headDim, token: token, width: headDim, interleaved: ropeInterleave,
            back: back)
        }
      }
    }
  }

  package func backward(
    _ dy: Rows, _ saved: AttentionSaved, into dx: Rows, _ rotation: TrainingRotation,
    _ pass: TrainingPass
  ) {
    let s = dy.count
    let mixed = saved.output.x
    pass.workspace.scope {
      let dMixed = pass.take(s, width: mixed.width)
      pass.backward([saved.output.with(gradients: [dy])], dx: [dMixed])
      let dq = pass.take(s, width: saved.q.width)
      let (dk, dv) = (pass.take(s, width: saved.k.width), pass.take(s, width: saved.v.width))
      layout.backward(dMixed, mixed, saved, dq: dq, dk: dk, dv: dv, pass)
      turn(dq, dk, rotation, back: true, pass)
      pass.backward([saved.input.with(gradients: [dq, dk, dv])], dx: [dx])
    }
  }
}
