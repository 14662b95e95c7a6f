import CFathomKernels
import FathomTensors

/// DeepSeek sparse attention: a small scorer picks, for each query, the earlier tokens that attention may look at.
///
/// `x [s, hidden], qLatent [s, q_lora_rank] → rows of the cache, at most topk for each query`
///
/// `score(t) = Σ_h w_h · relu(q_h · k_t)`; the keys of all tokens are kept in the cache beside latent and rotary key.
///
/// Source: DeepSeek-V3.2-Exp report §2.1; `Indexer.forward` in its `inference/model.py`, without the Hadamard turn
/// and the FP8 rounding, which are an orthogonal change of basis and a matter of precision.
package struct LightningIndexer: Sendable {
  package let heads: Int  // `index_n_heads`
  package let headDim: Int  // `index_head_dim`
  package let topk: Int  // `index_topk`
  package let qkRopeHeadDim: Int
  package let query: Matrix  // [heads * headDim, qLoraRank], `wq_b`
  package let key: Matrix  // [headDim, hidden], `wk`
  package let keyNorm: LayerNorm
  package let headWeights: Matrix  // [heads, hidden], `weights_proj`

  /// The part of a cached row, behind latent and rotary key, that holds the key.
  package static let cachePart = 2

  /// Stores the keys of the new tokens.
  package func storeKeys(_ x: Rows, layer: Int, rotation: Rotation, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let k = workspace.take(x.count, width: headDim)
      step.compute.linear(x, key, into: k, workspace: workspace)
      for s in 0..<x.count {
        keyNorm(k[s])
        // Unlike the attention of the same model, the indexer turns halves, and the first channels.
        fk_rope_halves(k[s], rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
        let cache = step.sequences[step.owners[s]].cache
        cache.store(
          k[s], part: cache.part(Self.cachePart, layer: layer), position: step.positions[s],
          layer: layer)
      }
    }
  }

  /// The cached rows that each query looks at, ascending: `[s][≤ topk]`.
  package func select(
    _ x: Rows, qLatent: Rows, layer: Int, rotation: Rotation, step: Step
  ) -> [[Int32]] {
    let workspace = step.workspace
    return workspace.scope {
      let q = workspace.take(x.count, width: heads * headDim)
      let weights = workspace.take(x.count, width: heads)
      step.compute.linear(qLatent, query, into: q, workspace: workspace)
      step.compute.linear(x, headWeights, into: weights, workspace: workspace)
      for s in 0..<x.count {
        for h in 0..<heads {
          fk_rope_halves(q[s] + h * headDim, rotation.cos[s], rotation.sin[s], qkRopeHeadDim)
        }
      }
      var chosen = [[Int32]](repeating: [], count: x.count)
      var begin = 0
      for sequence in step.sequences {
        let rows = begin..<begin + sequence.tokens.count
        select(q.rows(rows), weights.rows(rows), sequence, layer: layer, step: step) {
          chosen[begin + $0] = $1
        }
        begin = rows.upperBound
      }
      return chosen
    }
  }

  private func select(
    _ q: Rows, _ weights: Rows, _ sequence: Step.Sequence, layer: Int, step: Step,
    _ store: (Int, [Int32]) -> Void
  ) {
    let workspace = step.workspace
    workspace.scope {
      let cached = sequence.cache.count
      let total = cached + sequence.tokens.count
      let keys = workspace.take(total, width: headDim)
      let part = sequence.cache.part(Self.cachePart, layer: layer)
      for t in 0..<total { sequence.cache.load(keys[t], part: part, position: t, layer: layer) }
      let matrix = Matrix(keys.pointer, rows: total, columns: headDim, dtype: .f32, owner: nil)
      let products = workspace.take(heads, width: total)
      let scores = workspace.take(total)
      for s in 0..<q.count {
        let visible = cached + s + 1
        guard visible > topk else {
          store(s, (0..<Int32(visible)).map { $0 })
          continue
        }
        let perHead = Rows(q[s], count: heads, width: headDim)
        step.compute.exact.linear(perHead, matrix, into: products, workspace: workspace)
        for t in 0..<visible {
          var score: Float = 0
          for h in 0..<heads { score += weights[s][h] * max(products[h][t], 0) }
          scores[t] = score
        }
        store(s, best(scores, count: visible))
      }
    }
  }

  /// The `topk` rows of the highest scores, ties to the earlier one, ascending.
  private func best(_ scores: UnsafeMutablePointer<Float>, count: Int) -> [Int32] {
    let order = (0..<Int32(count)).sorted {
      scores[Int($0)] > scores[Int($1)] || (scores[Int($0)] == scores[Int($1)] && $0 < $1)
    }
    return order.prefix(topk).sorted()
  }
}

/// Normalisation to mean 0 and variance 1, with weight and bias.
package struct LayerNorm: Sendable {
  package let weight: Buffer
  package let bias: Buffer
  package let epsilon: Float

  /// `x [k]`, in place. Sums run in the order of k, in f32.
  package func callAsFunction(_ x: UnsafeMutablePointer<Float>) {
    let width = weight.count
    var mean: Float = 0
    for k in 0..<width { mean += x[k] }
    mean /= Float(width)
    var variance: Float = 0
    for k in 0..<width { variance += (x[k] - mean) * (x[k] - mean) }
    let inverse = 1 / (variance / Float(width) + epsilon).squareRoot()
    for k in 0..<width { x[k] = (x[k] - mean) * inverse * weight[k] + bias[k] }
  }
}
