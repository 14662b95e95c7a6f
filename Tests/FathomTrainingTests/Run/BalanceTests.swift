import FathomTensors
import Testing

@testable import FathomTraining

@Suite struct BalanceTests {
  @Test func `the bias of a busy expert falls and that of an idle one rises`() throws {
    let tiny = try TinyNetwork()
    guard case .routed(let mixture) = tiny.network.layers[1].feedForward,
      let bias = mixture.router.bias
    else {
      Issue.record("no mixture")
      return
    }
    let before = (0..<8).map { tiny.store.value(bias).pointer[$0] }
    var routing = [RouterStatistics(experts: 8), RouterStatistics(experts: 8)]
    routing[mixture.router.place].counts = [10, 4, 4, 0, 4, 4, 4, 2]
    tiny.network.balance(tiny.store, routing: routing, rate: 0.5)
    let moved = (0..<8).map { tiny.store.value(bias).pointer[$0] - before[$0] }
    let wanted: [Float] = [-0.5, 0, 0, 0.5, 0, 0, 0, 0.5]
    #expect(zip(moved, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "\(moved)")
    // 10 of 32 choices, where 4 were its share.
    #expect(routing[mixture.router.place].maxVio == 1.5)
  }

  /// Rows without packing are mostly padding: it chose the experts that the statistics told of.
  @Test func `padding chooses nothing`() throws {
    let tiny = try TinyNetwork()
    let whole = TinyNetwork.batch()
    let batch = TrainingBatch(
      rows: whole.rows, length: whole.length, tokens: whole.tokens, targets: whole.targets,
      weights: whole.weights, positions: whole.positions, starts: whole.starts,
      usedLengths: [3, 0])
    let pass = tiny.pass(batch, try .chosen(), balance: 0.1)
    _ = tiny.network.run(pass)
    #expect(pass.routing[0].tokens == 3 && pass.routing[0].counts.reduce(0, +) == 9)
    let alone = tiny.pass(batch.first(1), try .chosen(), balance: 0.2)
    _ = tiny.network.run(alone)
    #expect(alone.routing[0].counts == pass.routing[0].counts)
    #expect(abs(alone.balanceLoss - pass.balanceLoss * 4) < 1e-6)
  }
}
