import CFathomKernels

/// Products with weights that run in one parallel region: those that share an input, or those of all chosen experts.
///
/// All their weights are one stretch of work, which is cut anew for each region: long pieces first, so that weights come
/// from memory in long streams, shorter ones towards the end, so that threads end together.
package struct Products {
  private struct Entry: BitwiseCopyable {
    var x: Operand
    var product: Product
    var gated: Gated?
    var begin: Int
    var end: Int
    /// Cuts lie this many rows apart, or a multiple of it.
    var grain: Int
    /// Work of one row, in bytes read from memory or what takes as long.
    var rowWork: Int
  }

  fileprivate struct Product: BitwiseCopyable {
    let w: UnsafePointer<fk_matrix>
    let encoding: Encoding
    let y: UnsafeMutablePointer<Float>
    let yStride: Int
  }

  /// What becomes of `silu(product) * up` as soon as both are known.
  private struct Gated: BitwiseCopyable {
    let up: Product
    let gate: Rows
    let limit: Float
    let encodings: Encoding
    let operand: Operand
  }

  /// Where a piece begins: a row of an entry's weights.
  private struct Cut: BitwiseCopyable, Equatable {
    var entry: Int
    var row: Int
  }

  private let entries: UnsafeMutablePointer<Entry>
  private let capacity: Int
  private let compute: Compute
  private let workspace: Workspace
  private var count = 0

  /// - Parameter capacity: the most products that will be added.
  package init(_ compute: Compute, capacity: Int, workspace: Workspace) {
    self.compute = compute
    self.capacity = capacity
    self.workspace = workspace
    entries = workspace.take(Entry.self, capacity)
  }

  /// `y [s, n] = x [s, k] w [n, k]ᵀ`, for rows `rows` of the weights: column 0 of `y` belongs to the first of them.
  package mutating func add(_ x: Operand, _ w: MatrixView, into y: Rows, rows: Range<Int>? = nil) {
    let rows = rows ?? 0..<w.rows
    let product = product(x, w, into: y, rows: rows)
    append(
      Entry(
        x: x, product: product, gated: nil, begin: rows.lowerBound, end: rows.upperBound,
        grain: product.encoding == .floats ? 16 : 64, rowWork: rowWork(x, w)))
  }

  /// `silu(x gateᵀ) * x upᵀ`, each `[s, n]`: left in `gated`, and in the forms of `operand`, room for `gated`.
  ///
  /// - Parameters:
  ///   - raised: room for `x upᵀ`.
  ///   - limit: what the gate is clamped to from above, and `x upᵀ` from both sides; infinite for none.
  package mutating func add(
    _ x: Operand, gate: MatrixView, up: MatrixView, limit: Float, into gated: Rows, raised: Rows,
    _ encodings: Encoding, operand: Operand
  ) {
    let rows = 0..<gate.rows
    let (first, second) = (
      product(x, gate, into: gated, rows: rows), product(x, up, into: raised, rows: rows)
    )
    append(
      Entry(
        x: x, product: first,
        gated: Gated(
          up: second, gate: gated, limit: limit, encodings: encodings, operand: operand),
        begin: 0, end: gate.rows,
        // Values are rounded to 8 bits in groups of up to 128.
        grain: encodings == .floats ? 128 : 64, rowWork: rowWork(x, gate) + rowWork(x, up)))
  }

  private func product(_ x: Operand, _ w: MatrixView, into y: Rows, rows: Range<Int>) -> Product {
    precondition(
      x.width == w.columns && y.width == rows.count && x.count == y.count,
      "product: x [\(x.count), \(x.width)], w [\(w.rows), \(w.columns)] rows \(rows), y [\(y.count), \(y.width)]"
    )
    return Product(
      w: w.storage, encoding: compute.encoding(for: w), y: y.pointer - rows.lowerBound,
      yStride: y.stride)
  }

  private mutating func append(_ entry: Entry) {
    guard entry.x.count > 0 else { return }
    precondition(count < capacity, "more than \(capacity) products")
    (entries + count).initialize(to: entry)
    count += 1
  }

  private func rowWork(_ x: Operand, _ w: MatrixView) -> Int {
    max(w.byteCount / w.rows, w.columns * x.count / Self.productsPerByte, 1)
  }

  /// How many products take as long as a byte that is read.
  private static let productsPerByte = 7
  /// Work that is worth handing out, and the most that keeps what several tokens make of it in the caches.
  private static let shortest = 128 << 10
  private static let longest = 16 << 20

  package func run() {
    workspace.scope {
      let (cuts, pieces) = cut()
      compute.pool.run(units: pieces) { piece, _ in
        var at = cuts[piece]
        let end = cuts[piece + 1]
        while at != end {
          let entry = entries[at.entry]
          let follows = at.entry == end.entry ? end : start(of: at.entry + 1)
          run(
            entry, rows: at.row..<(at.entry == end.entry ? end.row : entry.end),
            fetching: follows == end ? cuts[min(piece + compute.pool.threads, pieces)] : follows)
          at = follows
        }
      }
    }
  }

  private func run(_ entry: Entry, rows: Range<Int>, fetching next: Cut) {
    if let gated = entry.gated {
      fk_fetch_ahead(gated.up.w, rows.lowerBound, rows.upperBound)
      compute.multiply(entry.product, entry.x, rows)
    }
    if next.entry < count {
      fk_fetch_ahead(entries[next.entry].product.w, next.row, entries[next.entry].end)
    }
    guard let gated = entry.gated else { return compute.multiply(entry.product, entry.x, rows) }
    compute.multiply(gated.up, entry.x, rows)
    for token in 0..<entry.x.count {
      let gate = gated.gate[token] + rows.lowerBound
      compute.kernels.pointee.swiglu(
        gate, gate, gated.up.y + token * gated.up.yStride + rows.lowerBound, rows.count,
        gated.limit)
      compute.encode(
        gated.gate, row: token, columns: rows, gated.encodings, into: gated.operand)
    }
  }

  private func start(of entry: Int) -> Cut {
    Cut(entry: entry, row: entry < count ? entries[entry].begin : 0)
  }

  /// Where pieces begin, and behind them where the last one ends. A piece takes a part of what is left; ends of weights
  /// that are near take the place of cuts through them.
  private func cut() -> (UnsafeMutablePointer<Cut>, Int) {
    var left = 0
    for index in 0..<count {
      left += (entries[index].end - entries[index].begin) * entries[index].rowWork
    }
    // Each piece takes 3/4 of its part or more: behind the longest ones come at most 16 for each thread.
    let cuts = workspace.take(
      Cut.self, 2 * left / Self.longest + 16 * compute.pool.threads + 2)
    var pieces = 0
    var at = start(of: 0)
    while at.entry < count {
      cuts[pieces] = at
      pieces += 1
      let piece = min(max(left / (2 * compute.pool.threads), Self.shortest), Self.longest)
      var taken = 0
      while at.entry < count {
        let entry = entries[at.entry]
        let work = (entry.end - at.row) * entry.rowWork
        if taken + work <= piece + piece / 4 {
          taken += work
          at = start(of: at.entry + 1)
        } else if taken >= piece - piece / 4 {
          break
        } else {
          // A row at least, and so a grain.
          let wanted = (piece - taken + entry.rowWork - 1) / entry.rowWork
          let rows = (wanted + entry.grain - 1) / entry.grain * entry.grain
          taken += min(rows * entry.rowWork, work)
          at =
            entry.end - at.row <= rows
            ? start(of: at.entry + 1) : Cut(entry: at.entry, row: at.row + rows)
          break
        }
      }
      left -= taken
    }
    cuts[pieces] = at
    return (cuts, pieces)
  }
}

extension Compute {
  fileprivate func multiply(_ product: Products.Product, _ x: Operand, _ rows: Range<Int>) {
    let (y, w) = (product.y, product.w)
    let (begin, end) = (rows.lowerBound, rows.upperBound)
    switch product.encoding {
    case .codes:
      withUnsafePointer(to: x.codes) { codes in
        kernels.pointee.matmul_codes(y, product.yStride, codes, x.count, w, begin, end)
      }
    case .pairs:
      kernels.pointee.matmul_bf16(
        y, product.yStride, x.pairs, x.pairRowStride, x.count, w, begin, end)
    default:
      kernels.pointee.matmul(
        y, product.yStride, x.rows.pointer, x.rows.stride, x.count, w, begin, end)
    }
  }

  /// One product: `x [s, k] f32, w [n, k] → y [s, n] f32`.
  package func linear(_ x: Rows, _ w: Matrix, into y: Rows, workspace: Workspace) {
    workspace.scope {
      linear(
        operand(x, encoding(for: w.view), workspace: workspace), w, into: y, workspace: workspace)
    }
  }

  package func linear(_ x: Operand, _ w: Matrix, into y: Rows, workspace: Workspace) {
    workspace.scope {
      var products = Products(self, capacity: 1, workspace: workspace)
      products.add(x, w.view, into: y)
      products.run()
    }
  }
}
