import Fathom

/// Makes the matrices of ablated networks, in memory.
final class AblatedWeights {
  /// How weights are stored.
  enum Storage: String { case bf16, fp8, q4 }

  private let storage: Storage
  private var matrices: UInt64 = 0

  /// Rows and columns of a tile of FP8 weights that share a scale.
  private static let tile = 128
  /// Root of the mean square of the FP8 codes that are drawn.
  private static let fp8Deviation: Float = 0.6

  init(_ storage: Storage) { self.storage = storage }

  /// - Throws: `InputError` if there is no memory.
  func matrix(rows: Int, columns: Int, isSensitive: Bool) throws -> Matrix {
    let storage = isSensitive ? Storage.bf16 : storage
    let dtype: DType = storage == .q4 ? .q4_0 : storage == .fp8 ? .f8e4m3 : .bf16
    let byteCount = dtype.bytes(for: rows * columns)
    let memory = try WeightMemory(byteCount: byteCount)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.start, count: byteCount)
    let deviation = 1 / Float(columns).squareRoot()
    let weights = RandomWeights(seed: 1, stream: matrices)
    matrices += 1
    var scales: Matrix.BlockScales?
    if storage == .fp8 {
      weights.fillCodes(bytes)
      let tiles = (rows + Self.tile - 1) / Self.tile * ((columns + Self.tile - 1) / Self.tile)
      scales = Matrix.BlockScales(
        [Float](repeating: deviation / Self.fp8Deviation, count: tiles), blockRows: Self.tile,
        blockColumns: Self.tile)
    } else {
      weights.fill(
        bytes, format: storage == .q4 ? .q4_0 : .bf16, firstBlock: 0,
        RandomWeights.Distribution(deviation: deviation))
    }
    return Matrix(
      memory.start, rows: rows, columns: columns, dtype: dtype, scales: scales, owner: memory)
  }
}
