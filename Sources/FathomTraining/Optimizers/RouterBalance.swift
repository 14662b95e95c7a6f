import FathomTensors

// Balance without a loss: the bias of an expert that got more than its share falls, that of one that got less rises.
//
// Source: DeepSeek-V3 report §2.1.2, equation 16 and what follows.
extension TrainableNetwork {
  private var mixtures: [TrainableMixture] {
    (layers + (mtp.map { [$0.layer] } ?? [])).compactMap {
      if case .routed(let mixture) = $0.feedForward { mixture } else { nil }
    }
  }

  /// - Parameter routing: what the routers did with all tokens of a step, mixture by mixture.
  package func balance(_ parameters: ParameterStore, routing: [RouterStatistics], rate: Float) {
    guard rate > 0 else { return }
    for mixture in mixtures {
      guard let bias = mixture.router.bias, mixture.router.place < routing.count else { continue }
      let (values, counts) = (parameters.value(bias).pointer, routing[mixture.router.place].counts)
      let total = counts.reduce(0, +)
      for (expert, count) in counts.enumerated() {
        // count · experts against total: exact.
        let excess = count * counts.count - total
        if excess != 0 { values[expert] += excess > 0 ? -rate : rate }
      }
    }
  }

  /// The smallest and the largest bias of every mixture that has one.
  package func biasRanges(_ parameters: ParameterStore) -> [ClosedRange<Float>] {
    mixtures.compactMap { mixture in
      guard let bias = mixture.router.bias else { return nil }
      let values = UnsafeBufferPointer(
        start: parameters.value(bias).pointer, count: mixture.router.experts)
      guard let low = values.min(), let high = values.max() else { return nil }
      return low...high
    }
  }
}
