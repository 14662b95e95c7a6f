import FathomTensors
import Testing

@testable import FathomModels

/// What a mixture of experts makes of a token doesn't hang on how many others are with it.
@Suite struct MixtureOfExpertsTests {
  private static let hidden = 256
  private static let intermediate = 32
  private let workspace = Workspace()

  private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    let random = CounterRandom(seed: seed)
    let values = Buffer(
      (0..<rows * columns).map { Float(random.uniform(at: UInt64($0)) - 0.5) * 0.2 })
    return Matrix(values.pointer, rows: rows, columns: columns, dtype: .f32, owner: values)
  }

  private func network(_ width: Int, seed: UInt64) -> SwiGLU {
    SwiGLU(
      gate: matrix(width, Self.hidden, seed: seed), up: matrix(width, Self.hidden, seed: seed + 1),
      down: matrix(Self.hidden, width, seed: seed + 2), limit: .infinity)
  }

  /// More outputs of experts than are held at a time: they are summed some columns at a time.
  @Test(arguments: [true, false])
  func `many tokens at once are what some of them are alone`(shared: Bool) throws {
    let mixture = MixtureOfExperts(
      router: Router(
        weight: matrix(4, Self.hidden, seed: 1), bias: nil, scoring: .softmax, groupScore: .best,
        groups: 1, groupsChosen: 1, expertsChosen: 2, normalizesWeights: false, scalingFactor: 1),
      experts: (0..<4).map { network(Self.intermediate, seed: 10 + 3 * UInt64($0)) },
      shared: shared ? network(64, seed: 40) : nil)
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let step = Step(
      [], compute: Compute(kernels: kernels, pool: WorkerPool(threads: 2)), workspace: workspace)
    let count = 2 * MixtureOfExperts.heldOutputs / (2 * Self.hidden) + 5
    let x = workspace.take(count, width: Self.hidden)
    let random = CounterRandom(seed: 50)
    for index in 0..<count * Self.hidden {
      x.pointer[index] = Float(random.uniform(at: UInt64(index)) - 0.5)
    }
    let all = workspace.take(count, width: Self.hidden)
    all.pointer.update(repeating: .nan, count: count * Self.hidden)
    mixture.forward(x, into: all, layer: 0, step: step)
    for some in [0..<3, count / 2..<count / 2 + 20, count - 1..<count] {
      let alone = workspace.take(some.count, width: Self.hidden)
      mixture.forward(x.rows(some), into: alone, layer: 0, step: step)
      for (row, token) in some.enumerated() {
        #expect(
          (0..<Self.hidden).allSatisfy {
            alone[row][$0].bitPattern == all[token][$0].bitPattern
          }, "token \(token)")
      }
    }
  }
}
