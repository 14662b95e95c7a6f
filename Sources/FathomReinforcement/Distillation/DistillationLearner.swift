import FathomTraining

/// Makes steps of answers: brings the student nearer to its teacher at every token of them.
struct DistillationLearner {
  let trainer: Trainer
  /// Its weights are frozen: it has neither gradients nor an optimiser's memory.
  let teacher: RunModel
  let temperature: Double
  let padding: Int32

  /// One step over some answers, all of whose tokens count the same.
  ///
  /// - Parameter counts: which of them are learnt from.
  /// - Returns: the mean divergence and entropy of each answer's tokens; nil for one that is not learnt from, or that no row has room for.
  /// - Throws: `InputError` where the loss is no number.
  func learn(_ rollouts: [Rollout], counts: [Bool], into metrics: inout DistillationMetrics) throws
    -> [AnswerDivergence?]
  {
    let batches = RolloutBatch.pack(
      rollouts, advantages: rollouts.map { _ in 0 }, weights: counts.map { $0 ? 1 : 0 },
      rows: trainer.options.microBatchRows, length: trainer.options.sequenceLength,
      padding: padding)
    let seen = batches.map { TokenRecords($0.batch.count) }
    let tokens = batches.reduce(0) { $0 + $1.batch.totalWeight }
    // A teacher's logits are there for one micro-batch at a time.
    let step = try trainer.learn(
      batches.map(\.batch), lossScale: tokens > 0 ? Float(1 / tokens) : 0
    ) { index in
      DistillationObjective(
        teacher: TeacherLogits(
          teacher, batches[index].batch, temperature: temperature, trainer: trainer),
        seen: seen[index])
    }
    metrics.step = step.step
    metrics.loss = step.loss
    metrics.gradientNorm = step.gradientNorm
    metrics.learningRate = step.learningRate
    metrics.learntTokens = Int(tokens)
    var answers = [AnswerDivergence?](repeating: nil, count: rollouts.count)
    for (batch, seen) in zip(batches, seen) {
      for place in batch.places {
        var answer = AnswerDivergence(tokens: place.count)
        for token in place.range { answer.add(seen.values[token]) }
        answers[place.rollout] = answer
      }
    }
    return answers
  }
}

/// Sums over an answer's tokens, nats.
struct AnswerDivergence: Equatable {
  let tokens: Int
  private(set) var divergence = 0.0
  private(set) var entropy = 0.0

  init(tokens: Int) { self.tokens = tokens }

  mutating func add(_ record: TokenRecord) {
    divergence += record.divergence
    entropy += record.entropy
  }

  var meanDivergence: Double { divergence / Double(max(1, tokens)) }
}
