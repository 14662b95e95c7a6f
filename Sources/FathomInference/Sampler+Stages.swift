/// What one stage of picking a token left to pick from.
package struct SamplingStage: Sendable, Equatable {
  package enum Name: String, Sendable {
    /// What the model says, before everything else.
    case model
    /// Bias and penalties.
    case penalties
    case topK = "top_k"
    case temperature
    case topP = "top_p"
    case minP = "min_p"
  }

  package var name: Name
  /// Tokens that may still be picked.
  package var kept: Int
  /// The likeliest of them, the likeliest first; what is kept has probability 1 in all.
  package var top: [TokenProbability]
}

extension Sampler {
  /// The stages that the next pick goes through, those that change nothing left out; the last is what is drawn from.
  ///
  /// - Parameters:
  ///   - logits: `[vocab]`, finite.
  ///   - count: how many candidates each stage shows.
  package func stages(_ logits: [Float], top count: Int) -> [SamplingStage] {
    var stages = [SamplingStage(.model, all: logits, top: count)]
    var logits = logits
    if adjusts {
      var sampler = self
      sampler.adjusted = logits
      sampler.adjust()
      logits = sampler.adjusted
      stages.append(SamplingStage(.penalties, all: logits, top: count))
    }
    // Each stage is what a sampler with the options so far would draw from.
    var sofar = SamplingOptions()
    sofar.seed = seed
    func add(_ name: SamplingStage.Name) {
      stages.append(Sampler(sofar).stage(name, logits, top: count))
    }
    if options.temperature > 0, options.topK > 0 {
      sofar.topK = options.topK
      add(.topK)
    }
    guard options.topK != 1 || options.temperature == 0 else { return stages }
    if options.temperature != 1 {
      sofar.temperature = options.temperature
      add(.temperature)
    }
    guard options.temperature > 0 else { return stages }
    if options.topP < 1 {
      sofar.topP = options.topP
      add(.topP)
    }
    if options.minP > 0 {
      sofar.minP = options.minP
      add(.minP)
    }
    return stages
  }

  /// What this sampler would draw from.
  private func stage(_ name: SamplingStage.Name, _ logits: [Float], top count: Int) -> SamplingStage
  {
    logits.withUnsafeBufferPointer { logits in
      let best = Self.argmax(logits)
      guard options.temperature > 0, options.topK != 1 else {
        return SamplingStage(
          name: name, kept: 1, top: [TokenProbability(token: best, probability: 1)])
      }
      var sampler = self
      let largest = Double(logits[Int(best)])
      let total = sampler.keep(of: sampler.gather(logits, largest: largest))
      let kept = sampler.candidates.count
      // Every stage keeps the likeliest.
      let top = TokenScore.largest(min(count, kept), of: logits).map { token in
        TokenProbability(
          token: token,
          probability: weight(of: logits[Int(token)], largest: largest) / total)
      }
      return SamplingStage(name: name, kept: kept, top: top)
    }
  }
}

extension SamplingStage {
  /// A stage that keeps the whole vocabulary.
  fileprivate init(_ name: Name, all logits: [Float], top count: Int) {
    self.name = name
    kept = logits.count
    top = logits.withUnsafeBufferPointer { TokenProbability.likeliest(count, of: $0) }
  }
}
