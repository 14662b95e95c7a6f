import CFathomKernels
import FathomTensors

/// One layer: attention and feed-forward, each on the normalised residual stream and added to it.
package struct DecoderLayer: Sendable {
  package let inputNorm: RMSNorm
  package let attention: any Attention
  package let postAttentionNorm: RMSNorm
  package let feedForward: any FeedForward

  /// `hidden [s, hidden]`, in place.
  package func forward(_ hidden: Rows, layer: Int, rotation: Rotation, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let normed = workspace.take(hidden.count, width: hidden.width)
      let change = workspace.take(hidden.count, width: hidden.width)
      inputNorm(hidden, into: normed, step: step)
      attention.forward(normed, into: change, layer: layer, rotation: rotation, step: step)
      step.observer?(.attention(layer: layer), change)
      step.compute.add(change, to: hidden)
      postAttentionNorm(hidden, into: normed, step: step)
      feedForward.forward(normed, into: change, layer: layer, step: step)
      step.observer?(.feedForward(layer: layer), change)
      step.compute.add(change, to: hidden)
      step.observer?(.layer(layer), hidden)
    }
  }
}

/// Embedding, layers, final norm and output head: all that the architectures have in common.
package struct Decoder: Sendable {
  package let embedding: Matrix  // [vocab, hidden]
  package let layers: [DecoderLayer]
  package let norm: RMSNorm
  package let head: Matrix  // [vocab, hidden]; the embedding itself where they are tied
  package let rotary: RotaryEmbedding

  package var hiddenSize: Int { embedding.columns }
  package var vocabularySize: Int { head.rows }

  /// Runs the new tokens of a step through all layers and the final norm.
  ///
  /// `step.count` tokens → `hidden [s, hidden]`, the input of `logits`. Tokens must be below the vocabulary size.
  package func forward(_ step: Step, into hidden: Rows) {
    step.reserve()
    embed(step.tokens, with: embedding, into: hidden, step: step)
    step.observer?(.embedding, hidden)
    step.workspace.scope {
      let rotation = rotation(for: step)
      for (index, layer) in layers.enumerated() {
        layer.forward(hidden, layer: index, rotation: rotation, step: step)
      }
      norm(hidden, into: hidden, step: step)
    }
    step.observer?(.finalNorm, hidden)
    step.advance()
  }

  /// `hidden [s, hidden] → logits [s, vocab]`
  package func logits(_ hidden: Rows, into logits: Rows, step: Step) {
    step.compute.linear(hidden, head, into: logits, workspace: step.workspace)
  }

  package func rotation(for step: Step) -> Rotation {
    let cos = step.workspace.take(step.count, width: rotary.width / 2)
    let sin = step.workspace.take(step.count, width: rotary.width / 2)
    rotary.fill(cos: cos, sin: sin, positions: step.positions)
    return Rotation(cos: cos, sin: sin)
  }

  package func embed(_ tokens: [Int32], with table: Matrix, into rows: Rows, step: Step) {
    for (row, token) in tokens.enumerated() {
      precondition(token >= 0 && Int(token) < table.rows, "token \(token) of \(table.rows)")
      step.compute.kernels.pointee.decode_row(rows[row], table.storage, Int(token))
    }
  }
}
