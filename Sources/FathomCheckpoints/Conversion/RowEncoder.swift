import CFathomKernels
import FathomTensors

/// Rounds runs of decoded rows to a stored type, and says what that cost.
struct RowEncoder {
  /// Sums over the values of a run.
  struct Error {
    var squaredError = 0.0
    var squaredSize = 0.0
    var isFinite: Bool { squaredSize.isFinite && squaredError.isFinite }
  }

  private let dtype: DType
  private let columns: Int
  private let compute: Compute

  init(_ dtype: DType, columns: Int, compute: Compute) {
    self.dtype = dtype
    self.columns = columns
    self.compute = compute
  }

  /// `rows` of a source → their bytes at `out`; for FP8 also a row of scales for each 128 rows.
  func encode(
    _ rows: Range<Int>, of source: ConversionSource, into out: UnsafeMutableRawPointer,
    scales: UnsafeMutablePointer<Float>?
  ) -> Error {
    let floats = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * columns)
    defer { floats.deallocate() }
    source.decode(rows, into: floats, compute)
    switch dtype {
    case .q4Panel: return encodePanels(floats, rows.count, .q4_0, into: out)
    case .q8Panel: return encodePanels(floats, rows.count, .q8_0, into: out)
    case .f8e4m3: return encodeFP8(floats, rows.count, into: out, scales: scales)
    default:
      let halves = out.bindMemory(to: UInt16.self, capacity: rows.count * columns)
      compute.kernels.pointee.encode_bf16(halves, floats, rows.count * columns)
      var error = Error()
      for index in 0..<rows.count * columns {
        error.add(floats[index], fk_decode_bf16(halves[index]))
      }
      return error
    }
  }

  private func encodePanels(
    _ floats: UnsafePointer<Float>, _ rows: Int, _ blocks: DType, into out: UnsafeMutableRawPointer
  ) -> Error {
    let rowBytes = blocks.bytes(rows: 1, columns: columns)
    var error = Error()
    withUnsafeTemporaryAllocation(byteCount: 16 * rowBytes + 4 * columns, alignment: 64) { space in
      guard let base = space.baseAddress else { return }
      let decoded = (base + 16 * rowBytes).bindMemory(to: Float.self, capacity: columns)
      for begin in stride(from: 0, to: rows, by: 16) {
        let count = min(16, rows - begin)
        for n in 0..<count {
          let row = floats + (begin + n) * columns
          fk_quantize_blocks(base + n * rowBytes, blocks.kernelType, row, columns)
          var view = fk_matrix()
          (view.dtype, view.data) = (blocks.kernelType, UnsafeRawPointer(base))
          (view.rows, view.cols) = (16, columns)
          compute.kernels.pointee.decode_row(decoded, &view, n)
          for k in 0..<columns { error.add(row[k], decoded[k]) }
        }
        fk_pack_panels(
          out + begin / 16 * dtype.bytes(rows: 16, columns: columns), dtype.kernelType, base, count,
          columns)
      }
    }
    return error
  }

  /// Scale = largest magnitude / 448, as in official checkpoints (`weight_scale_inv`).
  private func encodeFP8(
    _ floats: UnsafePointer<Float>, _ rows: Int, into out: UnsafeMutableRawPointer,
    scales: UnsafeMutablePointer<Float>?
  ) -> Error {
    let block = PackedModel.scaleBlock
    let codes = out.bindMemory(to: UInt8.self, capacity: rows * columns)
    var error = Error()
    for begin in stride(from: 0, to: columns, by: block) {
      let end = min(columns, begin + block)
      var largest: Float = 0
      for n in 0..<rows {
        for k in begin..<end { largest = max(largest, abs(floats[n * columns + k])) }
      }
      let scale = largest > 0 ? largest / 448 : 1
      scales?[begin / block] = scale
      for n in 0..<rows {
        for k in begin..<end {
          let code = fk_encode_e4m3(floats[n * columns + k] / scale)
          codes[n * columns + k] = code
          error.add(floats[n * columns + k], fk_decode_e4m3(code) * scale)
        }
      }
    }
    return error
  }
}

extension RowEncoder.Error {
  fileprivate mutating func add(_ value: Float, _ rounded: Float) {
    let difference = Double(value - rounded)
    squaredError += difference * difference
    squaredSize += Double(value) * Double(value)
  }
}
