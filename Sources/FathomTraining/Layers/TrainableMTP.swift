import FathomTensors

/// The multi-token prediction module in training: from the final state of token i and the embedding of token i + 1 it
/// predicts token i + 2. Embedding and head are those of the network.
///
/// `x_i = eh_proj(cat(enorm(embed(t_{i+1})), hnorm(h_i)))`, then one layer, a norm and the head.
///
/// Source: DeepSeek-V3 report §2.2; the order of the two halves is that of the released checkpoints.
package struct TrainableMTP: Sendable {
  package let embeddingNorm: TrainableNorm  // `enorm`
  package let hiddenNorm: TrainableNorm  // `hnorm`
  package var projection: Linear  // `eh_proj`
  package var layer: TrainableLayer
  package let norm: TrainableNorm  // `shared_head.norm`

  /// The module's own loss, an average over what it sees; gradients are those of `options.weight` times that, and are
  /// added to `dFinal`.
  func run(
    _ final: Rows, into dFinal: Rows, network: TrainableNetwork,
    options: TrainableNetwork.MTPOptions, gradients: Bool, _ pass: TrainingPass
  ) -> Double {
    let rows = max(1, min(pass.batch.rows, Int((Double(pass.batch.rows) * options.rows).rounded())))
    let batch = pass.batch.first(rows).shifted
    // Its rows stand for all of them: the same total weight.
    let share = Float(pass.batch.rows) / Float(rows)
    let inner = TrainingPass(
      batch, compute: pass.compute, workspace: pass.workspace, parameters: pass.parameters,
      lossScale: pass.lossScale * share, balanceWeight: pass.balanceWeight * options.weight,
      balanceRows: pass.balanceRows)
    inner.routing = pass.routing.map { RouterStatistics(experts: $0.counts.count) }
    let loss = pass.workspace.scope {
      run(
        final.rows(0..<batch.count), into: dFinal.rows(0..<batch.count), network: network,
        weight: options.weight, gradients: gradients, inner)
    }
    pass.balanceLoss += inner.balanceLoss
    for (place, statistics) in inner.routing.enumerated() {
      if place < pass.routing.count {
        pass.routing[place].add(statistics)
      } else {
        pass.routing.append(statistics)
      }
    }
    return loss
  }

  private func run(
    _ final: Rows, into dFinal: Rows, network: TrainableNetwork, weight: Float, gradients: Bool,
    _ pass: TrainingPass
  ) -> Double {
    let (s, width) = (pass.batch.count, network.hiddenSize)
    let rotation = TrainingRotation(network.rotary, pass)
    let embedded = pass.take(s, width: width)
    network.embedding.forward(pass.batch.tokens, into: embedded, pass)
    let joined = pass.take(s, width: 2 * width)
    let savedEmbedding = embeddingNorm.forward(
      embedded, into: joined.columns(0, width: width), pass)
    let savedHidden = hiddenNorm.forward(final, into: joined.columns(width, width: width), pass)
    let projected = pass.take(s, width: width)
    let fork = pass.forward([Fork(joined, [.init(projection, projected)])])[0]
    let (stream, savedLayer) = layer.forward(projected, rotation, pass)
    let normed = pass.take(s, width: width)
    let savedNorm = norm.forward(stream, into: normed, pass)
    let dNormed = pass.take(s, width: width)
    let loss = network.head.loss(
      normed, pass.batch, scale: pass.lossScale * weight, into: dNormed, gradients: gradients, pass)
    guard gradients else { return loss / Double(weight) }
    let d = pass.take(s, width: width)
    norm.backward(dNormed, savedNorm, into: d, accumulates: false, pass)
    layer.backward(d, savedLayer, rotation, pass)
    let dJoined = pass.take(s, width: 2 * width)
    pass.backward([fork.with(gradients: [d])], dx: [dJoined])
    hiddenNorm.backward(
      dJoined.columns(width, width: width), savedHidden, into: dFinal, accumulates: true, pass)
    embeddingNorm.backward(
      dJoined.columns(0, width: width), savedEmbedding, into: d, accumulates: false, pass)
    network.embedding.backward(d, pass.batch.tokens, pass)
    return loss / Double(weight)
  }
}
