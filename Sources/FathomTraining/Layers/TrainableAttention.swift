import CFathomKernels
import FathomModels
import FathomTensors

/// The attention of one layer, forward and backward.
package protocol TrainableAttention: Sendable {
  /// `x [s, hidden] → y [s, hidden]`; returns what the way back needs.
  func forward(_ x: Rows, into y: Rows, _ rotation: TrainingRotation, _ pass: TrainingPass)
    -> AttentionSaved

  /// Writes the gradient of `x` to `dx`.
  func backward(
    _ dy: Rows, _ saved: AttentionSaved, into dx: Rows, _ rotation: TrainingRotation,
    _ pass: TrainingPass)
}

/// What an attention keeps for the way back.
package struct AttentionSaved {
  var input: Fork
  var output: Fork
  /// Maps between the two, in the order in which they ran.
  var inner: [Fork] = []
  var norms: [TrainableNorm.Saved] = []
  var q: Rows
  var k: Rows
  /// Begins with the values of the first head.
  var v: Rows
  var logSums: UnsafeMutablePointer<Float>
}

/// Cosines and sines for the tokens of a batch, and what turns back.
package struct TrainingRotation {
  let cos: Rows
  let sin: Rows
  let backward: Rows

  package init(_ rotary: RotaryEmbedding, _ pass: TrainingPass) {
    cos = pass.take(pass.batch.count, width: rotary.width / 2)
    sin = pass.take(pass.batch.count, width: rotary.width / 2)
    backward = pass.take(pass.batch.count, width: rotary.width / 2)
    rotary.fill(cos: cos, sin: sin, positions: pass.batch.positions)
    for index in 0..<sin.count * sin.width { backward.pointer[index] = -sin.pointer[index] }
  }

  func turn(_ x: UnsafeMutablePointer<Float>, token: Int, width: Int, interleaved: Bool, back: Bool)
  {
    let sines = back ? backward[token] : sin[token]
    if interleaved {
      fk_rope_interleaved(x, cos[token], sines, width)
    } else {
      fk_rope_halves(x, cos[token], sines, width)
    }
  }
}

/// Where the heads of queries, keys and values are.
struct AttentionHeads {
  let heads: Int
  /// Query heads that read the same keys and values.
  let headsPerGroup: Int
  let qkWidth: Int
  let vWidth: Int
  let scale: Float
  /// Floats from one head's values to the next head's.
  let vHeadStride: Int

  private func attention(
    _ saved: AttentionSaved, row: Int, head: Int, starts: UnsafePointer<Int32>, length: Int,
    _ pass: TrainingPass
  ) -> ft_attention {
    let group = head / headsPerGroup
    let first = row * length
    return ft_attention(
      q: saved.q[first] + head * qkWidth, k: saved.k[first] + group * qkWidth,
      v: saved.v[first] + group * vHeadStride, q_stride: saved.q.stride,
      k_stride: saved.k.stride, v_stride: saved.v.stride, qk_width: qkWidth, v_width: vWidth,
      tokens: length, starts: starts + first, scale: scale,
      rounding: pass.compute.precision == .fp32 ? FT_F32 : FT_BF16)
  }

  private func scratch(_ pass: TrainingPass) -> (UnsafeMutablePointer<Float>, Int) {
    let floats = ft_attention_scratch(pass.batch.length, qkWidth, vWidth) + 16
    return (pass.workspace.take(floats * pass.compute.pool.threads), floats)
  }

  /// `out [s, heads * v]`
  func forward(_ saved: AttentionSaved, into out: Rows, _ pass: TrainingPass) {
    let (rows, length) = (pass.batch.rows, pass.batch.length)
    pass.workspace.scope {
      let (scratch, floats) = scratch(pass)
      pass.batch.starts.withUnsafeBufferPointer { starts in
        guard let starts = starts.baseAddress else { return }
        pass.compute.pool.run(units: rows * heads) { unit, worker in
          let (row, head) = (unit / heads, unit % heads)
          var attention = attention(
            saved, row: row, head: head, starts: starts, length: length, pass)
          pass.compute.kernels.pointee.attention_forward(
            &attention, out[row * length] + head * vWidth, out.stride,
            saved.logSums + unit * length, scratch + worker * floats)
        }
      }
    }
  }

  /// Writes `dq [s, heads * qk]`, `dk [s, groups * qk]` and the values' gradients, laid out like `saved.v`.
  func backward(
    _ dOut: Rows, _ out: Rows, _ saved: AttentionSaved, dq: Rows, dk: Rows, dv: Rows,
    _ pass: TrainingPass
  ) {
    let (rows, length) = (pass.batch.rows, pass.batch.length)
    precondition(
      dq.stride == saved.q.stride && dk.stride == saved.k.stride && dv.stride == saved.v.stride,
      "gradients laid out unlike their values")
    let groups = heads / headsPerGroup
    pass.workspace.scope {
      let (scratch, floats) = scratch(pass)
      let kernels = pass.compute.kernels.pointee
      // Gradients of one head, for groups of several.
      let shared = pass.workspace.take(
        headsPerGroup == 1 ? 0 : length * (dk.stride + dv.stride) * pass.compute.pool.threads)
      pass.batch.starts.withUnsafeBufferPointer { starts in
        guard let starts = starts.baseAddress else { return }
        pass.compute.pool.run(units: rows * groups) { unit, worker in
          let (row, group) = (unit / groups, unit % groups)
          let first = row * length
          let ownK = shared + worker * length * (dk.stride + dv.stride)
          let ownV = ownK + length * dk.stride
          let (sumK, sumV) = (dk[first] + group * qkWidth, dv[first] + group * vHeadStride)
          for member in 0..<headsPerGroup {
            let head = group * headsPerGroup + member
            var attention = attention(
              saved, row: row, head: head, starts: starts, length: length, pass)
            kernels.attention_backward(
              &attention, out[first] + head * vWidth, dOut[first] + head * vWidth, dOut.stride,
              saved.logSums + (row * heads + head) * length, dq[first] + head * qkWidth,
              member == 0 ? sumK : ownK, member == 0 ? sumV : ownV, scratch + worker * floats)
            guard member > 0 else { continue }
            for token in 0..<length {
              kernels.blend(
                sumK + token * dk.stride, ownK + token * dk.stride, 1, 1, qkWidth)
              kernels.blend(
                sumV + token * dv.stride, ownV + token * dv.stride, 1, 1, vWidth)
            }
          }
        }
      }
    }
  }
}
