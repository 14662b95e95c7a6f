import CFathomKernels

/// Products with weights that run in one parallel region: those that share an input, or those of all chosen experts.
package struct Products {
  private struct Entry: BitwiseCopyable {
    var y: UnsafeMutablePointer<Float>
    var yStride: Int
    var x: Operand
    var w: UnsafePointer<fk_matrix>
    var begin: Int
    var end: Int
    var encoding: Encoding
    var firstUnit: Int
    var unitRows: Int
  }

  private let entries: UnsafeMutablePointer<Entry>
  private let capacity: Int
  private let compute: Compute
  private var count = 0
  private var units = 0

  /// - Parameter capacity: the most products that will be added.
  package init(_ compute: Compute, capacity: Int, workspace: Workspace) {
    self.compute = compute
    self.capacity = capacity
    entries = workspace.take(Entry.self, capacity)
  }

  /// `y [s, n] = x [s, k] w [n, k]ᵀ`, for rows `rows` of the weights: column 0 of `y` belongs to the first of them.
  package mutating func add(_ x: Operand, _ w: Matrix, into y: Rows, rows: Range<Int>? = nil) {
    let rows = rows ?? 0..<w.rows
    guard x.count > 0 else { return }
    precondition(
      x.width == w.columns && y.width == rows.count && x.count == y.count,
      "product: x [\(x.count), \(x.width)], w [\(w.rows), \(w.columns)] rows \(rows), y [\(y.count), \(y.width)]"
    )
    precondition(count < capacity, "more than \(capacity) products")
    let encoding = compute.encoding(for: w)
    let unit = unitRows(
      for: rows.count, columns: w.columns, tokens: x.count, grain: encoding == .floats ? 16 : 64)
    (entries + count).initialize(
      to: Entry(
        y: y.pointer - rows.lowerBound, yStride: y.stride, x: x, w: w.storage,
        begin: rows.lowerBound,
        end: rows.upperBound,
        encoding: encoding, firstUnit: units, unitRows: unit))
    count += 1
    units += (rows.count + unit - 1) / unit
  }

  /// Rows of a unit of work: enough to outweigh the cost of handing it out, few enough that every thread gets several.
  ///
  /// A few tokens read their weights from memory, in streams that had better be long: a small matrix is one unit.
  private func unitRows(for rows: Int, columns: Int, tokens: Int, grain: Int) -> Int {
    let worthwhile = 131_072 / max(columns * tokens, 1)
    let share = rows / (compute.pool.threads * 2)
    let unit = tokens < 16 ? max(share, 65_536 / columns) : min(max(grain, worthwhile), share / 2)
    return max(grain, unit / grain * grain)
  }

  package func run() {
    compute.pool.run(units: units) { unit, _ in
      let next = unit + compute.pool.threads
      if next < units {
        let (entry, rows) = work(of: next)
        fk_fetch_ahead(entries[entry].w, rows.lowerBound, rows.upperBound)
      }
      let (entry, rows) = work(of: unit)
      let product = entries[entry]
      compute.multiply(
        product.y, product.yStride, product.x, product.w, rows.lowerBound, rows.upperBound,
        product.encoding)
    }
  }

  /// The entry and the rows of its weights that a unit stands for.
  private func work(of unit: Int) -> (entry: Int, rows: Range<Int>) {
    var low = 0
    var high = count
    while high - low > 1 {
      let middle = (low + high) / 2
      if entries[middle].firstUnit <= unit { low = middle } else { high = middle }
    }
    let begin = entries[low].begin + (unit - entries[low].firstUnit) * entries[low].unitRows
    return (low, begin..<min(entries[low].end, begin + entries[low].unitRows))
  }
}

extension Compute {
  fileprivate func multiply(
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ x: Operand,
    _ w: UnsafePointer<fk_matrix>, _ begin: Int, _ end: Int, _ encoding: Encoding
  ) {
    switch encoding {
    case .codes:
      withUnsafePointer(to: x.codes) { codes in
        kernels.pointee.matmul_codes(y, yStride, codes, x.count, w, begin, end)
      }
    case .pairs:
      kernels.pointee.matmul_bf16(y, yStride, x.pairs, x.pairRowStride, x.count, w, begin, end)
    default:
      kernels.pointee.matmul(y, yStride, x.rows.pointer, x.rows.stride, x.count, w, begin, end)
    }
  }

  /// One product: `x [s, k] f32, w [n, k] → y [s, n] f32`.
  package func linear(_ x: Rows, _ w: Matrix, into y: Rows, workspace: Workspace) {
    workspace.scope {
      linear(operand(x, encoding(for: w), workspace: workspace), w, into: y, workspace: workspace)
    }
  }

  package func linear(_ x: Operand, _ w: Matrix, into y: Rows, workspace: Workspace) {
    workspace.scope {
      var products = Products(self, capacity: 1, workspace: workspace)
      products.add(x, w, into: y)
      products.run()
    }
  }
}
