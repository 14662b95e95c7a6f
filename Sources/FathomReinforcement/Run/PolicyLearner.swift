import FathomCore
import FathomTensors
import FathomTraining

/// Makes steps of rollouts: packs them, reads what they were drawn with, moves the weights.
struct PolicyLearner {
  let trainer: Trainer
  let configuration: ReinforcementConfiguration
  let padding: Int32
  /// Weights of the reference model; nil where its divergence does not count.
  var reference: ParameterStore?

  /// Sums over the tokens that a rollout's steps saw.
  private struct Sums {
    var tokens = 0
    var divergence = 0.0
    var clipped = 0
    var loss = 0.0
    var gradientNorm = 0.0
    var steps = 0
  }

  /// All steps of a rollout.
  ///
  /// - Parameter rewards: of each rollout.
  /// - Throws: `InputError` where a loss is no number, or where the engine's log-probabilities are not the trainer's.
  func learn(_ rollouts: [Rollout], rewards: [Double], into metrics: inout RolloutMetrics) throws {
    let advantages = GroupAdvantages(
      rewards, groupSize: configuration.groupSize, scaling: configuration.policy.scaleRewards)
    metrics.flatFraction =
      Double(advantages.isFlat.count { $0 }) / Double(max(1, advantages.isFlat.count))
    let isUsed = rollouts.indices.map { index in
      let isFlat = advantages.isFlat[index / configuration.groupSize]
      return !(configuration.dropsFlatGroups && isFlat)
        && (rollouts[index].completion.isFinished || !configuration.policy.masksTruncated)
    }
    let parts = stride(from: 0, to: rollouts.count, by: configuration.answersPerStep).map {
      Array($0..<min($0 + configuration.answersPerStep, rollouts.count))
    }
    let weights = self.weights(rollouts, isUsed, parts)
    var batches = parts.map { part in
      pack(part.map { rollouts[$0] }, part.map { advantages.values[$0] }, part.map { weights[$0] })
    }
    try compare(rollouts, metrics: &metrics)
    for part in batches.indices {
      for index in batches[part].indices { read(&batches[part][index]) }
    }
    var sums = Sums()
    for _ in 0..<configuration.iterations {
      for part in batches { try step(part, &sums, &metrics) }
    }
    let tokens = Double(max(1, sums.tokens))
    metrics.divergence = sums.divergence / tokens
    metrics.clipFraction = Double(sums.clipped) / tokens
    metrics.loss = sums.loss / Double(max(1, sums.steps))
    metrics.gradientNorm = sums.gradientNorm / Double(max(1, sums.steps))
    metrics.step = trainer.step
  }

  /// What each token of an answer counts; 0 for answers that are left out.
  func weights(_ rollouts: [Rollout], _ isUsed: [Bool], _ parts: [[Int]]) -> [Float] {
    let lengths = rollouts.indices.map { isUsed[$0] ? rollouts[$0].answer.count : 0 }
    let all = lengths.reduce(0, +)
    var weights = [Float](repeating: 0, count: rollouts.count)
    for part in parts {
      let tokens = part.reduce(0) { $0 + lengths[$1] }
      for index in part where lengths[index] > 0 {
        let divisor =
          switch configuration.policy.lossType {
          case .grpo: Double(lengths[index] * part.count)
          case .bnpo: Double(tokens)
          case .drGRPO: Double(part.count * configuration.maxTokens)
          case .dapo: Double(all) / Double(parts.count)
          }
        weights[index] = Float(1 / divisor)
      }
    }
    return weights
  }

  func pack(_ rollouts: [Rollout], _ advantages: [Double], _ weights: [Float])
    -> [RolloutBatch]
  {
    RolloutBatch.pack(
      rollouts, advantages: advantages, weights: weights, rows: trainer.options.microBatchRows,
      length: trainer.options.sequenceLength, padding: padding)
  }

  /// Compares the engine's log-probabilities with the trainer's, over one micro-batch.
  func compare(_ rollouts: [Rollout], metrics: inout RolloutMetrics) throws {
    var plain = rollouts
    for index in plain.indices { plain[index].forgetDrawing() }
    let packed = pack(
      plain, rollouts.map { _ in 0 }, rollouts.map { _ in 1 })
    guard let batch = packed.first else { return }
    let seen = TokenRecords(batch.batch.count)
    _ = trainer.loss(batch.batch, LogprobReading(batch: batch, temperature: 1, seen: seen))
    var (sum, entropy, count, largest) = (0.0, 0.0, 0, 0.0)
    for place in batch.places {
      for (token, logprob) in zip(place.range, rollouts[place.rollout].logprobs) {
        entropy += seen.values[token].entropy
        let difference = abs(seen.values[token].logprob - logprob)
        sum += difference
        largest = max(largest, difference)
        count += 1
      }
    }
    metrics.largestMismatch = largest
    metrics.meanMismatch = sum / Double(max(1, count))
    metrics.entropy = entropy / Double(max(1, count))
    let tolerance = Self.tolerance(trainer.options.precision)
    guard largest <= tolerance else {
      throw InputError(
        "step \(trainer.step + 1)",
        expected: "log-probabilities of rollout and trainer at most \(tolerance) apart",
        found: "\(largest)")
    }
  }

  /// How far a token's log-probability may be off: engine and trainer sum in different orders.
  private static func tolerance(_ precision: TrainingPrecision) -> Double {
    switch precision {
    case .fp32: 1e-3
    case .bf16: 0.5
    case .fp8: 1
    }
  }

  /// Adds what the policy that drew a batch, and the reference, say of its tokens.
  private func read(_ batch: inout RolloutBatch) {
    if !configuration.isOnPolicy {
      let seen = logprobs(batch)
      for place in batch.places {
        for token in place.range { batch.terms[token].old = seen.values[token].logprob }
      }
    }
    if let reference {
      let seen = logprobs(batch, reference)
      for place in batch.places {
        for token in place.range { batch.terms[token].reference = seen.values[token].logprob }
      }
    }
  }

  private func logprobs(_ batch: RolloutBatch, _ parameters: ParameterStore? = nil) -> TokenRecords
  {
    let seen = TokenRecords(batch.batch.count)
    _ = trainer.loss(
      batch.batch,
      LogprobReading(batch: batch, temperature: configuration.policy.temperature, seen: seen),
      parameters: parameters)
    return seen
  }

  /// Leaves answers out that the present policy would hardly give any more, if they were bad.
  ///
  /// Source: off-policy sequence masking, DeepSeek-V3.2 report §3.1.
  func mask(_ batch: inout RolloutBatch) {
    guard let threshold = configuration.policy.offPolicyMaskThreshold, !configuration.isOnPolicy
    else { return }
    let seen = logprobs(batch)
    for place in batch.places {
      let drift = place.range.reduce(0.0) {
        $0 + (batch.terms[$1].old ?? seen.values[$1].logprob) - seen.values[$1].logprob
      }
      let counts =
        batch.terms[place.begin].advantage >= 0 || drift / Double(place.count) <= threshold
      for token in place.range { batch.terms[token].counts = counts }
    }
  }

  private func step(
    _ part: [RolloutBatch], _ sums: inout Sums, _ metrics: inout RolloutMetrics
  ) throws {
    // Where there is nothing to learn from, the step is one of nothing: the schedule goes on.
    var part = part
    for index in part.indices { mask(&part[index]) }
    let seen = part.map { TokenRecords($0.batch.count) }
    let step = try trainer.learn(part.map(\.batch), lossScale: 1) { index in
      PolicyObjective(batch: part[index], options: configuration.policy, seen: seen[index])
    }
    for (batch, seen) in zip(part, seen) {
      for place in batch.places {
        for token in place.range {
          let record = seen.values[token]
          sums.divergence += record.divergence
          sums.clipped += record.isClipped ? 1 : 0
          sums.tokens += 1
        }
      }
    }
    sums.loss += step.loss
    sums.gradientNorm += step.gradientNorm
    sums.steps += 1
    metrics.learningRate = step.learningRate
  }
}
