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
  private var kvHeadDim: Int { qkNopeHeadDim + vHeadDim }

  package func forward(_ x: Rows, into y: Rows, layer: Int, rotation: Rotation, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let q = workspace.take(x.count, width: heads * qkHeadDim)  // [s, h * (nope + rope)]
      let kv = workspace.take(x.count, width: kvLoraRank + qkRopeHeadDim)
      let qLatent = project(x, q: q, kv: kv, rotation: rotation, step: step)
      storeLatents(kv, layer: layer, rotation: rotation, step: step)
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

  /// Fills `q [s, h * (nope + rope)]` and `kv [s, c + rope]`; returns the normalised latent of the queries where they
  /// have one.
  private func project(_ x: Rows, q: Rows, kv: Rows, rotation: Rotation, step: Step) -> Rows? {
    let compute = step.compute
    let workspace = step.workspace
    var qLatent: Rows?
    let first: Matrix
    switch query {
    case .direct(let projection): first = projection
    case .latent(let down, _, _):
      first = down
      qLatent = workspace.take(x.count, width: down.rows)
    }
    let operand = compute.operand(
      x, compute.encoding(for: first).union(compute.encoding(for: kvDown)), workspace: workspace)
    var products = Products(compute, capacity: 2, workspace: workspace)
    products.add(operand, first, into: qLatent ?? q)
    products.add(operand, kvDown, into: kv)
    products.run()
    if case .latent(_, let norm, let up) = query, let qLatent {
      norm(qLatent, into: qLatent, step: step)
      compute.linear(qLatent, up, into: q, workspace: workspace)
    }
    compute.each(x.count, cost: heads * qkHeadDim) { s in
      for h in 0..<heads { rotate(q[s] + h * qkHeadDim + qkNopeHeadDim, rotation, s) }
    }
    return qLatent
  }

  private func storeLatents(_ kv: Rows, layer: Int, rotation: Rotation, step: Step) {
    let kvLatent = kv.columns(0, width: kvLoraRank)
    kvNorm(kvLatent, into: kvLatent, step: step)
    step.compute.each(kv.count, cost: 4 * kv.width) { s in
      let kPe = kv[s] + kvLoraRank
      rotate(kPe, rotation, s)
      let cache = step.sequences[step.owners[s]].cache
      let position = step.positions[s]
      cache.store(kvLatent[s], part: latentPart, position: position, layer: layer)
      cache.store(kPe, part: ropePart, position: position, layer: layer)
    }
  }

  private var latentPart: fk_part { fk_part(begin: 0, width: kvLoraRank, index: 0) }
  private var ropePart: fk_part { fk_part(begin: kvLoraRank, width: qkRopeHeadDim, index: 1) }

  private func rotate(_ x: UnsafeMutablePointer<Float>, _ rotation: Rotation, _ s: Int) {
    if ropeInterleave {
      fk_rope_interleaved(x, rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
    } else {
      fk_rope_halves(x, rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
    }
  }
}

// The absorbed form.
extension LatentAttention {
  /// Tokens whose latent queries are held at a time.
  private static let blockTokens = 64

  /// `scores = (W_UK^T q_nope) · latent + q_pe · k_pe`, then `W_UV (scores · latent)`: no key or value is ever formed.
  private func attendAbsorbed(
    _ q: Rows, _ chosen: [[Int32]]?, into mixed: Rows, layer: Int, step: Step
  ) {
    let workspace = step.workspace
    for begin in stride(from: 0, to: q.count, by: Self.blockTokens) {
      let tokens = begin..<min(q.count, begin + Self.blockTokens)
      workspace.scope {
        let width = kvLoraRank + qkRopeHeadDim
        let queries = workspace.take(tokens.count * heads, width: width)  // [s * h, c + r]
        absorb(q.rows(tokens), into: queries, step: step)
        let latents = workspace.take(tokens.count * heads, width: kvLoraRank)  // [s * h, c]
        if step.cacheIsExact {
          attendExactly(queries, chosen, into: latents, tokens: tokens, layer: layer, step: step)
        } else {
          let parts = CachedAttention.Parts(keyA: latentPart, keyB: ropePart, value: latentPart)
          CachedAttention(
            step: step, layer: layer, softmaxScale: softmaxScale, groupHeads: heads, groups: 1,
            chosen: chosen, parts: { _ in parts }
          ).run(
            headRows(queries), into: headRows(latents), tokens: tokens)
        }
        release(latents, into: mixed.rows(tokens), step: step)
      }
    }
  }

  private func headRows(_ rows: Rows) -> CachedAttention.HeadRows {
    CachedAttention.HeadRows(
      pointer: rows.pointer, tokenStride: heads * rows.stride, headStride: rows.stride)
  }

  /// `queries[s, h] = (W_UK^T q_nope, q_pe)`
  func absorb(_ q: Rows, into queries: Rows, step: Step) {
    let compute = step.compute
    let workspace = step.workspace
    switch kvUp {
    case .joint(let up):
      compute.pool.run(units: queries.count) { unit, _ in
        let (s, h) = (unit / heads, unit % heads)
        compute.kernels.pointee.matmul_rows(
          queries[unit], q[s] + h * qkHeadDim, up.storage, h * kvHeadDim, qkNopeHeadDim)
      }
    case .split(let key, _):
      workspace.scope {
        // Every head of every token as a row.
        let nope = Rows(
          q.pointer, count: q.count * heads, width: qkNopeHeadDim, stride: qkHeadDim)
        let operand = compute.operand(nope, compute.encoding(for: key), workspace: workspace)
        var products = Products(compute, capacity: heads, workspace: workspace)
        for h in 0..<heads {
          let rows = Rows(
            queries[h], count: q.count, width: kvLoraRank, stride: heads * queries.stride)
          products.add(
            operand.every(heads, from: h), key, into: rows,
            rows: h * kvLoraRank..<(h + 1) * kvLoraRank)
        }
        products.run()
      }
    }
    compute.each(queries.count, cost: qkRopeHeadDim) { row in
      let qPe = q[row / heads] + row % heads * qkHeadDim + qkNopeHeadDim
      (queries[row] + kvLoraRank).update(from: qPe, count: qkRopeHeadDim)
    }
  }

  /// `mixed[s, h * v] = W_UV latents[s, h]`
  private func release(_ latents: Rows, into mixed: Rows, step: Step) {
    let compute = step.compute
    let (up, firstRow, rowStep) =
      switch kvUp {
      case .joint(let up): (up, qkNopeHeadDim, kvHeadDim)
      case .split(_, let value): (value, 0, vHeadDim)
      }
    let operand = compute.operand(latents, compute.encoding(for: up), workspace: step.workspace)
    var products = Products(compute, capacity: heads, workspace: step.workspace)
    for h in 0..<heads {
      let begin = firstRow + h * rowStep
      products.add(
        operand.every(heads, from: h), up, into: mixed.columns(h * vHeadDim, width: vHeadDim),
        rows: begin..<begin + vHeadDim)
    }
    products.run()
  }

  /// Over a cache of f32 values nothing is rounded.
  private func attendExactly(
    _ queries: Rows, _ chosen: [[Int32]]?, into latents: Rows, tokens: Range<Int>, layer: Int,
    step: Step
  ) {
    let scores = step.workspace.take(step.compute.pool.threads, width: (step.longest + 15) & ~15)
    step.compute.pool.run(units: queries.count) { unit, worker in
      let s = tokens.lowerBound + unit / heads
      var head = fk_head(
        key_a: latentPart, key_b: ropePart, value: latentPart, query_a: queries[unit],
        query_b: queries[unit] + kvLoraRank, count: 0, scale: softmaxScale,
        scores: scores[worker], out: latents[unit], rows: nil)
      var view = step.sequences[step.owners[s]].cache.view(layer: layer)
      look(&head, upTo: step.positions[s], chosen: chosen?[s]) {
        step.compute.kernels.pointee.attend(&$0, &view)
      }
    }
  }

  /// Lets a head look at all rows up to a position, or at the chosen ones.
  private func look(
    _ head: inout fk_head, upTo position: Int, chosen: [Int32]?, _ body: (inout fk_head) -> Void
  ) {
    guard let chosen else {
      head.count = position + 1
      return body(&head)
    }
    chosen.withUnsafeBufferPointer { rows in
      head.count = rows.count
      head.rows = rows.baseAddress
      body(&head)
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
        latents, compute.encoding(for: value), workspace: step.workspace)
      var products = Products(compute, capacity: heads, workspace: step.workspace)
      for h in 0..<heads {
        products.add(
          operand, value,
          into: expanded.columns(h * kvHeadDim + qkNopeHeadDim, width: vHeadDim),
          rows: h * vHeadDim..<(h + 1) * vHeadDim)
      }
      products.run()
    }
  }
}
