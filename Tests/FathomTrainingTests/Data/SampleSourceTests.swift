import FathomTasks
import FathomText
import Testing

@testable import FathomTraining

@Suite struct SampleSourceTests {
  @Test(arguments: [1, 2, 3, 7, 64, 65, 1000] as [UInt64])
  func `an epoch has every sample once`(count: UInt64) {
    for seed in 0..<4 as Range<UInt64> {
      let order = Permutation(count: count, seed: seed)
      #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count), "seed \(seed)")
    }
  }

  @Test func `epochs and seeds differ in order`() {
    let samples = (0..<50).map { DataFixture.sample(length: 1, first: $0) }
    func epoch(_ number: UInt64, seed: UInt64) -> [Int32] {
      let source = ShuffledSamples(samples, seed: seed)
      return (0..<50).map { source.sample(at: number * 50 + $0).sample.tokens[0] }
    }
    #expect(epoch(0, seed: 1) != epoch(1, seed: 1))
    #expect(epoch(0, seed: 1) != epoch(0, seed: 2))
    #expect(epoch(3, seed: 1) == epoch(3, seed: 1))
    #expect(epoch(0, seed: 1) != Array(0..<50))
    #expect(Set(epoch(7, seed: 1)) == Set(0..<50))
    #expect(ShuffledSamples(samples, seed: 1).epochs(at: 75) == 1.5)
  }

  private func source(seed: UInt64 = 5) throws -> TaskSource {
    TaskSource(
      [
        .init(DataFixture.Sums(name: "sums"), weight: 3),
        .init(DataFixture.Sums(name: "more"), weight: 1),
      ], seed: seed, encoder: try DataFixture.encoder())
  }

  @Test func `problems are drawn by weight, and none that is held out`() throws {
    let source = try source()
    var cursor: UInt64 = 0
    var families: [String: Int] = [:]
    for _ in 0..<800 {
      let (problem, next) = source.problem(at: cursor)
      #expect(!problem.isHeldOut)
      #expect(next > cursor)
      families[problem.family, default: 0] += 1
      cursor = next
    }
    // One in sixteen was passed over.
    #expect((820...900).contains(cursor), "\(cursor)")
    #expect((550...650).contains(families["sums"] ?? 0), "\(families)")
  }

  @Test func `a cursor is all that is needed to go on`() throws {
    let (first, second) = (try source(), try source())
    var cursor: UInt64 = 0
    for _ in 0..<20 { cursor = try first.sample(at: cursor).next }
    let here = try first.sample(at: cursor)
    let there = try second.sample(at: cursor)
    #expect(here.sample == there.sample && here.next == there.next)
    #expect(try source(seed: 6).sample(at: cursor).sample != here.sample)
  }

  @Test func `weights follow straight lines between their points`() {
    let share = ProblemSource.Share(
      DataFixture.Sums(name: "sums"), weights: [(10, 0), (20, 1), (30, 0.5)])
    let weights = [0, 10, 15, 20, 25, 30, 99].map { share.weight(at: $0) }
    #expect(weights == [0, 0, 0.5, 1, 0.75, 0.5, 0.5])
  }

  @Test func `sources are mixed by weight`() throws {
    let mixed = MixedSources(
      [
        (DataFixture.Cycle(samples: [DataFixture.sample(length: 1)]), 1),
        (DataFixture.Cycle(samples: [DataFixture.sample(length: 2)]), 0),
        (DataFixture.Cycle(samples: [DataFixture.sample(length: 3)]), 1),
      ], seed: 1)
    let lengths = try (0..<200).map { try mixed.sample(at: $0).sample.length }
    #expect(!lengths.contains(2))
    #expect((70...130).contains(lengths.count { $0 == 1 }))
  }
}
