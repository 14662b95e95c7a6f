import FathomCore
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct BatchPackerTests {
  @Test func `a sample knows its tokens, targets, weights, positions and beginning`() {
    var batch = PackedBatch(rowCount: 2, sequenceLength: 6, padding: 9)
    batch.append(
      TrainingSample(tokens: [10, 11, 12], weights: [0, 0.5, 1]), toRow: 1)
    batch.append(
      TrainingSample(tokens: [20, 21, 22, 23], weights: [0, 0, 1, 1]), toRow: 1)
    #expect(batch.tokens == [9, 9, 9, 9, 9, 9, 10, 11, 20, 21, 22, 9])
    #expect(batch.targets == [9, 9, 9, 9, 9, 9, 11, 12, 21, 22, 23, 9])
    #expect(batch.weights == [0, 0, 0, 0, 0, 0, 0.5, 1, 0, 1, 1, 0])
    #expect(batch.positions == [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0])
    #expect(batch.segmentStarts == [0, 1, 2, 3, 4, 5, 6, 6, 8, 8, 8, 11])
    #expect(batch.usedLengths == [0, 5] && batch.tokenCount == 5 && batch.sampleCount == 2)
    #expect(batch.totalWeight == 3.5)

    // What the module for the second token sees and predicts, within each sample.
    let shifted = TrainingBatch(batch).shifted
    #expect(shifted.tokens == [0, 0, 0, 0, 0, 0, 11, 0, 21, 22, 0, 0])
    #expect(shifted.targets == [0, 0, 0, 0, 0, 0, 12, 0, 22, 23, 0, 0])
    #expect(shifted.weights == [0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0])
  }

  @Test func `the fullest row with room takes a sample`() throws {
    let lengths = [6, 4, 3, 3, 4, 9]
    let source = DataFixture.Cycle(
      samples: lengths.enumerated().map {
        DataFixture.sample(length: $1, first: Int32(100 * $0))
      })
    let packer = BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0)
    let (batch, next, dropped) = try packer.batch(from: source, at: 0)
    // 6 + 4 and 3 + 3 + 4: full, the 9 opens the next batch.
    #expect(batch.fill == 1 && next == 5 && dropped == 0)
    #expect(batch.tokens[0] == 0 && batch.tokens[6] == 100)
    #expect(batch.tokens[10] == 200 && batch.tokens[13] == 300 && batch.tokens[16] == 400)
  }

  @Test func `rows are arranged anew before a batch is closed`() throws {
    // In order 5, 4 | 6 leave no room for the 5 that 6 + 4, 5 + 5 has.
    let source = DataFixture.Cycle(samples: [5, 4, 6, 5].map { DataFixture.sample(length: $0) })
    let packer = BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0)
    let (batch, next, _) = try packer.batch(from: source, at: 0)
    #expect(batch.fill == 1 && next == 4)
  }

  @Test(arguments: 1...8) func `no token is lost and none is there twice`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let samples = (0..<200).map {
      DataFixture.sample(
        length: Int.random(in: 1...48, using: &random), first: Int32(1000 * $0))
    }
    let source = DataFixture.Cycle(samples: samples)
    let packer = BatchPacker(rowCount: 4, sequenceLength: 40, padding: -1)
    var cursor: UInt64 = 0
    var seen: [Int32] = []
    var dropped = 0
    var fills: [Double] = []
    while cursor < 150 {
      let (batch, next, left) = try packer.batch(from: source, at: cursor)
      #expect(try packer.batch(from: source, at: cursor).batch == batch, "seed \(seed)")
      for index in batch.tokens.indices where batch.tokens[index] >= 0 {
        #expect(batch.targets[index] == batch.tokens[index] + 1, "seed \(seed)")
        #expect(Int(batch.positions[index]) == index - Int(batch.segmentStarts[index]))
        #expect(batch.tokens[index] % 1000 == batch.positions[index])
        if batch.positions[index] == 0 { seen.append(batch.tokens[index] / 1000) }
      }
      #expect(batch.sampleCount + left == Int(next - cursor))
      fills.append(batch.fill)
      dropped += left
      cursor = next
    }
    let expected = samples[..<Int(cursor)].enumerated().filter { $0.element.length <= 40 }
    #expect(seen.sorted() == expected.map { Int32($0.offset) }, "seed \(seed)")
    #expect(dropped == Int(cursor) - expected.count)
    #expect(fills.reduce(0, +) / Double(fills.count) > 0.8, "seed \(seed): \(fills)")
  }

  @Test func `without packing a row has one sample`() throws {
    let source = DataFixture.Cycle(samples: [2, 3, 1].map { DataFixture.sample(length: $0) })
    let packer = BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0, packs: false)
    let (batch, next, _) = try packer.batch(from: source, at: 0)
    #expect(batch.usedLengths == [2, 3] && next == 2)
  }

  @Test func `a list of samples becomes as many batches as it needs`() {
    let samples = [8, 8, 8, 99, 2].map { DataFixture.sample(length: $0) }
    let batches = BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0).batches(of: samples)
    #expect(batches.map(\.sampleCount) == [2, 2])
    #expect(BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0).batches(of: []).isEmpty)
  }

  @Test func `samples that are all too long are an error, not an endless search`() {
    let source = DataFixture.Cycle(samples: [DataFixture.sample(length: 11)])
    let packer = BatchPacker(rowCount: 2, sequenceLength: 10, padding: 0)
    #expect(throws: InputError.self) { try packer.batch(from: source, at: 0) }
  }
}
