/// Samples side by side in rows of equal length, each with its own positions and its own attention.
///
/// All arrays are `[rows × sequenceLength]`, row behind row. What no sample fills is padding: weight 0, and every
/// token a sample of its own, so that it costs next to no attention.
public struct PackedBatch: Sendable, Equatable {
  public let rowCount: Int
  public let sequenceLength: Int
  public internal(set) var tokens: [Int32]
  /// What follows each token.
  public internal(set) var targets: [Int32]
  /// How much predicting the target counts.
  public internal(set) var weights: [Float]
  /// Place within the sample, from 0.
  public internal(set) var positions: [Int32]
  /// Where in these arrays the token's sample begins: it attends to `segmentStarts[i]...i`.
  public internal(set) var segmentStarts: [Int32]
  /// How many tokens of each row are no padding; padding stands behind them.
  public internal(set) var usedLengths: [Int]
  /// Where in these arrays each sample begins, in the order in which they came.
  public internal(set) var sampleStarts: [Int] = []
  public var sampleCount: Int { sampleStarts.count }

  init(rowCount: Int, sequenceLength: Int, padding: Int32) {
    self.rowCount = rowCount
    self.sequenceLength = sequenceLength
    let count = rowCount * sequenceLength
    tokens = [Int32](repeating: padding, count: count)
    targets = [Int32](repeating: padding, count: count)
    weights = [Float](repeating: 0, count: count)
    positions = [Int32](repeating: 0, count: count)
    segmentStarts = Array(0..<Int32(count))
    usedLengths = [Int](repeating: 0, count: rowCount)
  }

  /// Puts a sample behind what is in a row.
  mutating func append(_ sample: TrainingSample, toRow row: Int) {
    precondition(
      usedLengths[row] + sample.length <= sequenceLength,
      "\(sample.length) tokens behind \(usedLengths[row]) in a row of \(sequenceLength)")
    let start = row * sequenceLength + usedLengths[row]
    for place in 0..<sample.length {
      tokens[start + place] = sample.tokens[place]
      targets[start + place] = sample.tokens[place + 1]
      weights[start + place] = sample.weights[place + 1]
      positions[start + place] = Int32(place)
      segmentStarts[start + place] = Int32(start)
    }
    usedLengths[row] += sample.length
    sampleStarts.append(start)
  }

  /// Tokens that are no padding.
  public var tokenCount: Int { usedLengths.reduce(0, +) }
  /// What a sum of weighted losses is divided by.
  public var totalWeight: Double { weights.reduce(0) { $0 + Double($1) } }
  /// Share of the places that are no padding.
  public var fill: Double { Double(tokenCount) / Double(max(1, tokens.count)) }
}
