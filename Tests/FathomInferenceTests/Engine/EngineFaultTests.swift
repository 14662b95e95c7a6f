import FathomCore
import FathomModels
import Foundation
import GoldenSupport
import Synchronization
import Testing

@testable import FathomInference

/// One request's trouble is its own.
@Suite struct EngineFaultTests {
  private static let family = "deepseek_v3_mtp"
  /// A token that no golden prompt or answer holds.
  private static let poison: Int32 = 13

  /// The family's checkpoint, but the embedding of one token is no number.
  private static func poisoned(in folder: String) throws -> LanguageModel {
    let source = GoldenFamily.path(family)
    for name in try FileManager.default.contentsOfDirectory(atPath: source) {
      try TemporaryFolder.write(
        try TemporaryFolder.read("\(source)/\(name)"), to: "\(folder)/\(name)")
    }
    let model = try Model(path: folder)
    let embedding = try #require(model.checkpoint.tensors["model.embed_tokens.weight"])
    let rowBytes = embedding.byteRange.count / model.shape.vocabSize
    var bytes = try TemporaryFolder.read(folder + "/model.safetensors")
    let row = embedding.byteRange.lowerBound + Int(poison) * rowBytes
    for place in row..<row + rowBytes { bytes[place] = place.isMultiple(of: 2) ? 0xFF : 0x7F }
    try TemporaryFolder.write(bytes, to: folder + "/model.safetensors")
    return try LanguageModel(path: folder)
  }

  @Test func `numbers that are none fail the request that met them, and no other`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      var options = Engine.Options(runtime: RuntimeOptions())
      options.stepTokens = 64
      let engine = try Engine(try Self.poisoned(in: folder), options: options)
      let prompts = try GoldenFamily(Self.family).prompts.map(\.ids)
      let sound = prompts.map { EngineTests.request($0) }
      // Met with the last token; in the middle of a prompt that goes on for several steps; and where a prompt is scored.
      let long = prompts[3] + [Self.poison] + prompts[3] + prompts[3]
      var scored = EngineTests.request(long)
      scored.scoresPrompt = true
      let broken = [
        EngineTests.request(prompts[1] + [Self.poison]), EngineTests.request(long), scored,
      ]
      let answers = zip(sound, broken + broken).flatMap { [engine.submit($1), engine.submit($0)] }
      for (index, answer) in answers.enumerated() {
        let outcome = await EngineTests.outcome(answer)
        if index.isMultiple(of: 2) {
          guard case .broken(let text) = outcome.failure else {
            Issue.record("expected a failure, found \(outcome)")
            continue
          }
          #expect(text.contains("no numbers"))
          #expect(outcome.tokens.isEmpty && outcome.promptScores.isEmpty)
        } else {
          #expect(outcome.failure == nil)
          #expect(try outcome.tokens == EngineTests.alone(engine, sound[index / 2]))
        }
      }
      // Nothing that came of such numbers is kept, and the engine is well.
      try await Self.until { engine.statistics.pinnedBlocks == 0 }
      #expect(engine.statistics.failure == nil)
      #expect(engine.statistics.cachedBlocks == prompts[3].count / 64)
      #expect(
        await EngineTests.outcome(engine.submit(sound[3])).cached == prompts[3].count / 64 * 64)
    }
  }

  /// A disk whose reads stand still while they are told to; for two minutes at most, so that no test does for ever.
  private final class StuckDisk: Sendable {
    private let state = Mutex((isStuck: false, reads: 0))
    var isReading: Bool { state.withLock { $0.reads > 0 } }
    func setStuck(_ isStuck: Bool) { state.withLock { $0.isStuck = isStuck } }

    var system: BlockSystem {
      var system = BlockSystem()
      let real = system.read
      system.read = { [self] file, bytes, offset in
        state.withLock { $0.reads += 1 }
        let end = ContinuousClock.now + .seconds(120)
        while state.withLock({ $0.isStuck }), .now < end { usleep(1000) }
        state.withLock { $0.reads -= 1 }
        return real(file, bytes, offset)
      }
      return system
    }
  }

  private static func until(_ holds: () -> Bool) async throws {
    for _ in 0..<1000 where !holds() { try await Task.sleep(for: .milliseconds(5)) }
    #expect(holds())
  }

  @Test func `a request whose beginning is being read from disk ends at once`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let prompt = try GoldenFamily(Self.family).prompts[3].ids
      let request = EngineTests.request(prompt)
      let first = try EngineTests.engine { $0.disk = (folder + "/blocks", 1 << 30) }
      let computed = await EngineTests.outcome(first.submit(request))
      first.stop()
      try await Self.until { first.statistics.disk?.isWritable != true }

      let disk = StuckDisk()
      let engine = try EngineTests.engine {
        $0.disk = (folder + "/blocks", 1 << 30)
        $0.diskSystem = disk.system
      }
      disk.setStuck(true)
      let cancelled = engine.submit(request)
      try await Self.until { disk.isReading }
      var late = request
      late.deadline = .now + .milliseconds(20)
      let overdue = engine.submit(late)
      // What is not on disk is answered meanwhile.
      let other = await EngineTests.outcome(engine.submit(EngineTests.request([5, 6, 7])))
      #expect(other.reason == .length)
      cancelled.cancel()
      #expect(await EngineTests.outcome(cancelled).reason == .cancelled)
      #expect(await EngineTests.outcome(overdue).failure == .deadline)
      #expect(disk.isReading)

      // The reading goes on behind it, and nothing is lost or kept twice.
      disk.setStuck(false)
      let answer = await EngineTests.outcome(engine.submit(request))
      #expect(answer.cached == prompt.count / 64 * 64)
      #expect(answer.tokens == computed.tokens)
      try await Self.until { engine.statistics.pinnedBlocks == 0 }
      #expect(engine.statistics.ends == ["cancelled": 1, "failed": 1, "length": 2])
    }
  }

  @Test func `an engine that stops does not wait for the disk`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let request = EngineTests.request(try GoldenFamily(Self.family).prompts[3].ids)
      let first = try EngineTests.engine { $0.disk = (folder + "/blocks", 1 << 30) }
      _ = await EngineTests.outcome(first.submit(request))
      first.stop()
      try await Self.until { first.statistics.disk?.isWritable != true }
      let disk = StuckDisk()
      let engine = try EngineTests.engine {
        $0.disk = (folder + "/blocks", 1 << 30)
        $0.diskSystem = disk.system
      }
      disk.setStuck(true)
      let answer = engine.submit(request)
      try await Self.until { disk.isReading }
      engine.stop()
      #expect(await EngineTests.outcome(answer).failure == .shutDown)
      #expect(disk.isReading)
      disk.setStuck(false)
    }
  }
}
