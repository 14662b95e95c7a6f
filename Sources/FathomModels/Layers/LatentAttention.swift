import CFathomKernels
import FathomTensors

/// Multi-head latent attention: the cache holds one latent and one rotary key per token, shared by all heads.
///
/// `x [s, hidden] → y [s, hidden]`
///
/// Source: DeepSeek-V2 report §2.1; `MLA.forward` in the reference `model.py`.
package struct LatentAttention: Attention {
  /// Queries either come straight from the hidden state (V2-Lite) or by way of a latent of their own.
  package enum Query: Sendable {
    case direct(Matrix)  // [heads * (nope + rope), hidden]
    case latent(down: Matrix, norm: RMSNorm, up: Matrix)  // `q_a_proj`, `q_a_layernorm`, `q_b_proj`
  }

  /// What turns latents into keys and values of all heads.
  package enum KeyValueUp: Sendable {
    case joint(Matrix)  // [heads * (nope + v), kvLoraRank], `kv_b_proj`
    /// `key [heads * kvLoraRank, nope]` is transposed head by head, as the absorbed form reads it;
    /// `value [heads * v, kvLoraRank]`.
    case split(key: Matrix, value: Matrix)
  }

  package let heads: Int
  package let qkNopeHeadDim: Int
  package let qkRopeHeadDim: Int
  package let vHeadDim: Int
  package let kvLoraRank: Int
  package let query: Query
  package let kvDown: Matrix  // [kvLoraRank + rope, hidden], `kv_a_proj_with_mqa`
  package let kvNorm: RMSNorm  // [kvLoraRank], `kv_a_layernorm`
  package let kvUp: KeyValueUp
  package let output: Matrix  // [hidden, heads * v], `o_proj`
  package let softmaxScale: Float
  /// `rope_interleave`: rotary channels turn as neighbouring pairs, otherwise as halves.
  package let ropeInterleave: Bool
  /// What picks the tokens to look at; nil looks at all of them.
  package let indexer: LightningIndexer?

  var qkHeadDim: Int { qkNopeHeadDim + qkRopeHeadDim }
  /// Rows of `kvUp` that belong to one head: its key part, then its value part.
  var kvHeadDim: Int { qkNopeHeadDim + vHeadDim }

  package func forward(_ x: Rows, into y: Rows, layer: Int, rotation: Rotation, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let q = workspace.take(x.count, width: heads * qkHeadDim)  // [s, h * (nope + rope)]
      let kv = workspace.take(x.count, width: kvLoraRank + qkRopeHeadDim)
      let qLatent = project(x, q: q, kv: kv, step: step)
      rotateAndStore(q: q, kv: kv, layer: layer, rotation: rotation, step: step)
      var chosen: [[Int32]]?
      if let indexer, let qLatent {
        indexer.storeKeys(x, layer: layer, rotation: rotation, step: step)
        let rows = indexer.select(
          x, qLatent: qLatent, layer: layer, rotation: rotation, step: step)
        step.observer?(.indexerSelection(layer: layer, rows: rows), q)
        chosen = rows
      }
      step.observer?(.queries(layer: layer), q)
      let mixed = workspace.take(x.count, width: heads * vHeadDim)  // [s, h * v]
      switch step.attention {
      case .absorbed: attendAbsorbed(q, chosen, into: mixed, layer: layer, step: step)
      case .expanded: attendExpanded(q, chosen, into: mixed, layer: layer, step: step)
      }
      step.compute.linear(mixed, output, into: y, workspace: workspace)
    }
  }

  /// Fills `q [s, h * (nope + rope)]` and `kv [s, c + rope]`, not rotated yet; returns the normalised latent of the
  /// queries where they have one.
  private func project(_ x: Rows, q: Rows, kv: Rows, step: Step) -> Rows? {
    let compute = step.compute
    let workspace = step.workspace
    var qLatent: Rows?
    let first: MatrixView
    switch query {
    case .direct(let projection): first = projection.view
    case .latent(let down, _, _):
      first = down.view
      qLatent = workspace.take(x.count, width: down.rows)
    }
    let operand = compute.operand(
      x, compute.encoding(for: first).union(compute.encoding(for: kvDown.view)),
      workspace: workspace)
    var products = Products(compute, capacity: 2, workspace: workspace)
    products.add(operand, first, into: qLatent ?? q)
    products.add(operand, kvDown.view, into: kv)
    products.run()
    if case .latent(_, let norm, let up) = query, let qLatent {
      norm(qLatent, into: qLatent, step: step)
      compute.linear(qLatent, up, into: q, workspace: workspace)
    }
    return qLatent
  }

  /// Turns the rotary channels of queries and keys to their positions, and stores keys and normalised latents.
  private func rotateAndStore(q: Rows, kv: Rows, layer: Int, rotation: Rotation, step: Step) {
    precondition(kvNorm.weight.count == kvLoraRank, "norm of \(kvNorm.weight.count) channels")
    step.compute.each(q.count, cost: q.width + 4 * kv.width) { s in
      for h in 0..<heads { rotate(q[s] + h * qkHeadDim + qkNopeHeadDim, rotation, s) }
      let (kvLatent, kPe) = (kv[s], kv[s] + kvLoraRank)
      step.compute.kernels.pointee.rms_norm(
        kvLatent, kvLatent, kvNorm.weight.pointer, kvLoraRank, kvNorm.epsilon)
      rotate(kPe, rotation, s)
      let cache = step.sequences[step.owners[s]].cache
      let position = step.positions[s]
      cache.store(kvLatent, part: latentPart, position: position, layer: layer)
      cache.store(kPe, part: ropePart, position: position, layer: layer)
    }
  }

  var latentPart: fk_part { fk_part(begin: 0, width: kvLoraRank, index: 0) }
  var ropePart: fk_part { fk_part(begin: kvLoraRank, width: qkRopeHeadDim, index: 1) }

  private func rotate(_ x: UnsafeMutablePointer<Float>, _ rotation: Rotation, _ s: Int) {
    if ropeInterleave {
      fk_rope_interleaved(x, rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
    } else {
      fk_rope_halves(x, rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
    }
  }
}

// The expanded form.
extension LatentAttention {
  /// Keys and values of all cached tokens are formed, then every head attends on its own.
  private func attendExpanded(
    _ q: Rows, _ chosen: [[Int32]]?, into mixed: Rows, layer: Int, step: Step
  ) {
    var begin = 0
    for sequence in step.sequences {
      let rows = begin..<begin + sequence.tokens.count
      attendExpanded(
        q.rows(rows), chosen.map { Array($0[rows]) }, into: mixed.rows(rows), sequence: sequence,
        layer: layer, step: step)
      begin = rows.upperBound
    }
  }

  private func attendExpanded(
    _ q: Rows, _ chosen: [[Int32]]?, into mixed: Rows, sequence: Step.Sequence, layer: Int,
    step: Step
  ) {
    let workspace = step.workspace
    workspace.scope {
      let compute = step.compute
      let cached = sequence.cache.count
      let total = cached + sequence.tokens.count
      let expanded = workspace.take(total, width: heads * kvHeadDim + qkRopeHeadDim)
      let latents = workspace.take(total, width: kvLoraRank)
      let cache = sequence.cache
      for t in 0..<total {
        cache.load(latents[t], part: cache.part(0, layer: layer), position: t, layer: layer)
        cache.load(
          expanded[t] + heads * kvHeadDim, part: cache.part(1, layer: layer), position: t,
          layer: layer)
      }
      expand(latents, into: expanded, step: step)
      let scratch = workspace.take(compute.pool.threads, width: (total + 15) & ~15)
      withUnsafePointer(
        to: UnsafeRawPointer(expanded.pointer).assumingMemoryBound(to: UInt8.self)
          as UnsafePointer<UInt8>?
      ) { page in
        let view = fk_cache(
          dtype: FK_F32, pages: page, page_tokens: total, layer_offset: 0,
          row_bytes: expanded.stride * 4, scale_offset: 0)
        compute.pool.run(units: q.count * heads) { unit, worker in
          let (s, h) = (unit / heads, unit % heads)
          let qHead = q[s] + h * qkHeadDim
          var head = fk_head(
            key_a: fk_part(begin: h * kvHeadDim, width: qkNopeHeadDim, index: 0),
            key_b: fk_part(begin: heads * kvHeadDim, width: qkRopeHeadDim, index: 0),
            value: fk_part(begin: h * kvHeadDim + qkNopeHeadDim, width: vHeadDim, index: 0),
            query_a: qHead, query_b: qHead + qkNopeHeadDim, count: 0, scale: softmaxScale,
            scores: scratch[worker], out: mixed[s] + h * vHeadDim, rows: nil)
          var view = view
          look(&head, upTo: cached + s, chosen: chosen?[s]) {
            compute.kernels.pointee.attend(&$0, &view)
          }
        }
      }
    }
  }

  /// `expanded[t, h * (nope + v)]`: keys and values of every head.
  private func expand(_ latents: Rows, into expanded: Rows, step: Step) {
    let compute = step.compute
    switch kvUp {
    case .joint(let up):
      compute.linear(
        latents, up, into: expanded.columns(0, width: heads * kvHeadDim), workspace: step.workspace)
    case .split(let key, let value):
      compute.pool.run(units: latents.count * heads) { unit, _ in
        let (t, h) = (unit / heads, unit % heads)
        compute.kernels.pointee.matmul_rows(
          expanded[t] + h * kvHeadDim, latents[t], key.storage, h * kvLoraRank, kvLoraRank)
      }
      let operand = compute.operand(
        latents, compute.encoding(for: value.view), workspace: step.workspace)
      var products = Products(compute, capacity: heads, workspace: step.workspace)
      for h in 0..<heads {
        products.add(
          operand, value.view,
          into: expanded.columns(h * kvHeadDim + qkNopeHeadDim, width: vHeadDim),
          rows: h * vHeadDim..<(h + 1) * vHeadDim)
      }
      products.run()
    }
  }
}
