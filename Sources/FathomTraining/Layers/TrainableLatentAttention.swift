import FathomTensors

/// Multi-head latent attention in its expanded form, forward and backward.
///
/// Source: DeepSeek-V2 report §2.1; the forward pass is that of `LatentAttention`.
package struct TrainableLatentAttention: TrainableAttention {
  package enum Query: Sendable {
    case direct(Linear)
    case latent(down: Linear, norm: TrainableNorm, up: Linear)
  }

  package let heads: Int
  package let qkNopeHeadDim: Int
  package let qkRopeHeadDim: Int
  package let vHeadDim: Int
  package let kvLoraRank: Int
  package var query: Query
  package var kvDown: Linear  // `kv_a_proj_with_mqa`
  package let kvNorm: TrainableNorm
  package var kvUp: Linear  // `kv_b_proj`
  package var output: Linear
  package let softmaxScale: Float
  package let ropeInterleave: Bool

  private var qkHeadDim: Int { qkNopeHeadDim + qkRopeHeadDim }
  private var kvHeadDim: Int { qkNopeHeadDim + vHeadDim }

  private var layout: AttentionHeads {
    AttentionHeads(
      heads: heads, headsPerGroup: 1, qkWidth: qkHeadDim, vWidth: vHeadDim, scale: softmaxScale,
      vHeadStride: kvHeadDim)
  }

  package func forward(
    _ x: Rows, into y: Rows, _ rotation: TrainingRotation, _ pass: TrainingPass
  ) -> AttentionSaved {
    let s = x.count
    let q = pass.take(s, width: heads * qkHeadDim)
    let kv = pass.take(s, width: kvLoraRank + qkRopeHeadDim)
    var inner: [Fork] = []
    var norms: [TrainableNorm.Saved] = []
    let input: Fork
    switch query {
    case .direct(let projection):
      input = pass.forward([Fork(x, [.init(projection, q), .init(kvDown, kv)])])[0]
    case .latent(let down, let norm, let up):
      let width = pass.value(down.weight).count
      let (qLatent, qNormed) = (pass.take(s, width: width), pass.take(s, width: width))
      input = pass.forward([Fork(x, [.init(down, qLatent), .init(kvDown, kv)])])[0]
      norms.append(norm.forward(qLatent, into: qNormed, pass))
      inner += pass.forward([Fork(qNormed, [.init(up, q)])])
    }
    let kvLatent = kv.columns(0, width: kvLoraRank)
    let kvNormed = pass.take(s, width: kvLoraRank)
    norms.append(kvNorm.forward(kvLatent, into: kvNormed, pass))
    let expanded = pass.take(s, width: heads * kvHeadDim)  // [s, h * (nope + v)]
    inner += pass.forward([Fork(kvNormed, [.init(kvUp, expanded)])])
    let k = pass.take(s, width: heads * qkHeadDim)
    pass.compute.each(s, cost: 3 * k.width) { token in
      let kPe = kv[token] + kvLoraRank
      turn(kPe, token, rotation, back: false)
      for h in 0..<heads {
        turn(q[token] + h * qkHeadDim + qkNopeHeadDim, token, rotation, back: false)
        let head = k[token] + h * qkHeadDim
        head.update(from: expanded[token] + h * kvHeadDim, count: qkNopeHeadDim)
        (head + qkNopeHeadDim).update(from: kPe, count: qkRopeHeadDim)
      }
    }
    let mixed = pass.take(s, width: heads * vHeadDim)
    var saved = AttentionSaved(
      input: input, output: Fork(mixed, [.init(output, y)]), inner: inner, norms: norms, q: q,
      k: k,
      v: expanded.columns(qkNopeHeadDim, width: expanded.width - qkNopeHeadDim),
      logSums: pass.workspace.take(s * heads))
    layout.forward(saved, into: mixed, pass)
    saved.output = pass.forward([saved.output])[0]
    return saved
  }

  private func turn(
    _ x: UnsafeMutablePointer<Float>, _ token: Int, _ rotation: TrainingRotation, back: Bool
  ) {
    rotation.turn(x, token: token, width: qkRopeHeadDim, interleaved: ropeInterleave, back: back)
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
      let dq = pass.take(s, width: heads * qkHeadDim)
      let dk = pass.take(s, width: heads * qkHeadDim)
      let dExpanded = pass.take(s, width: heads * kvHeadDim)
      layout.backward(
        dMixed, mixed, saved, dq: dq, dk: dk,
        dv: dExpanded.columns(qkNopeHeadDim, width: dExpanded.width - qkNopeHeadDim), pass)
      let dkv = pass.take(s, width: kvLoraRank + qkRopeHeadDim)
      pass.compute.each(s, cost: 3 * dk.width) { token in
        let dkPe = dkv[token] + kvLoraRank
        dkPe.update(repeating: 0, count: qkRopeHeadDim)
        for h in 0..<heads {
          turn(dq[token] + h * qkHeadDim + qkNopeHeadDim, token, rotation, back: true)
          let head = dk[token] + h * qkHeadDim
          (dExpanded[token] + h * kvHeadDim).update(from: head, count: qkNopeHeadDim)
          for r in 0..<qkRopeHeadDim { dkPe[r] += head[qkNopeHeadDim + r] }
        }
        turn(dkPe, token, rotation, back: true)
      }
      let dNormed = pass.take(s, width: kvLoraRank)
      pass.backward(
        [saved.inner[saved.inner.count - 1].with(gradients: [dExpanded])], dx: [dNormed])
      kvNorm.backward(
        dNormed, saved.norms[saved.norms.count - 1], into: dkv.columns(0, width: kvLoraRank),
        accumulates: false, pass)
      var dQuery = dq
      if case .latent(_, let norm, _) = query {
        let width = saved.inner[0].x.width
        let (dqNormed, dqLatent) = (pass.take(s, width: width), pass.take(s, width: width))
        pass.backward([saved.inner[0].with(gradients: [dq])], dx: [dqNormed])
        norm.backward(dqNormed, saved.norms[0], into: dqLatent, accumulates: false, pass)
        dQuery = dqLatent
      }
      pass.backward([saved.input.with(gradients: [dQuery, dkv])], dx: [dx])
    }
  }
}
