import FathomModels
import FathomTensors

/// Sums of a step's losses, each already divided by what it is averaged over.
package struct TrainingLosses: Sendable, Equatable {
  /// Cross entropy of the next token, nats per unit of weight.
  package var next = 0.0
  /// Cross entropy of the token after it, not yet multiplied by its weight.
  package var mtp = 0.0
  /// The sequence-wise balance loss, as it enters the total.
  package var balance = 0.0
}

/// A whole network in training: embedding, layers, head, and the module that looks one token further.
package struct TrainableNetwork: Sendable {
  package let embedding: TrainableEmbedding
  package var layers: [TrainableLayer]
  package let norm: TrainableNorm
  package let head: TrainableHead
  package let rotary: RotaryEmbedding
  package var mtp: TrainableMTP?
  package let hiddenSize: Int
  package let vocabularySize: Int

  /// How the module for the second token takes part.
  package struct MTPOptions: Sendable {
    /// λ, what its loss is multiplied by.
    package var weight: Float
    /// The share of rows that it sees; its loss stays an average over what it sees.
    package var rows: Double

    package init(weight: Float, rows: Double = 1) {
      self.weight = weight
      self.rows = rows
    }
  }

  /// The losses of a micro-batch; gradients of all trainable parameters are added to.
  ///
  /// - Parameter gradients: whether to go back at all.
  package func run(
    _ pass: TrainingPass, mtp options: MTPOptions? = nil, gradients: Bool = true
  ) -> TrainingLosses {
    pass.workspace.scope {
      let batch = pass.batch
      let rotation = TrainingRotation(rotary, pass)
      let hidden = pass.take(batch.count, width: hiddenSize)
      embedding.forward(batch.tokens, into: hidden, pass)
      var stream = hidden
      var saved: [TrainableLayer.Saved] = []
      for layer in layers {
        let (next, kept) = layer.forward(stream, rotation, pass)
        stream = next
        saved.append(kept)
      }
      let final = pass.take(batch.count, width: hiddenSize)
      let savedNorm = norm.forward(stream, into: final, pass)
      let dFinal = pass.take(batch.count, width: hiddenSize)
      var losses = TrainingLosses()
      losses.next = head.loss(
        final, batch, pass.objective, scale: pass.lossScale, into: dFinal, gradients: gradients,
        pass)
      if let mtp, let options {
        losses.mtp = mtp.run(
          final, into: dFinal, network: self, options: options, gradients: gradients, pass)
      }
      if gradients {
        let d = pass.take(batch.count, width: hiddenSize)
        norm.backward(dFinal, savedNorm, into: d, accumulates: false, pass)
        for (layer, kept) in zip(layers, saved).reversed() {
          layer.backward(d, kept, rotation, pass)
        }
        embedding.backward(d, batch.tokens, pass)
      }
      losses.balance = pass.balanceLoss
      return losses
    }
  }

  /// `logits [s, vocab]` of a batch, for tests and for looking inside.
  package func logits(_ pass: TrainingPass) -> [Float] {
    pass.workspace.scope {
      let rotation = TrainingRotation(rotary, pass)
      var stream = pass.take(pass.batch.count, width: hiddenSize)
      embedding.forward(pass.batch.tokens, into: stream, pass)
      for layer in layers { stream = layer.forward(stream, rotation, pass).0 }
      let final = pass.take(pass.batch.count, width: hiddenSize)
      _ = norm.forward(stream, into: final, pass)
      let logits = pass.take(pass.batch.count, width: vocabularySize)
      var products = pass.products()
      products.add(Side(final), Side(pass.value(head.weight)), into: logits, exactness: .high)
      products.run()
      return Array(UnsafeBufferPointer(start: logits.pointer, count: logits.count * logits.width))
    }
  }
}
