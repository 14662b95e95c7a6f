import CFathomKernels
import FathomTensors
import FathomTraining
import Foundation
import GoldenSupport
import Testing

/// The divergence of one token and its gradient.
@Suite struct ReverseKLTests {
  private struct Outcome {
    var divergence: Float
    var entropy: Float
    var gradient: [Float]
  }

  private func run(
    _ logits: [Float], _ teacher: [Float], weight: Float = 1, on set: InstructionSet? = nil
  ) throws -> Outcome {
    let kernels = try #require(try (set ?? .chosen()).trainingKernels).pointee
    var gradient = logits
    var entropy: Float = 0
    let divergence = kernels.reverse_kl(&gradient, teacher, logits.count, weight, &entropy)
    return Outcome(divergence: divergence, entropy: entropy, gradient: gradient)
  }

  /// p = (1/4, 3/4), q = (1/2, 1/2): KL = 1/4 log 1/2 + 3/4 log 3/2 = 0.1308122, the entropy is 0.5623351, and the gradient by the first
  /// logit 1/4 (log 1/2 − KL) = −0.2059899.
  @Test func `divergence, entropy and gradient are those worked out by hand`() throws {
    let found = try run([5, 5 + Float(log(3.0))], [-2, -2], weight: 2)
    #expect(abs(found.divergence - 0.1308122) < 1e-6, "\(found)")
    #expect(abs(found.entropy - 0.5623351) < 1e-6, "\(found)")
    for (value, expected) in zip(found.gradient, [-0.4119798, 0.4119798] as [Float]) {
      #expect(abs(value - expected) < 1e-6, "\(found)")
    }
  }

  /// In f64, with the formula as it is written.
  private func divergence(_ logits: [Double], _ teacher: [Double]) -> Double {
    func logShares(_ x: [Double]) -> [Double] {
      let largest = x.max() ?? 0
      let sum = x.reduce(0) { $0 + exp($1 - largest) }
      return x.map { $0 - largest - log(sum) }
    }
    return zip(logShares(logits), logShares(teacher)).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
  }

  @Test(arguments: [1, 2, 16, 37, 301])
  func `the gradient is the slope of the divergence`(width: Int) throws {
    var random = SeededGenerator(seed: UInt64(width))
    let logits = (0..<width).map { _ in Float.random(in: -3...3, using: &random) }
    let teacher = (0..<width).map { _ in Float.random(in: -3...3, using: &random) }
    let found = try run(logits, teacher)
    let (x, y) = (logits.map(Double.init), teacher.map(Double.init))
    #expect(abs(Double(found.divergence) - divergence(x, y)) < 1e-5)
    for k in stride(from: 0, to: width, by: max(1, width / 20)) {
      var (up, down) = (x, x)
      up[k] += 1e-5
      down[k] -= 1e-5
      let slope = (divergence(up, y) - divergence(down, y)) / 2e-5
      #expect(abs(Double(found.gradient[k]) - slope) < 2e-6, "\(k): \(found.gradient[k]), \(slope)")
    }
  }

  @Test func `a student that is its teacher has nothing to learn, to the last bit`() throws {
    var random = SeededGenerator(seed: 3)
    let logits = (0..<100).map { _ in Float.random(in: -30...30, using: &random) }
    let found = try run(logits, logits)
    #expect(found.divergence == 0 && found.gradient.allSatisfy { $0 == 0 })
  }

  /// A token that the student thinks impossible costs nothing, whatever the teacher says of it.
  @Test func `shares that vanish are no numbers of their own`() throws {
    let found = try run([200, 0, -200], [0, 200, -200])
    #expect(abs(found.divergence - 200) < 1e-3, "\(found)")
    #expect(found.gradient.allSatisfy(\.isFinite) && found.entropy < 1e-6, "\(found)")
  }

  @Test(arguments: InstructionSet.available.filter { $0 != .reference })
  func `every variant gives the bits of the reference`(variant: InstructionSet) throws {
    for width in [1, 7, 15, 16, 17, 64, 100, 301] {
      var random = SeededGenerator(seed: UInt64(width))
      let rows = (0..<2).map { _ in
        (0..<width).map { _ in Float.random(in: -9...9, using: &random) }
      }
      let fast = try run(rows[0], rows[1], weight: 0.3, on: variant)
      let plain = try run(rows[0], rows[1], weight: 0.3, on: .reference)
      #expect(fast.divergence.bitPattern == plain.divergence.bitPattern, "\(width)")
      #expect(fast.entropy.bitPattern == plain.entropy.bitPattern, "\(width)")
      #expect(fast.gradient.map(\.bitPattern) == plain.gradient.map(\.bitPattern), "\(width)")
    }
  }
}
