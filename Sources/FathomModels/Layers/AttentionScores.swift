import FathomTensors

/// What heads make of earlier tokens before softmax, scaled: for each head the lower triangle of a square,
/// `[h][s][t ≤ s]`, row behind row.
///
/// Products are of f32 values; the forward pass itself may round queries and weights.
package struct AttentionScores: Sendable, Equatable {
  package let heads: Int
  /// Queries, and keys of the last of them.
  package let tokens: Int
  /// All of a score, or where a head reads position apart (latent attention), the part of what a token says.
  package internal(set) var content: [Float] = []
  /// The part of where a token stands, `qPe · kPe`; nil where the two are not apart.
  package internal(set) var rotary: [Float]?

  /// Values of one head.
  package static func triangle(_ tokens: Int) -> Int { tokens * (tokens + 1) / 2 }
}

/// Appends the lower triangle of `products [s, t]`, scaled.
private func append(_ products: Rows, scale: Float, to values: inout [Float]) {
  for s in 0..<products.count {
    for t in 0...s { values.append(scale * products[s][t]) }
  }
}

/// One part of the cached rows of the first tokens, `[t, width]`.
private func keys(_ part: Int, count: Int, layer: Int, step: Step) -> Matrix {
  let cache = step.sequences[0].cache
  let part = cache.part(part, layer: layer)
  let rows = step.workspace.take(count, width: part.width)
  for t in 0..<count { cache.load(rows[t], part: part, position: t, layer: layer) }
  return Matrix(rows.pointer, rows: count, columns: part.width, dtype: .f32, owner: nil)
}

extension LatentAttention {
  /// `content = (W_UKᵀ qNope) · kvLatent`, `rotary = qPe · kPe`
  package func scores(of queries: Rows, layer: Int, step: Step) -> AttentionScores {
    let (workspace, count) = (step.workspace, queries.count)
    var scores = AttentionScores(heads: heads, tokens: count)
    scores.content.reserveCapacity(heads * AttentionScores.triangle(count))
    var rotary: [Float] = []
    rotary.reserveCapacity(heads * AttentionScores.triangle(count))
    workspace.scope {
      let latents = keys(0, count: count, layer: layer, step: step)
      let rotaryKeys = keys(1, count: count, layer: layer, step: step)
      // [s * h, c + r]
      let absorbed = workspace.take(count * heads, width: kvLoraRank + qkRopeHeadDim)
      absorb(queries, into: absorbed, step: step)
      let products = workspace.take(count, width: count)
      for h in 0..<heads {
        let head = Rows(
          absorbed[h], count: count, width: absorbed.width, stride: heads * absorbed.stride)
        step.compute.linear(
          head.columns(0, width: kvLoraRank), latents, into: products, workspace: workspace)
        append(products, scale: softmaxScale, to: &scores.content)
        step.compute.linear(
          head.columns(kvLoraRank, width: qkRopeHeadDim), rotaryKeys, into: products,
          workspace: workspace)
        append(products, scale: softmaxScale, to: &rotary)
      }
    }
    scores.rotary = rotary
    return scores
  }
}

extension GroupedQueryAttention {
  package func scores(of queries: Rows, layer: Int, step: Step) -> AttentionScores {
    let (workspace, count) = (step.workspace, queries.count)
    var scores = AttentionScores(heads: heads, tokens: count)
    scores.content.reserveCapacity(heads * AttentionScores.triangle(count))
    workspace.scope {
      let products = workspace.take(count, width: count)
      for h in 0..<heads {
        workspace.scope {
          let keys = keys(h / (heads / keyHeads), count: count, layer: layer, step: step)
          step.compute.linear(
            queries.columns(h * headDim, width: headDim), keys, into: products,
            workspace: workspace)
          append(products, scale: softmaxScale, to: &scores.content)
        }
      }
    }
    return scores
  }
}
