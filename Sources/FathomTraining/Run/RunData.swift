import FathomCore
import FathomTasks
import FathomText

/// The data of a run as micro-batches: generated problems, JSONL files, or a mixture.
struct RunData: TrainingData {
  /// Batches of what is kept for testing; empty where nothing is.
  let heldOut: [TrainingBatch]
  /// Samples of files that no row has room for.
  let droppedCount: Int
  private let source: any SampleSource
  private let packs: Bool
  private let padding: Int32
  /// Samples of an epoch; nil where problems are generated without end.
  private let epochSamples: Int?
  private let rows: Int

  /// Problems of each family whose loss is taken when a run is evaluated.
  private static let heldOutProblems = 64

  init(_ configuration: RunConfiguration, text: RunText) throws {
    let encoder = try SampleEncoder(
      tokenizer: text.tokenizer, format: text.format,
      promptLossWeight: Float(configuration.promptLossWeight))
    packs = configuration.samplePacking
    rows = configuration.microBatchSize
    padding = text.tokenizer.eosID ?? 0
    var sources: [(source: any SampleSource, weight: Double)] = []
    var kept: [TrainingSample] = []
    var samples: Int?
    var dropped = 0
    if !configuration.tasks.isEmpty {
      let shares = try configuration.problemShares()
      for share in configuration.tasks {
        let family = try Families.named(share.family)
        var index: UInt64 = 0
        for _ in 0..<Self.heldOutProblems {
          let (problem, next) = family.next(
            heldOut: true, seed: configuration.seed, from: index)
          index = next
          kept.append(try encoder.sample(problem))
        }
      }
      sources.append((TaskSource(shares, seed: configuration.seed, encoder: encoder), 1))
    }
    if !configuration.datasets.isEmpty {
      let files = try FileDataset(
        files: configuration.datasets.map { ($0.path, $0.kind) }, encoder: encoder,
        split: HeldOutSplit(share: configuration.heldOutShare),
        sequenceLength: configuration.sequenceLength)
      samples = files.training.count
      dropped = files.droppedCount
      kept += files.heldOut
      sources.append((ShuffledSamples(files.training, seed: configuration.seed), 1))
    }
    source =
      sources.count == 1 ? sources[0].source : MixedSources(sources, seed: configuration.seed)
    droppedCount = dropped
    epochSamples = configuration.tasks.isEmpty ? samples : nil
    let packer = BatchPacker(
      rowCount: configuration.microBatchSize, sequenceLength: configuration.sequenceLength,
      padding: padding, packs: packs)
    heldOut = packer.batches(of: kept).map { TrainingBatch($0) }
  }

  /// Steps of the run: as configured, or what the epochs come to.
  func steps(_ configuration: RunConfiguration) -> Int {
    if let steps = configuration.maxSteps { return steps }
    guard let samples = epochSamples else { preconditionFailure("problems without max_steps") }
    // How many samples a batch holds is known only when it is packed: measured over one epoch.
    var (cursor, batches) = (UInt64(0), 0)
    while cursor < UInt64(samples),
      let next = try? batch(
        from: cursor, rows: rows, length: configuration.sequenceLength
      ).next
    {
      cursor = next
      batches += 1
    }
    let steps =
      Double(batches) * configuration.numEpochs / Double(configuration.gradientAccumulationSteps)
    return max(1, Int(steps.rounded(.up)))
  }

  func batch(from cursor: UInt64, rows: Int, length: Int) throws
    -> (batch: TrainingBatch, next: UInt64)
  {
    let packer = BatchPacker(
      rowCount: rows, sequenceLength: length, padding: padding, packs: packs)
    let (batch, next, _) = try packer.batch(from: source, at: cursor)
    return (TrainingBatch(batch), next)
  }
}

extension RunConfiguration {
  /// The families that `tasks` names.
  package func problemShares() throws -> [ProblemSource.Share] {
    try tasks.map {
      ProblemSource.Share(
        try Families.named($0.family), weights: $0.points.map { ($0.sample, $0.weight) })
    }
  }
}

extension TrainingBatch {
  package init(_ packed: PackedBatch) {
    let length = packed.sequenceLength
    self.init(
      rows: packed.rowCount, length: length, tokens: packed.tokens, targets: packed.targets,
      weights: packed.weights, positions: packed.positions.map { Int($0) },
      starts: packed.segmentStarts.enumerated().map { index, start in
        start - Int32(index / length * length)
      }, usedLengths: packed.usedLengths)
  }
}
