import CFathomKernels
import FathomCheckpoints
import FathomCore
import FathomTensors

/// Hands out the weights of a checkpoint by name and keeps the table of everything that was asked for.
///
/// A network is built once, from top to bottom. What is missing or has the wrong shape or dtype is noted and a
/// placeholder is handed out, so that `finish` can report every difference, unexpected tensors included, at once.
///
/// Not `Sendable`: it lives while one network is built.
package final class WeightReader {
  private let checkpoint: Checkpoint
  private var table: ExpectedTable
  private var asked: Set<String> = []
  /// Set once the config implies far more tensors than there are; what follows would only waste time.
  private var overflow: (any Error)?
  private let placeholder: Matrix
  /// Matrices that may move to faster memory, in the order in which a token meets them.
  package private(set) var movable: [WeightMover.Candidate] = []

  package init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    table = ExpectedTable(for: checkpoint)
    let zero = Buffer([0])
    placeholder = Matrix(
      UnsafeRawPointer(zero.pointer), rows: 1, columns: 1, dtype: .f32, owner: zero)
  }

  package func has(_ name: String) -> Bool { checkpoint.tensors[name] != nil }

  package func hasTensors(under prefix: String) -> Bool {
    checkpoint.tensors.keys.contains { $0.hasPrefix(prefix + ".") }
  }

  /// Accepts a tensor that the network does not need.
  package func ignore(_ name: String) { table.ignore(prefix: name) }

  /// A weight matrix `[rows, columns]` in its stored dtype.
  ///
  /// - Parameters:
  ///   - isQuantizable: whether an FP8 checkpoint may hold it as e4m3 with scales.
  ///   - use: how it is read.
  package func matrix(
    _ name: String, _ rows: Int, _ columns: Int, isQuantizable: Bool = true, use: Use = .product
  ) -> Matrix {
    note(ExpectedTensor(name, [rows, columns], storage: isQuantizable ? .linear : .plain))
    // What is missing or misshapen is reported by `finish`.
    guard let stored = checkpoint.tensors[name], stored.shape == [rows, columns],
      isQuantizable || stored.dtype != .f8e4m3, let matrix = try? checkpoint.matrix(stored)
    else { return placeholder }
    if use == .anyOrder, stored.dtype.isPanel {
      overflow = InputError(
        "tensor \(InputError.excerpt(name, limit: 200))",
        expected: "rows that lie one behind the other", found: stored.summary)
    }
    if use != .lookup {
      movable.append(WeightMover.Candidate(matrix: matrix, isPackable: use == .product))
    }
    return matrix
  }

  /// How a network reads a matrix.
  package enum Use {
    /// In products, by runs of 16 rows.
    case product
    /// By single rows or columns too.
    case anyOrder
    /// A few rows at a time.
    case lookup
  }

  /// A norm weight or bias `[count]`, as f32.
  package func vector(_ name: String, _ count: Int) -> Buffer {
    note(ExpectedTensor(name, [count], storage: .plain))
    guard let stored = checkpoint.tensors[name], stored.shape == [count],
      let values = stored.floats()
    else { return Buffer([]) }
    return Buffer(values)
  }

  /// The three matrices of a gated network under `prefix`.
  package func swiglu(
    _ prefix: String, hidden: Int, intermediate: Int, limit: Float = .infinity
  ) -> SwiGLU {
    SwiGLU(
      gate: matrix("\(prefix).gate_proj.weight", intermediate, hidden),
      up: matrix("\(prefix).up_proj.weight", intermediate, hidden),
      down: matrix("\(prefix).down_proj.weight", hidden, intermediate), limit: limit)
  }

  /// Builds one element after another, and stops where the config implies far more tensors than there are.
  package func untilOverflow<Element>(
    _ range: Range<Int>, _ build: (Int) -> Element
  ) -> [Element] {
    var elements: [Element] = []
    for index in range {
      elements.append(build(index))
      if overflow != nil { break }
    }
    return elements
  }

  /// Throws early when the config implies a different network altogether.
  package func checkProgress() throws {
    if let overflow { throw overflow }
  }

  private func note(_ tensor: ExpectedTensor) {
    guard overflow == nil, asked.insert(tensor.name).inserted else { return }
    do { try table.add(tensor) } catch { overflow = error }
  }

  /// Compares the whole table with the files.
  ///
  /// - Throws: `InputErrors` with all differences.
  package func finish() throws {
    try checkProgress()
    try table.compare(with: checkpoint)
  }

  /// Values of the tensors whose names pass `filter`.
  package func parameterCount(_ filter: (String) -> Bool) -> Int {
    table.tensors.reduce(0) { sum, tensor in
      filter(tensor.name) ? sum + tensor.shape.reduce(1, *) : sum
    }
  }
}
