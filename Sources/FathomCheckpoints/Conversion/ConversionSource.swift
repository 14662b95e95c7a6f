import CFathomKernels
import FathomTensors

/// Where the rows of a converted matrix come from.
enum ConversionSource {
  case stored(StoredTensor, Matrix)
  /// The key part of `kv_b_proj`, transposed head by head: `[heads * kvLoraRank, nope]`.
  case keys(KeyValueUp)
  /// Its value part: `[heads * v, kvLoraRank]`.
  case values(KeyValueUp)

  /// `kv_b_proj` `[heads * (nope + v), kvLoraRank]` and how it comes apart.
  struct KeyValueUp {
    let tensor: StoredTensor
    let matrix: Matrix
    let heads: Int
    let nope: Int
    let value: Int
  }

  var rows: Int {
    switch self {
    case .stored(_, let matrix): matrix.rows
    case .keys(let up): up.heads * up.matrix.columns
    case .values(let up): up.heads * up.value
    }
  }

  var columns: Int {
    switch self {
    case .stored(_, let matrix): matrix.columns
    case .keys(let up): up.nope
    case .values(let up): up.matrix.columns
    }
  }

  /// Rows that are best decoded together; the keys of a head are spread over all of its rows.
  func unitRows(for dtype: DType) -> Int {
    switch self {
    case .keys(let up): up.matrix.columns
    case .values(let up): up.value
    case .stored:
      dtype == .f8e4m3 ? PackedModel.scaleBlock : max(1, 32_768 / columns / 16) * 16
    }
  }

  /// Writes rows `rows`, which do not cross a unit, as floats `[rows, columns]`.
  func decode(_ rows: Range<Int>, into floats: UnsafeMutablePointer<Float>, _ compute: Compute) {
    func row(_ matrix: Matrix, _ row: Int, into floats: UnsafeMutablePointer<Float>) {
      compute.kernels.pointee.decode_row(floats, matrix.storage, row)
    }
    switch self {
    case .stored(_, let matrix):
      for (index, n) in rows.enumerated() { row(matrix, n, into: floats + index * matrix.columns) }
    case .values(let up):
      for (index, n) in rows.enumerated() {
        let stored = n / up.value * (up.nope + up.value) + up.nope + n % up.value
        row(up.matrix, stored, into: floats + index * up.matrix.columns)
      }
    case .keys(let up):
      let rank = up.matrix.columns
      let head = rows.lowerBound / rank
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rank) { latent in
        guard let decoded = latent.baseAddress else { return }
        for n in 0..<up.nope {
          row(up.matrix, head * (up.nope + up.value) + n, into: decoded)
          for (index, c) in rows.enumerated() { floats[index * up.nope + n] = decoded[c % rank] }
        }
      }
    }
  }

  /// Lets go of the mapped pages of what was read.
  func release() {
    switch self {
    case .stored(let tensor, _): Self.release(tensor)
    case .values(let up): Self.release(up.tensor)
    case .keys: break  // its values are read next
    }
  }

  static func release(_ tensor: StoredTensor) {
    WeightMemory.release(tensor.pointer, count: tensor.byteCount)
  }
}
