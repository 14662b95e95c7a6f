import CFathomKernels
import FathomTensors
import Testing

/// However a region is cut into pieces, each row of each product is what the kernel gives for all rows at once.
@Suite struct ProductsTests {
  private static let shapes = [
    (rows: 3, columns: 64, tokens: 2), (rows: 2900, columns: 256, tokens: 1),
    (rows: 64, columns: 2048, tokens: 40), (rows: 64, columns: 32, tokens: 1),
    (rows: 1000, columns: 512, tokens: 3), (rows: 16, columns: 32, tokens: 1),
    // Fewer rows than pieces wanted, each more work than the shortest piece.
    (rows: 15, columns: 2048, tokens: 500),
  ]

  private let workspace = Workspace()

  private func values(_ count: Int, _ width: Int, _ random: inout SeededNumbers) -> Rows {
    let rows = workspace.take(count, width: width)
    for index in 0..<count * width {
      rows.pointer[index] = Float.random(in: -2...2, using: &random)
    }
    return rows
  }

  /// Room whose values are no numbers until they are written.
  private func unwritten(_ count: Int, _ width: Int) -> Rows {
    let rows = workspace.take(count, width: width)
    rows.pointer.update(repeating: .nan, count: count * width)
    return rows
  }

  private func bits(_ rows: Rows) -> [UInt32] {
    (0..<rows.count).flatMap { row in (0..<rows.width).map { rows[row][$0].bitPattern } }
  }

  private func whole(_ x: Operand, _ w: Matrix, _ compute: Compute) -> Rows {
    let y = unwritten(x.count, w.rows)
    if compute.encoding(for: w.view) == .codes {
      withUnsafePointer(to: x.codes) {
        compute.kernels.pointee.matmul_codes(
          y.pointer, y.stride, $0, x.count, w.storage, 0, w.rows)
      }
    } else {
      compute.kernels.pointee.matmul(
        y.pointer, y.stride, x.rows.pointer, x.rows.stride, x.count, w.storage, 0, w.rows)
    }
    return y
  }

  @Test(arguments: [1, 2, 3, 8], [DType.f32, .q4_0])
  func `products of one region are those of each alone`(threads: Int, dtype: DType) throws {
    var random = SeededNumbers(seed: 61)
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let compute = Compute(
      kernels: kernels, pool: WorkerPool(threads: threads), activations: .auto)
    var products = Products(compute, capacity: Self.shapes.count, workspace: workspace)
    var pairs: [(y: Rows, expected: Rows)] = []
    // What the products read lives as long as its matrices.
    var weights: [Matrix] = []
    defer { withExtendedLifetime(weights) {} }
    for shape in Self.shapes {
      let w =
        dtype == .f32
        ? random.matrix(rows: shape.rows, columns: shape.columns, dtype: .f32)
        : random.quantized(rows: shape.rows, columns: shape.columns, dtype: dtype).packed(
          streams: 1)
      weights.append(w)
      let x = compute.operand(
        values(shape.tokens, shape.columns, &random), compute.encoding(for: w.view),
        workspace: workspace)
      pairs.append((unwritten(shape.tokens, shape.rows), whole(x, w, compute)))
      products.add(x, w.view, into: pairs[pairs.count - 1].y)
    }
    for _ in 0..<20 {
      products.run()
      for (index, pair) in pairs.enumerated() {
        #expect(bits(pair.y) == bits(pair.expected), "\(Self.shapes[index])")
        pair.y.pointer.update(repeating: .nan, count: pair.y.count * pair.y.width)
      }
    }
  }

  @Test(arguments: [1, 2, 3], ActivationPrecision.allCases)
  func `what is gated piece by piece is what is gated as a whole`(
    threads: Int, activations: ActivationPrecision
  ) throws {
    var random = SeededNumbers(seed: 62)
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let compute = Compute(
      kernels: kernels, pool: WorkerPool(threads: threads), activations: activations)
    for dtype in [DType.f32, .q4_0] where dtype == .f32 || activations == .auto {
      let (tokens, columns, rows) = (3, 256, 1408)
      func matrix() -> Matrix {
        dtype == .f32
          ? random.matrix(rows: rows, columns: columns, dtype: .f32)
          : random.quantized(rows: rows, columns: columns, dtype: dtype).packed(streams: 1)
      }
      let (gate, up) = (matrix(), matrix())
      defer { withExtendedLifetime((gate, up)) {} }
      let forms = compute.encoding(for: gate.view)
      let x = compute.operand(values(tokens, columns, &random), forms, workspace: workspace)
      let (expected, raised) = (whole(x, gate, compute), whole(x, up, compute))
      for token in 0..<tokens {
        kernels.pointee.swiglu(expected[token], expected[token], raised[token], rows, 1.5)
      }
      let operand = compute.operand(expected, forms, workspace: workspace)

      let gated = unwritten(tokens, rows)
      let room = compute.room(for: gated, forms, workspace: workspace)
      var products = Products(compute, capacity: 1, workspace: workspace)
      products.add(
        x, gate: gate.view, up: up.view, limit: 1.5, into: gated, raised: unwritten(tokens, rows),
        forms,
        operand: room)
      products.run()
      #expect(bits(gated) == bits(expected))
      #expect(bits(room.rows) == bits(operand.rows))
      if forms == .codes {
        let (a, b) = try (#require(room.codes.rows), #require(operand.codes.rows))
        let used = rows + rows / 32 * 20
        for token in 0..<tokens {
          let at = token * room.codes.stride
          #expect((0..<used).allSatisfy { a[at + $0] == b[at + $0] })
        }
      }
    }
  }
}
