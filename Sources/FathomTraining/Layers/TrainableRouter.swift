import FathomModels
import FathomTensors

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The router of a mixture, forward and backward, in f32 throughout.
///
/// Which experts are chosen gets no gradient; their weights and the balance loss do. Source: DeepSeek-V3 report §2.1.2.
package struct TrainableRouter: Sendable {
  package let weight: ParameterID  // [experts, hidden]
  /// `e_score_correction_bias`; nil where a generation has none.
  package let bias: ParameterID?
  package let rule: RoutingRule
  package let experts: Int
  package let groups: Int
  package let groupsChosen: Int
  package let expertsChosen: Int
  package let scalingFactor: Float
  /// Which mixture of the network it belongs to.
  package let place: Int

  package struct Saved {
    let scores: Rows  // [s, experts]
    let chosen: UnsafeMutablePointer<Int32>  // [s, k], ascending
    let weights: Rows  // [s, k]
  }

  private func router(_ pass: TrainingPass) -> Router {
    let weight = pass.value(weight)
    return Router(
      weight: Matrix(
        weight.pointer, rows: experts, columns: weight.width, dtype: .f32, owner: pass.parameters),
      bias: nil, scoring: rule.scoring, groupScore: rule.groupScore, groups: groups,
      groupsChosen: groupsChosen, expertsChosen: expertsChosen,
      normalizesWeights: rule.normalizesWeights, scalingFactor: scalingFactor)
  }

  package func forward(_ x: Rows, _ pass: TrainingPass) -> Saved {
    let scores = pass.take(x.count, width: experts)
    let weights = pass.take(x.count, width: expertsChosen)
    let chosen = pass.workspace.take(Int32.self, x.count * expertsChosen)
    var products = pass.products()
    products.add(Side(x), Side(pass.value(weight)), into: scores, exactness: .full)
    products.run()
    let router = router(pass)
    let bias = bias.map { pass.value($0).pointer }
    let biased = pass.take(x.count, width: experts)
    let routes = pass.batch.routes?[place]
    pass.compute.each(x.count, cost: 8 * experts) { s in
      score(scores[s])
      let slots = chosen + s * expertsChosen
      if let routes, routes[s * expertsChosen] >= 0 {
        for k in 0..<expertsChosen { slots[k] = routes[s * expertsChosen + k] }
      } else {
        for e in 0..<experts { biased[s][e] = scores[s][e] + (bias?[e] ?? 0) }
        router.choose(biased[s], into: slots)
      }
      router.weigh(slots, scores: scores[s], into: weights[s])
    }
    note(scores, chosen, pass)
    return Saved(scores: scores, chosen: chosen, weights: weights)
  }

  private func score(_ x: UnsafeMutablePointer<Float>) {
    switch rule.scoring {
    case .sigmoid: for e in 0..<experts { x[e] = 1 / (1 + expf(-x[e])) }
    case .softmax:
      var largest = -Float.infinity
      for e in 0..<experts { largest = max(largest, x[e]) }
      var sum: Float = 0
      for e in 0..<experts {
        x[e] = expf(x[e] - largest)
        sum += x[e]
      }
      for e in 0..<experts { x[e] /= sum }
    }
  }

  private func note(_ scores: Rows, _ chosen: UnsafePointer<Int32>, _ pass: TrainingPass) {
    var statistics = RouterStatistics(experts: experts)
    for s in 0..<scores.count where pass.batch.isUsed(s) {
      statistics.tokens += 1
      for k in 0..<expertsChosen { statistics.counts[Int(chosen[s * expertsChosen + k])] += 1 }
    }
    for s in stride(from: 0, to: scores.count, by: Self.entropySample) where pass.batch.isUsed(s) {
      var sum: Float = 0
      for e in 0..<experts { sum += scores[s][e] }
      for e in 0..<experts where scores[s][e] > 0 {
        let share = Double(scores[s][e] / sum)
        statistics.entropy -= share * log(share) * Double(Self.entropySample)
      }
    }
    while pass.routing.count <= place { pass.routing.append(RouterStatistics(experts: experts)) }
    pass.routing[place].add(statistics)
  }

  /// The entropy is taken of one token in so many.
  private static let entropySample = 8

  /// Adds the gradient of `x` to `dx`.
  ///
  /// - Parameter dWeights: `[s, k]`, of the weights of the chosen experts.
  package func backward(
    _ x: Rows, _ saved: Saved, dWeights: Rows, into dx: Rows, _ pass: TrainingPass
  ) {
    let scores = saved.scores
    let dLogits = pass.take(x.count, width: experts)
    let balance = balanceGradients(saved, pass)
    pass.compute.each(x.count, cost: 8 * experts) { s in
      let d = dLogits[s]
      d.update(repeating: 0, count: experts)
      weightGradients(saved, s, dWeights[s], into: d)
      if let balance {
        if pass.batch.isUsed(s) {
          addBalance(scores[s], balance[s / pass.batch.length], into: d)
        }
      }
      toLogits(scores[s], d)
    }
    var products = pass.products()
    products.add(
      Side(dLogits), Side(pass.value(weight)).turned, into: dx, accumulates: true, exactness: .full)
    if let gradient = pass.gradient(weight) {
      products.add(
        Side(dLogits).turned, Side(x).turned, into: gradient, accumulates: true, exactness: .full)
    }
    products.run()
  }

  /// From the weights of the chosen experts to their scores.
  private func weightGradients(
    _ saved: Saved, _ s: Int, _ dWeights: UnsafePointer<Float>,
    into d: UnsafeMutablePointer<Float>
  ) {
    let chosen = saved.chosen + s * expertsChosen
    guard rule.normalizesWeights else {
      for k in 0..<expertsChosen { d[Int(chosen[k])] = scalingFactor * dWeights[k] }
      return
    }
    var sum: Float = 1e-20
    for k in 0..<expertsChosen { sum += saved.scores[s][Int(chosen[k])] }
    var along: Float = 0
    for k in 0..<expertsChosen { along += dWeights[k] * saved.scores[s][Int(chosen[k])] / sum }
    for k in 0..<expertsChosen {
      d[Int(chosen[k])] = scalingFactor / sum * (dWeights[k] - along)
    }
  }

  private func toLogits(_ scores: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>) {
    switch rule.scoring {
    case .sigmoid: for e in 0..<experts { d[e] *= scores[e] * (1 - scores[e]) }
    case .softmax:
      var along: Float = 0
      for e in 0..<experts { along += d[e] * scores[e] }
      for e in 0..<experts { d[e] = scores[e] * (d[e] - along) }
    }
  }
}

// The sequence-wise balance loss: α Σ_e f_e P_e over each row of the batch.
extension TrainableRouter {
  /// What one unit of the mean normalised score of each expert costs, for every row; notes the loss. nil without it.
  private func balanceGradients(_ saved: Saved, _ pass: TrainingPass) -> [[Float]]? {
    guard pass.balanceWeight > 0 else { return nil }
    let length = pass.batch.length
    let alpha = pass.balanceWeight / Float(pass.balanceRows)
    return (0..<pass.batch.rows).map { row in
      let used = pass.batch.usedLengths[row]
      var frequency = [Float](repeating: 0, count: experts)
      var mean = [Float](repeating: 0, count: experts)
      guard used > 0 else { return frequency }
      for s in row * length..<row * length + used {
        for k in 0..<expertsChosen { frequency[Int(saved.chosen[s * expertsChosen + k])] += 1 }
        var sum: Float = 0
        for e in 0..<experts { sum += saved.scores[s][e] }
        for e in 0..<experts { mean[e] += saved.scores[s][e] / sum }
      }
      let scale = Float(experts) / Float(expertsChosen * used)
      for e in 0..<experts {
        frequency[e] *= scale
        pass.balanceLoss += Double(alpha * frequency[e] * mean[e] / Float(used))
      }
      return frequency.map { alpha * $0 / Float(used) }
    }
  }

  /// Through the normalisation of one token's scores.
  private func addBalance(
    _ scores: UnsafePointer<Float>, _ gradient: [Float], into d: UnsafeMutablePointer<Float>
  ) {
    var sum: Float = 0
    for e in 0..<experts { sum += scores[e] }
    var along: Float = 0
    for e in 0..<experts { along += gradient[e] * scores[e] / sum }
    for e in 0..<experts { d[e] += (gradient[e] - along) / sum }
  }
}
