import CFathomKernels
import FathomTensors

// The absorbed form of latent attention.
extension LatentAttention {
  /// Tokens whose latent queries are held at a time.
  private static let blockTokens = 64

  /// `scores = (W_UK^T q_nope) · latent + q_pe · k_pe`, then `W_UV (scores · latent)`: no key or value is ever formed.
  func attendAbsorbed(
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
        let form = step.compute.encoding(for: valueUp.matrix)
        let mixedLatents = step.compute.room(for: latents, form, workspace: workspace)
        // By the thread that made the row, whose caches hold it.
        func encode(row: Int) {
          step.compute.encode(latents, row: row, form, into: mixedLatents)
        }
        if step.cacheIsExact {
          attendExactly(
            queries, chosen, into: latents, tokens: tokens, layer: layer, step: step,
            whenDone: encode)
        } else {
          let parts = CachedAttention.Parts(keyA: latentPart, keyB: ropePart, value: latentPart)
          CachedAttention(
            step: step, layer: layer, softmaxScale: softmaxScale, groupHeads: heads, groups: 1,
            chosen: chosen, parts: { _ in parts }
          ).run(headRows(queries), into: headRows(latents), tokens: tokens) { token, head in
            encode(row: token * heads + head)
          }
        }
        release(mixedLatents, into: mixed.rows(tokens), step: step)
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
        copyRotary(q, s, h, to: queries[unit])
      }
    case .split(let key, _):
      workspace.scope {
        // Every head of every token as a row.
        let nope = Rows(
          q.pointer, count: q.count * heads, width: qkNopeHeadDim, stride: qkHeadDim)
        let form = compute.encoding(for: key.view)
        let operand = compute.room(for: nope, form, workspace: workspace)
        compute.each(q.count, cost: 2 * q.width) { s in
          for h in 0..<heads {
            compute.encode(nope, row: s * heads + h, form, into: operand)
            copyRotary(q, s, h, to: queries[s * heads + h])
          }
        }
        var products = Products(compute, capacity: heads, workspace: workspace)
        for h in 0..<heads {
          let rows = Rows(
            queries[h], count: q.count, width: kvLoraRank, stride: heads * queries.stride)
          products.add(
            operand.every(heads, from: h), key.view, into: rows,
            rows: h * kvLoraRank..<(h + 1) * kvLoraRank)
        }
        products.run()
      }
    }
  }

  private func copyRotary(_ q: Rows, _ s: Int, _ h: Int, to query: UnsafeMutablePointer<Float>) {
    (query + kvLoraRank).update(
      from: q[s] + h * qkHeadDim + qkNopeHeadDim, count: qkRopeHeadDim)
  }

  /// The matrix with `W_UV`, the row where the first head's begins, and rows from one head's to the next's.
  private var valueUp: (matrix: MatrixView, firstRow: Int, rowStep: Int) {
    switch kvUp {
    case .joint(let up): (up.view, qkNopeHeadDim, kvHeadDim)
    case .split(_, let value): (value.view, 0, vHeadDim)
    }
  }

  /// `mixed[s, h * v] = W_UV latents[s, h]`
  private func release(_ latents: Operand, into mixed: Rows, step: Step) {
    let (up, firstRow, rowStep) = valueUp
    var products = Products(step.compute, capacity: heads, workspace: step.workspace)
    for h in 0..<heads {
      let begin = firstRow + h * rowStep
      products.add(
        latents.every(heads, from: h), up, into: mixed.columns(h * vHeadDim, width: vHeadDim),
        rows: begin..<begin + vHeadDim)
    }
    products.run()
  }

  /// Over a cache of f32 values nothing is rounded.
  private func attendExactly(
    _ queries: Rows, _ chosen: [[Int32]]?, into latents: Rows, tokens: Range<Int>, layer: Int,
    step: Step, whenDone: (_ row: Int) -> Void
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
      whenDone(unit)
    }
  }

  /// Lets a head look at all rows up to a position, or at the chosen ones.
  func look(
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
