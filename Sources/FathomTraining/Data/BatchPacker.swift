import FathomCore

/// Fills the rows of batches with samples, each into the fullest row that has room for it.
///
/// A batch takes samples in order until one fits nowhere, not even with all of them arranged anew by falling length;
/// that one opens the next batch. So a batch depends on nothing but the address of its first sample.
public struct BatchPacker: Sendable {
  public let rowCount: Int
  public let sequenceLength: Int
  public let padding: Int32
  /// Without packing a row holds one sample.
  public let packs: Bool

  public init(rowCount: Int, sequenceLength: Int, padding: Int32, packs: Bool = true) {
    precondition(
      rowCount > 0 && sequenceLength > 0, "batches of \(rowCount) × \(sequenceLength) tokens")
    self.rowCount = rowCount
    self.sequenceLength = sequenceLength
    self.padding = padding
    self.packs = packs
  }

  /// So many samples in a row may be too long before it is an error.
  private static let mostDropped = 1000

  /// The batch whose first sample is at `cursor`, the cursor of the next batch, and how many samples were left out
  /// because they are longer than a row.
  ///
  /// - Throws: `InputError` where next to all samples are too long, and what the source throws.
  public func batch(from source: some SampleSource, at cursor: UInt64) throws -> (
    batch: PackedBatch, next: UInt64, droppedCount: Int
  ) {
    var cursor = cursor
    var packing = Packing(rowCount: rowCount, rowLength: sequenceLength, packs: packs)
    var samples: [TrainingSample] = []
    var dropped = 0
    var droppedInARow = 0
    while true {
      let (sample, next) = try source.sample(at: cursor)
      if sample.length > sequenceLength || sample.length == 0 {
        dropped += 1
        droppedInARow += 1
        guard droppedInARow < Self.mostDropped else {
          throw InputError(
            "training data", expected: "samples of at most \(sequenceLength) tokens",
            found: "\(droppedInARow) longer ones in a row")
        }
      } else {
        guard packing.add(length: sample.length) else { break }
        samples.append(sample)
        droppedInARow = 0
      }
      cursor = next
    }
    return (batch(of: samples, packing), cursor, dropped)
  }

  /// All of some samples in as many batches as they need, in order; those longer than a row are left out.
  public func batches(of samples: [TrainingSample]) -> [PackedBatch] {
    var batches: [PackedBatch] = []
    var packing = Packing(rowCount: rowCount, rowLength: sequenceLength, packs: packs)
    var pending: [TrainingSample] = []
    for sample in samples where (1...sequenceLength).contains(sample.length) {
      if !packing.add(length: sample.length) {
        batches.append(batch(of: pending, packing))
        packing = Packing(rowCount: rowCount, rowLength: sequenceLength, packs: packs)
        pending = []
        _ = packing.add(length: sample.length)
      }
      pending.append(sample)
    }
    if !pending.isEmpty { batches.append(batch(of: pending, packing)) }
    return batches
  }

  private func batch(of samples: [TrainingSample], _ packing: Packing) -> PackedBatch {
    var batch = PackedBatch(
      rowCount: rowCount, sequenceLength: sequenceLength, padding: padding)
    for (sample, row) in zip(samples, packing.rows) { batch.append(sample, toRow: row) }
    return batch
  }
}

/// Which row each of some lengths goes to.
private struct Packing {
  let rowLength: Int
  let packs: Bool
  private(set) var rows: [Int] = []
  private var lengths: [Int] = []
  private var used: [Int]

  init(rowCount: Int, rowLength: Int, packs: Bool) {
    self.rowLength = rowLength
    self.packs = packs
    used = [Int](repeating: 0, count: rowCount)
  }

  /// Finds a place for one more; `false`, and nothing changed, if there is none.
  mutating func add(length: Int) -> Bool {
    if let row = bestRow(for: length, used) {
      used[row] += length
      rows.append(row)
      lengths.append(length)
      return true
    }
    guard packs, used.reduce(0, +) + length <= used.count * rowLength else { return false }
    return rearrange(with: length)
  }

  private mutating func rearrange(with length: Int) -> Bool {
    let all = lengths + [length]
    let order = all.indices.sorted { all[$0] != all[$1] ? all[$0] > all[$1] : $0 < $1 }
    var newUsed = [Int](repeating: 0, count: used.count)
    var newRows = [Int](repeating: 0, count: all.count)
    for index in order {
      guard let row = bestRow(for: all[index], newUsed) else { return false }
      newUsed[row] += all[index]
      newRows[index] = row
    }
    (used, rows, lengths) = (newUsed, newRows, all)
    return true
  }

  /// The fullest row with room, the first of equals.
  private func bestRow(for length: Int, _ used: [Int]) -> Int? {
    if !packs { return used.firstIndex(of: 0) }
    var best: Int?
    for (row, filled) in used.enumerated() where filled + length <= rowLength {
      if best.map({ filled > used[$0] }) ?? true { best = row }
    }
    return best
  }
}
