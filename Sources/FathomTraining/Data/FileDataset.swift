import FathomCore

/// The samples of JSONL files, in memory, split into those to learn from and those to test with.
public struct FileDataset: Sendable {
  public private(set) var training: [TrainingSample] = []
  public private(set) var heldOut: [TrainingSample] = []
  public private(set) var rowCount = 0
  /// Samples that were left out because they are longer than a row of a batch.
  public private(set) var droppedCount = 0

  /// - Parameter longTexts: what becomes of plain texts that are too long. Conversations that are too long are dropped:
  ///   a piece of an answer is no answer.
  /// - Throws: `InputError` with the file and the line, also if nothing is left to learn from.
  public init(
    files: [(path: String, kind: RowKind)], encoder: SampleEncoder, split: HeldOutSplit,
    sequenceLength: Int, longTexts: LongSamples = .cut
  ) throws {
    for file in files {
      try JSONLines.forEach(in: file.path) { document, line, _ in
        rowCount += 1
        let row = try DataRow(document, as: file.kind)
        let isHeldOut = split.holdsOut(line)
        var policy = LongSamples.dropped
        if case .text = row { policy = longTexts }
        for sample in try encoder.samples(row) {
          let fitting = policy.fit(sample, sequenceLength: sequenceLength)
          if fitting.isEmpty { droppedCount += 1 }
          if isHeldOut { heldOut += fitting } else { training += fitting }
        }
      }
    }
    guard !training.isEmpty else {
      throw InputError(
        files.map(\.path).joined(separator: ", "),
        expected: "at least one row to train on",
        found: "\(rowCount) rows: \(heldOut.count) samples held out, \(droppedCount) too long")
    }
  }
}
