import CFathomKernels
import FathomTensors

/// Attention in which several query heads share one key and one value head, as in Llama and Qwen2.
///
/// `x [s, hidden] → y [s, hidden]`
///
/// Source: GQA (arXiv 2305.13245).
package struct GroupedQueryAttention: Attention {
  package struct Projection: Sendable {
    package let weight: Matrix
    package let bias: Buffer?

    func addBias(to y: Rows, step: Step) {
      guard let bias else { return }
      step.compute.each(y.count, cost: y.width) { s in
        step.compute.kernels.pointee.add_scaled(y[s], bias.pointer, 1, y.width)
      }
    }
  }

  package let heads: Int  // `num_attention_heads`
  package let keyHeads: Int  // `num_key_value_heads`
  package let headDim: Int
  package let query: Projection  // [heads * headDim, hidden]
  package let key: Projection  // [keyHeads * headDim, hidden]
  package let value: Projection  // [keyHeads * headDim, hidden]
  package let output: Projection  // [hidden, heads * headDim]
  package let softmaxScale: Float
  /// Whether rotary channels turn as neighbouring pairs; otherwise as halves.
  package let ropeInterleave: Bool

  package func forward(_ x: Rows, into y: Rows, layer: Int, rotation: Rotation, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let q = workspace.take(x.count, width: heads * headDim)
      let kv = workspace.take(x.count, width: 2 * keyHeads * headDim)
      let k = kv.columns(0, width: keyHeads * headDim)
      let v = kv.columns(keyHeads * headDim, width: keyHeads * headDim)
      project(x, q: q, k: k, v: v, step: step)
      step.compute.each(x.count, cost: 4 * (q.width + kv.width)) { s in
        let (cos, sin) = (rotation.cos[s], rotation.sin[s])
        for h in 0..<heads { rotate(q[s] + h * headDim, cos, sin) }
        for h in 0..<keyHeads { rotate(k[s] + h * headDim, cos, sin) }
        let cache = step.sequences[step.owners[s]].cache
        for part in 0..<2 * keyHeads {
          cache.store(
            kv[s] + part * headDim, part: self.part(part), position: step.positions[s], layer: layer
          )
        }
      }
      step.observer?(.queries(layer: layer), q)
      let mixed = workspace.take(x.count, width: heads * headDim)
      if step.cacheIsExact {
        attendExactly(q, into: mixed, layer: layer, step: step)
      } else {
        attend(q, into: mixed, layer: layer, step: step)
      }
      step.compute.linear(mixed, output.weight, into: y, workspace: workspace)
      output.addBias(to: y, step: step)
    }
  }

  private func project(_ x: Rows, q: Rows, k: Rows, v: Rows, step: Step) {
    let compute = step.compute
    let encodings = compute.encoding(for: query.weight.view)
      .union(compute.encoding(for: key.weight.view)).union(compute.encoding(for: value.weight.view))
    step.workspace.scope {
      let operand = compute.operand(x, encodings, workspace: step.workspace)
      var products = Products(compute, capacity: 3, workspace: step.workspace)
      products.add(operand, query.weight.view, into: q)
      products.add(operand, key.weight.view, into: k)
      products.add(operand, value.weight.view, into: v)
      products.run()
    }
    query.addBias(to: q, step: step)
    key.addBias(to: k, step: step)
    value.addBias(to: v, step: step)
  }

  private func rotate(
    _ x: UnsafeMutablePointer<Float>, _ cos: UnsafeMutablePointer<Float>,
    _ sin: UnsafeMutablePointer<Float>
  ) {
    if ropeInterleave {
      fk_rope_interleaved(x, cos, sin, headDim)
    } else {
      fk_rope_halves(x, cos, sin, headDim)
    }
  }

  /// Keys of all key heads, then their values.
  private func part(_ index: Int) -> fk_part {
    fk_part(begin: index * headDim, width: headDim, index: index)
  }

  private func attend(_ q: Rows, into mixed: Rows, layer: Int, step: Step) {
    func headRows(_ rows: Rows) -> CachedAttention.HeadRows {
      CachedAttention.HeadRows(
        pointer: rows.pointer, tokenStride: rows.stride, headStride: headDim)
    }
    CachedAttention(
      step: step, layer: layer, softmaxScale: softmaxScale, groupHeads: heads / keyHeads,
      groups: keyHeads,
      parts: { group in
        CachedAttention.Parts(
          keyA: part(group), keyB: fk_part(begin: 0, width: 0, index: 0),
          value: part(keyHeads + group))
      }
    ).run(headRows(q), into: headRows(mixed), tokens: 0..<q.count) { _, _ in }
  }

  /// Over a cache of f32 values nothing is rounded.
  private func attendExactly(_ q: Rows, into mixed: Rows, layer: Int, step: Step) {
    let compute = step.compute
    let scratch = step.workspace.take(compute.pool.threads, width: (step.longest + 15) & ~15)
    compute.pool.run(units: q.count * heads) { unit, worker in
      let (s, h) = (unit / heads, unit % heads)
      let keyHead = h / (heads / keyHeads)
      var head = fk_head(
        key_a: part(keyHead), key_b: fk_part(begin: 0, width: 0, index: 0),
        value: part(keyHeads + keyHead), query_a: q[s] + h * headDim, query_b: nil,
        count: step.positions[s] + 1, scale: softmaxScale, scores: scratch[worker],
        out: mixed[s] + h * headDim, rows: nil)
      var view = step.sequences[step.owners[s]].cache.view(layer: layer)
      compute.kernels.pointee.attend(&head, &view)
    }
  }
}
