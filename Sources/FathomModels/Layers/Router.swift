import FathomTensors

/// Chooses experts for each token, by biased score, and weighs them by unbiased score.
///
/// `x [s, hidden] f32 → experts [s, k], weights [s, k] f32`
///
/// Scores are computed in f32 from f32 activations whatever the precision elsewhere, since a choice between experts
/// must not hang on rounding. The bias balances load; it takes part in choosing and never in weighing.
///
/// Source: DeepSeek-V3 report §2.1.2, DeepSeek-V2 report §2.2.2; `Gate.forward` in the reference `model.py`.
package struct Router: Sendable {
  package enum Scoring: Sendable { case softmax, sigmoid }

  /// How a group of experts is ranked when only the best groups may be chosen from.
  package enum GroupScore: Sendable {
    /// `group_limited_greedy`
    case best
    /// `noaux_tc`: sum of the two best biased scores.
    case sumOfTwoBest
  }

  package let weight: Matrix  // [experts, hidden]
  package let bias: Buffer?  // [experts], `e_score_correction_bias`
  package let scoring: Scoring
  package let groupScore: GroupScore
  package let groups: Int  // `n_group`
  package let groupsChosen: Int  // `topk_group`
  package let expertsChosen: Int  // `num_experts_per_tok`
  package let normalizesWeights: Bool  // `norm_topk_prob`
  package let scalingFactor: Float  // `routed_scaling_factor`

  package init(
    weight: Matrix, bias: Buffer?, scoring: Scoring, groupScore: GroupScore, groups: Int,
    groupsChosen: Int, expertsChosen: Int, normalizesWeights: Bool, scalingFactor: Float
  ) {
    self.weight = weight
    self.bias = bias
    self.scoring = scoring
    self.groupScore = groupScore
    self.groups = groups
    self.groupsChosen = groupsChosen
    self.expertsChosen = expertsChosen
    self.normalizesWeights = normalizesWeights
    self.scalingFactor = scalingFactor
  }

  /// Experts of each token, ascending, and their weights; `expertsChosen` of each per token.
  package struct Choice {
    package let experts: UnsafeMutablePointer<Int32>
    package let weights: Rows
  }

  package func choose(_ x: Rows, layer: Int, step: Step) -> Choice {
    let workspace = step.workspace
    let weights = workspace.take(x.count, width: expertsChosen)
    let experts = UnsafeMutableRawPointer(workspace.take(x.count * expertsChosen))
      .bindMemory(to: Int32.self, capacity: x.count * expertsChosen)
    workspace.scope {
      let scores = workspace.take(x.count, width: weight.rows)
      let biased = workspace.take(x.count, width: weight.rows)
      step.compute.exact.linear(x, weight, into: scores, workspace: workspace)
      step.observer?(.routerLogits(layer: layer), scores)
      step.compute.pool.run(units: x.count) { s, _ in
        score(scores[s], biased: biased[s], compute: step.compute)
        let slots = experts + s * expertsChosen
        choose(biased[s], into: slots)
        weigh(slots, scores: scores[s], into: weights[s])
      }
    }
    if let observer = step.observer {
      let chosen = (0..<x.count).map { s in
        (0..<expertsChosen).map { Int(experts[s * expertsChosen + $0]) }
      }
      observer(.routing(layer: layer, experts: chosen), weights)
    }
    return Choice(experts: experts, weights: weights)
  }

  /// Turns the logits of a token into scores, in place: what weighs experts, and with the bias what chooses them.
  func score(
    _ scores: UnsafeMutablePointer<Float>, biased: UnsafeMutablePointer<Float>, compute: Compute
  ) {
    switch scoring {
    case .softmax: compute.kernels.pointee.softmax(scores, scores, weight.rows)
    case .sigmoid: compute.kernels.pointee.sigmoid(scores, scores, weight.rows)
    }
    for expert in 0..<weight.rows { biased[expert] = scores[expert] + (bias?[expert] ?? 0) }
  }

  /// Sets the scores of all but the best `groupsChosen` groups to -infinity.
  func maskRejectedGroups(_ biased: UnsafeMutablePointer<Float>) {
    let size = weight.rows / groups
    withUnsafeTemporaryAllocation(of: Float.self, capacity: groups) { ranks in
      for group in 0..<groups {
        var best = -Float.infinity
        var second = -Float.infinity
        for expert in group * size..<(group + 1) * size {
          if biased[expert] > best {
            (best, second) = (biased[expert], best)
          } else if biased[expert] > second {
            second = biased[expert]
          }
        }
        ranks[group] = groupScore == .best ? best : best + (size > 1 ? second : 0)
      }
      for group in 0..<groups {
        let better = (0..<groups).reduce(0) { count, other in
          let wins = ranks[other] > ranks[group] || (ranks[other] == ranks[group] && other < group)
          return wins ? count + 1 : count
        }
        if better >= groupsChosen {
          for expert in group * size..<(group + 1) * size { biased[expert] = -.infinity }
        }
      }
    }
  }

  /// The best `expertsChosen` by biased score among the best groups, ties to the lower number; sorted by number. What
  /// `biased` held is lost.
  package func choose(
    _ biased: UnsafeMutablePointer<Float>, into experts: UnsafeMutablePointer<Int32>
  ) {
    if groups > 1 { maskRejectedGroups(biased) }
    for slot in 0..<expertsChosen {
      var best = -1
      for expert in 0..<weight.rows where best < 0 || biased[expert] > biased[best] {
        if !isChosen(expert, experts, slot) { best = expert }
      }
      // Keep the slots ascending.
      var place = slot
      while place > 0, experts[place - 1] > Int32(best) {
        experts[place] = experts[place - 1]
        place -= 1
      }
      experts[place] = Int32(best)
    }
  }

  /// The weights of chosen experts, by their scores without the bias.
  package func weigh(
    _ experts: UnsafePointer<Int32>, scores: UnsafePointer<Float>,
    into weights: UnsafeMutablePointer<Float>
  ) {
    var sum: Float = 0
    for slot in 0..<expertsChosen {
      weights[slot] = scores[Int(experts[slot])]
      sum += weights[slot]
    }
    for slot in 0..<expertsChosen {
      if normalizesWeights { weights[slot] /= sum + 1e-20 }
      weights[slot] *= scalingFactor
    }
  }

  private func isChosen(_ expert: Int, _ experts: UnsafeMutablePointer<Int32>, _ count: Int) -> Bool
  {
    for slot in 0..<count where experts[slot] == Int32(expert) { return true }
    return false
  }
}
