import CFathomKernels
import FathomTensors

/// One side of a matrix product, `[rows, depth]`: the contraction runs along `depth`.
package struct Side: BitwiseCopyable {
  package var view: ft_side
  package var isWeight = false

  /// Rows contract along their width.
  package init(_ rows: Rows, isWeight: Bool = false) {
    view = ft_side(
      data: rows.pointer, row_stride: rows.stride, depth_stride: 1, rows: rows.count,
      depth: rows.width)
    self.isWeight = isWeight
  }

  /// The same values with the contraction along the other direction.
  package var turned: Side {
    var side = self
    side.view = ft_side(
      data: view.data, row_stride: view.depth_stride, depth_stride: view.row_stride,
      rows: view.depth, depth: view.rows)
    return side
  }
}

/// Matrix products that run together: `c[i, j] (+)= Σ_k left[i, k] right[j, k]`, for one or several pairs of sides.
///
/// The right sides are packed first, then every run of rows of every product is one unit of work. The order of a sum is the
/// order of its columns, pair of sides after pair of sides; it does not depend on threads.
package struct MatrixProducts {
  /// How exact a product is.
  package enum Exactness {
    /// As the run's precision says.
    case asConfigured
    /// At least bf16: modules that FP8 training leaves alone.
    case high
    /// f32: router and whatever decides.
    case full
  }

  private struct Term {
    var left: Side
    var right: Side
    var leftRounding: ft_rounding
    var rightRounding: ft_rounding
    /// Where the packed right side begins, in words.
    var packed: Int
    var depthBlock: Int

    var blocks: Int { (left.view.depth + depthBlock - 1) / depthBlock }
    func depth(of block: Int) -> Int { min(depthBlock, left.view.depth - block * depthBlock) }
    func words(rows: Int, depth: Int) -> Int {
      rows * (rightRounding == FT_F32 ? depth : (depth + 1) / 2)
    }
  }

  /// One result of several terms, or several results of one term each that share their left side.
  private struct Entry {
    var results: [Rows]
    var terms: Range<Int>
    var accumulates: Bool
    var unitRows: Int
    var firstUnit: Int
  }

  private struct PackUnit {
    var term: Int
    var block: Int
    var rows: Range<Int>
  }

  private let compute: TrainingCompute
  private let workspace: Workspace
  private var terms: [Term] = []
  private var entries: [Entry] = []
  private var packUnits: [PackUnit] = []
  private var units = 0
  private var words = 0

  /// Rows of the right side that are packed at a time: a multiple of every panel and of an FP8 tile.
  private static let packRows = 128
  /// Panels of left rows in a unit of work.
  private static let unitPanels = 6

  package init(_ compute: TrainingCompute, workspace: Workspace) {
    self.compute = compute
    self.workspace = workspace
  }

  package mutating func add(
    _ left: Side, _ right: Side, into c: Rows, accumulates: Bool = false,
    exactness: Exactness = .asConfigured
  ) {
    add([(left, right)], into: c, accumulates: accumulates, exactness: exactness)
  }

  package mutating func add(
    _ pairs: [(left: Side, right: Side)], into c: Rows, accumulates: Bool = false,
    exactness: Exactness = .asConfigured
  ) {
    let first = terms.count
    for (left, right) in pairs { add(left, right, into: c, exactness) }
    addEntry([c], first..<terms.count, accumulates: accumulates)
  }

  /// Several products of one left side, which is packed once for all of them.
  package mutating func add(_ left: Side, _ rights: [(right: Side, c: Rows)]) {
    let first = terms.count
    for (right, c) in rights { add(left, right, into: c, .asConfigured) }
    addEntry(rights.map(\.c), first..<terms.count, accumulates: false)
  }

  private mutating func addEntry(_ results: [Rows], _ terms: Range<Int>, accumulates: Bool) {
    guard let count = results.first?.count, count > 0 else { return }
    let rows = unitRows(count)
    entries.append(
      Entry(
        results: results, terms: terms, accumulates: accumulates, unitRows: rows, firstUnit: units))
    units += (count + rows - 1) / rows
  }

  private mutating func add(_ left: Side, _ right: Side, into c: Rows, _ exactness: Exactness) {
    precondition(
      left.view.rows == c.count && right.view.rows == c.width
        && left.view.depth == right.view.depth,
      "product: left [\(left.view.rows), \(left.view.depth)], right [\(right.view.rows), \(right.view.depth)], result [\(c.count), \(c.width)]"
    )
    add(left, right, exactness)
  }

  private mutating func add(_ left: Side, _ right: Side, _ exactness: Exactness) {
    let precision = exactness == .full ? .fp32 : compute.precision
    let isFP8 = precision == .fp8 && exactness == .asConfigured
    func rounding(_ side: Side) -> ft_rounding {
      switch precision {
      case .fp32: FT_F32
      case .bf16: FT_BF16
      case .fp8: isFP8 ? (side.isWeight ? FT_E4M3_TILES : FT_E4M3_ROWS) : FT_BF16
      }
    }
    let term = Term(
      left: left, right: right, leftRounding: rounding(left), rightRounding: rounding(right),
      packed: words, depthBlock: Int(isFP8 ? FT_TILE : FT_DEPTH))
    if let packed = packedBefore(term) {
      var shared = term
      shared.packed = packed
      terms.append(shared)
      return
    }
    let panel = compute.kernels.pointee.right_rows
    let padded = (right.view.rows + panel - 1) / panel * panel
    for block in 0..<term.blocks {
      for begin in stride(from: 0, to: right.view.rows, by: Self.packRows) {
        packUnits.append(
          PackUnit(
            term: terms.count, block: block,
            rows: begin..<min(begin + Self.packRows, right.view.rows)))
      }
    }
    words += (term.words(rows: padded, depth: term.depthBlock) * term.blocks + 15) & ~15
    terms.append(term)
  }

  /// Where the same right side is packed already: maps that share an input meet it one after the other.
  private func packedBefore(_ term: Term) -> Int? {
    terms.suffix(4).first {
      $0.right.view.data == term.right.view.data && $0.right.view.rows == term.right.view.rows
        && $0.right.view.depth == term.right.view.depth
        && $0.right.view.row_stride == term.right.view.row_stride
        && $0.right.view.depth_stride == term.right.view.depth_stride
        && $0.rightRounding == term.rightRounding && $0.depthBlock == term.depthBlock
    }?.packed
  }

  private func unitRows(_ rows: Int) -> Int {
    let panel = compute.kernels.pointee.left_rows
    let most = Self.unitPanels * panel
    let share = (rows + 2 * compute.pool.threads - 1) / (2 * compute.pool.threads)
    return max(panel, min(most, (share + panel - 1) / panel * panel))
  }

  package func run() {
    guard units > 0 else { return }
    workspace.scope {
      let packed = workspace.take(UInt32.self, words)
      compute.pool.run(units: packUnits.count) { unit, _ in packRight(packUnits[unit], packed) }
      let kernels = compute.kernels.pointee
      let most = Self.unitPanels * kernels.left_rows
      let scratchWords = ft_packed_words(FT_F32, kernels.left_rows, most, Int(FT_DEPTH))
      let scratch = workspace.take(UInt32.self, scratchWords * compute.pool.threads)
      compute.pool.run(units: units) { unit, worker in
        multiply(unit, packed, scratch: scratch + worker * scratchWords)
      }
    }
  }

  private func packedBlock(_ term: Term, _ block: Int, row: Int) -> Int {
    let panel = compute.kernels.pointee.right_rows
    let padded = (term.right.view.rows + panel - 1) / panel * panel
    return term.packed + term.words(rows: padded, depth: term.depthBlock) * block
      + term.words(rows: row, depth: term.depth(of: block))
  }

  private func packRight(_ unit: PackUnit, _ packed: UnsafeMutablePointer<UInt32>) {
    let term = terms[unit.term]
    let kernels = compute.kernels.pointee
    withUnsafePointer(to: term.right.view) { side in
      kernels.pack(
        packed + packedBlock(term, unit.block, row: unit.rows.lowerBound), side, term.rightRounding,
        kernels.right_rows, unit.rows.lowerBound, unit.rows.upperBound,
        unit.block * term.depthBlock, term.depth(of: unit.block))
    }
  }

  private func multiply(
    _ unit: Int, _ packed: UnsafeMutablePointer<UInt32>, scratch: UnsafeMutablePointer<UInt32>
  ) {
    var low = 0
    var high = entries.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if entries[middle].firstUnit <= unit { low = middle } else { high = middle }
    }
    let entry = entries[low]
    let begin = (unit - entry.firstUnit) * entry.unitRows
    let rows = begin..<min(begin + entry.unitRows, entry.results[0].count)
    // Either one result of several terms, or several results of one term each.
    let sums = entry.results.count == 1 ? entry.terms.count : 1
    var accumulates = entry.accumulates
    for place in entry.terms.prefix(sums) {
      for block in 0..<terms[place].blocks {
        packLeft(terms[place], block, rows, into: scratch)
        for (result, c) in entry.results.enumerated() {
          let term = terms[place + result]
          compute.kernels.pointee.multiply(
            c[rows.lowerBound], c.stride, scratch, packed + packedBlock(term, block, row: 0),
            term.leftRounding, rows.count, c.width, term.depth(of: block), accumulates ? 1 : 0)
        }
        accumulates = true
      }
    }
  }

  private func packLeft(
    _ term: Term, _ block: Int, _ rows: Range<Int>, into scratch: UnsafeMutablePointer<UInt32>
  ) {
    let kernels = compute.kernels.pointee
    withUnsafePointer(to: term.left.view) { side in
      kernels.pack(
        scratch, side, term.leftRounding, kernels.left_rows, rows.lowerBound, rows.upperBound,
        block * term.depthBlock, term.depth(of: block))
    }
  }
}
