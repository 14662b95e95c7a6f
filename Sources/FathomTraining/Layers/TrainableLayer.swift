import FathomTensors

/// The part of a layer behind attention.
package enum TrainableFeedForward: Sendable {
  case dense(TrainableSwiGLU)
  case routed(TrainableMixture)

  enum Saved {
    case dense(SwiGLUSaved)
    case routed(TrainableMixture.Saved)
  }

  func forward(_ x: Rows, into y: Rows, _ pass: TrainingPass) -> Saved {
    switch self {
    case .dense(let network):
      .dense(pass.forward([SwiGLURun(network: network, x: x, y: y)])[0])
    case .routed(let mixture): .routed(mixture.forward(x, into: y, pass))
    }
  }

  func backward(_ dy: Rows, _ saved: Saved, into dx: Rows, _ pass: TrainingPass) {
    switch (self, saved) {
    case (.dense, .dense(let saved)):
      pass.workspace.scope { pass.backward([saved], dy: [dy], dx: [dx]) }
    case (.routed(let mixture), .routed(let saved)): mixture.backward(dy, saved, into: dx, pass)
    default: preconditionFailure("a way back that belongs to another layer")
    }
  }
}

/// One decoder layer, forward and backward: attention and feed-forward, each on the normalised stream and added to it.
package struct TrainableLayer: Sendable {
  package let inputNorm: TrainableNorm
  package var attention: any TrainableAttention
  package let postAttentionNorm: TrainableNorm
  package var feedForward: TrainableFeedForward

  package struct Saved {
    let inputNorm: TrainableNorm.Saved
    let attention: AttentionSaved
    let postAttentionNorm: TrainableNorm.Saved
    let feedForward: TrainableFeedForward.Saved
  }

  /// `hidden [s, hidden]` is kept; the new stream is returned.
  package func forward(_ hidden: Rows, _ rotation: TrainingRotation, _ pass: TrainingPass)
    -> (Rows, Saved)
  {
    func room() -> Rows { pass.take(hidden.count, width: hidden.width) }
    let (normed, mixed) = (room(), room())
    let first = inputNorm.forward(hidden, into: normed, pass)
    let attended = attention.forward(normed, into: mixed, rotation, pass)
    let middle = pass.sum(hidden, mixed)
    let (secondNormed, change) = (room(), room())
    let second = postAttentionNorm.forward(middle, into: secondNormed, pass)
    let fed = feedForward.forward(secondNormed, into: change, pass)
    return (
      pass.sum(middle, change),
      Saved(inputNorm: first, attention: attended, postAttentionNorm: second, feedForward: fed)
    )
  }

  /// `d`, the gradient of the stream behind the layer, becomes that of the stream before it.
  package func backward(
    _ d: Rows, _ saved: Saved, _ rotation: TrainingRotation, _ pass: TrainingPass
  ) {
    pass.workspace.scope {
      let dNormed = pass.take(d.count, width: d.width)
      feedForward.backward(d, saved.feedForward, into: dNormed, pass)
      postAttentionNorm.backward(
        dNormed, saved.postAttentionNorm, into: d, accumulates: true, pass)
      attention.backward(d, saved.attention, into: dNormed, rotation, pass)
      inputNorm.backward(dNormed, saved.inputNorm, into: d, accumulates: true, pass)
    }
  }
}
