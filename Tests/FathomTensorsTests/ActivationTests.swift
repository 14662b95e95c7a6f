import CFathomKernels
import FathomTensors
import Testing

@Suite struct ActivationTests {
  @Test func `bf16 activations are rounded to the nearest`() {
    var random = SeededNumbers(seed: 21)
    let x = random.floats(300, scale: 50)
    var y = [Float](repeating: 0, count: 300)
    fk_round_bf16(&y, x, 300)
    for (a, b) in zip(x, y) {
      #expect(b.bitPattern & 0xFFFF == 0)
      #expect(abs(a - b) <= abs(a) / 256)
    }
  }

  @Test func `int8 activations have one scale for each 128 values`() {
    var random = SeededNumbers(seed: 22)
    // The second group is a hundred times smaller: with one scale for all it would vanish.
    var x = random.floats(128, scale: 10) + random.floats(72, scale: 0.1)
    x[5] = 10
    var y = [Float](repeating: 0, count: 200)
    fk_round_int8(&y, x, 200)
    for (index, (a, b)) in zip(x, y).enumerated() {
      #expect(abs(a - b) <= (index < 128 ? 10 : 0.1) / 254 * 1.001)
    }
    fk_round_int8(&y, [Float](repeating: 0, count: 200), 200)
    #expect(y.allSatisfy { $0 == 0 })
  }

  @Test(arguments: ActivationPrecision.allCases)
  func `a product with rounded activations is the product of the rounded ones`(
    precision: ActivationPrecision
  ) throws {
    var random = SeededNumbers(seed: 23)
    let w = random.matrix(rows: 20, columns: 150, dtype: .bf16)
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let workspace = Workspace()
    let pool = WorkerPool(threads: 2)
    let x = workspace.take(3, width: 150)
    for index in 0..<450 { x.pointer[index] = Float.random(in: -2...2, using: &random) }
    func product(_ x: Rows, _ precision: ActivationPrecision) -> [Float] {
      let y = workspace.take(3, width: 20)
      Compute(kernels: kernels, pool: pool, activations: precision)
        .linear(x, w, into: y, workspace: workspace)
      return (0..<60).map { y.pointer[$0] }
    }
    let rounded = workspace.take(3, width: 150)
    for row in 0..<3 {
      switch precision {
      case .f32: rounded[row].update(from: x[row], count: 150)
      // bfloat16 weights call for bfloat16 activations.
      case .auto, .bf16: fk_round_bf16(rounded[row], x[row], 150)
      case .int8: fk_round_int8(rounded[row], x[row], 150)
      }
    }
    let differences = zip(product(x, precision), product(rounded, .f32)).map { abs($0 - $1) }
    // Products of pairs are summed in another order.
    #expect(differences.allSatisfy { $0 <= 2e-5 })
    if precision != .f32 { #expect(product(x, precision) != product(x, .f32)) }
  }
}
