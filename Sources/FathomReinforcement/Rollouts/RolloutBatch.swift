import FathomTraining

/// Rollouts packed into a micro-batch, and what the objective needs at each token.
struct RolloutBatch: Sendable {
  /// What is known of a token that was drawn.
  struct Terms {
    var advantage = 0.0
    /// log π_old; nil where the present policy drew it.
    var old: Double?
    var reference: Double?
    /// Whether the policy's part counts.
    var counts = true
    var drawnFrom: [Int32]?
  }

  /// Where a rollout lies in the batch.
  struct Place {
    /// Its index among the rollouts that were packed.
    let rollout: Int
    /// The token that predicts the first token of its answer.
    let begin: Int
    let count: Int
    var range: Range<Int> { begin..<begin + count }
  }

  let batch: TrainingBatch
  let places: [Place]
  /// `[rows * length]`
  var terms: [Terms]

  /// - Parameters:
  ///   - rollouts: those longer than a row are left out.
  ///   - weights: of the tokens of each rollout's answer; 0 leaves it out.
  static func pack(
    _ rollouts: [Rollout], advantages: [Double], weights: [Float], rows: Int, length: Int,
    padding: Int32
  ) -> [RolloutBatch] {
    let fitting = rollouts.indices.filter {
      weights[$0] != 0 && !rollouts[$0].answer.isEmpty
        && (1...length).contains(rollouts[$0].tokens.count - 1)
    }
    let packer = BatchPacker(rowCount: rows, sequenceLength: length, padding: padding)
    let samples = fitting.map { index -> TrainingSample in
      let rollout = rollouts[index]
      return TrainingSample(
        tokens: rollout.tokens,
        weights: [Float](repeating: 0, count: rollout.prompt.count)
          + [Float](repeating: weights[index], count: rollout.answer.count))
    }
    var next = 0
    return packer.batches(of: samples).map { packed in
      let indices = fitting[next..<next + packed.sampleCount]
      next += packed.sampleCount
      return RolloutBatch(packed, indices: Array(indices), rollouts, advantages)
    }
  }

  private init(
    _ packed: PackedBatch, indices: [Int], _ rollouts: [Rollout], _ advantages: [Double]
  ) {
    var batch = TrainingBatch(packed)
    var terms = [Terms](repeating: Terms(), count: batch.count)
    var places: [Place] = []
    var routes: [[Int32]] = []
    for (index, start) in zip(indices, packed.sampleStarts) {
      let rollout = rollouts[index]
      let begin = start + rollout.prompt.count - 1
      places.append(Place(rollout: index, begin: begin, count: rollout.answer.count))
      for offset in rollout.answer.indices {
        terms[begin + offset].advantage = advantages[index]
        terms[begin + offset].drawnFrom = rollout.drawnFrom[offset]
      }
      let length = rollout.tokens.count - 1
      for (mixture, chosen) in rollout.routes.enumerated() {
        let width = chosen.count / length
        if routes.count == mixture {
          routes.append([Int32](repeating: -1, count: batch.count * width))
        }
        for (offset, expert) in chosen.enumerated() {
          routes[mixture][start * width + offset] = expert
        }
      }
    }
    if !routes.isEmpty { batch.routes = routes }
    self.batch = batch
    self.terms = terms
    self.places = places
  }
}
