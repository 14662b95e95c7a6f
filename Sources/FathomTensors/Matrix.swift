import CFathomKernels
import Synchronization

/// A weight matrix in its stored encoding, `[rows, columns]`, most often a view into a mapped file.
package struct Matrix: Sendable {
  /// What products read.
  package let view: MatrixView
  /// Where the weights are now.
  package let home: WeightHome
  private let blockScales: BlockScales?

  package var rows: Int { view.rows }
  package var columns: Int { view.columns }
  package var dtype: DType { view.dtype }

  /// Scales of E4M3 weights: one for each tile of `blockRows × blockColumns`, tiles counted from the top left.
  package struct BlockScales: Sendable {
    package let values: Buffer
    package let blockRows: Int
    package let blockColumns: Int

    /// - Parameter values: `[ceil(rows / blockRows), ceil(columns / blockColumns)]`
    package init(_ values: [Float], blockRows: Int, blockColumns: Int) {
      self.values = Buffer(values)
      self.blockRows = blockRows
      self.blockColumns = blockColumns
    }
  }

  /// - Parameters:
  ///   - data: `rows × columns` elements of `dtype`, row by row (panels: panel by panel); no alignment is needed.
  ///   - streams: in how many streams few tokens read panels, 1 or 4; no result depends on it.
  ///   - owner: what keeps `data` alive.
  package init(
    _ data: UnsafeRawPointer, rows: Int, columns: Int, dtype: DType, scales: BlockScales? = nil,
    streams: Int = fk_read_streams(), owner: AnyObject?
  ) {
    precondition(rows > 0 && columns > 0, "a matrix of \(rows) × \(columns)")
    precondition((dtype == .f8e4m3) == (scales != nil), "\(dtype) with scales: \(scales != nil)")
    blockScales = scales
    let blockRows = scales?.blockRows ?? rows
    let blockColumns = scales?.blockColumns ?? columns
    let scaleColumns = (columns + blockColumns - 1) / blockColumns
    if let scales {
      let tiles = (rows + blockRows - 1) / blockRows * scaleColumns
      precondition(scales.values.count == tiles, "\(scales.values.count) scales for \(tiles) tiles")
    }
    home = WeightHome(
      fk_matrix(
        dtype: dtype.kernelType, data: data, rows: rows, cols: columns,
        scales: scales?.values.pointer, scale_cols: scaleColumns, block_rows: blockRows,
        block_cols: blockColumns, streams: streams), owner: owner)
    view = MatrixView(
      rows: rows, columns: columns, dtype: dtype,
      byteCount: dtype.bytes(rows: rows, columns: columns) + (scales?.values.count ?? 0) * 4,
      place: home.place)
  }

  /// What kernels read.
  package var storage: UnsafePointer<fk_matrix> { view.storage }

  /// Bytes of weights and scales as they are stored.
  package var byteCount: Int { view.byteCount }
}

/// A matrix, `[rows, columns]`, without what keeps it alive: to be used while the matrix is held.
///
/// Handing it on counts no references. A count is a memory access that nothing overtakes, and those of a layer's
/// experts have left all caches since the step before.
///
/// `@unchecked Sendable`: constant but for the place, which is an atomic.
package struct MatrixView: BitwiseCopyable, @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  package let dtype: DType
  /// Bytes of weights and scales as they are stored.
  package let byteCount: Int
  fileprivate let place: UnsafePointer<WeightHome.Place>

  /// What kernels read.
  package var storage: UnsafePointer<fk_matrix> { place.pointee.load(ordering: .acquiring) }
}

extension DType {
  /// Bytes of a matrix.
  package func bytes(rows: Int, columns: Int) -> Int {
    if let panel = panelType {
      return (rows + 15) / 16 * fk_panel_bytes(panel, columns)
    }
    return bytes(for: rows * columns)
  }

  private var panelType: fk_dtype? {
    switch self {
    case .q4Panel: FK_Q4_PANEL
    case .q8Panel: FK_Q8_PANEL
    default: nil
    }
  }

  /// Whether rows lie 16 by 16, in the order in which the kernels read them.
  package var isPanel: Bool { panelType != nil }

  /// Whether weights of this type are small integers with scales, so that they meet activations rounded to 8 bits.
  package var isQuantizedInteger: Bool { panelType != nil || blockElements > 1 }
}

/// Floats that never change, at an address that never moves.
///
/// `@unchecked Sendable`: written in `init` only.
package final class Buffer: @unchecked Sendable {
  package let pointer: UnsafePointer<Float>
  package let count: Int

  package init(_ values: [Float]) {
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(values.count, 1))
    memory.initialize(repeating: 0, count: max(values.count, 1))
    for (index, value) in values.enumerated() { memory[index] = value }
    pointer = UnsafePointer(memory)
    count = values.count
  }

  deinit { pointer.deallocate() }

  package subscript(index: Int) -> Float { pointer[index] }
  package var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
