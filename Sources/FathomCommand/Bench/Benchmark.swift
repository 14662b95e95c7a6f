import Fathom
import Foundation

/// Measures a model by a plan, and the machine before and after it.
struct Benchmark {
  let path: String
  let placement: WeightPlacement
  let plan: BenchPlan
  let options: RuntimeOptions
  /// Told what is being done.
  let progress: (String) -> Void

  func run() throws -> BenchReport {
    let compute = try options.compute()
    progress("measuring the machine")
    let before = MachineCeilings.measured(on: compute.pool)
    ResidentMemory.forgetPeak()
    progress("loading")
    let start = ContinuousClock.now
    let model = try Model(path: path, placement: placement)
    try plan.validate(for: model)
    let engine = BenchEngine(
      model.network.decoder, layout: model.cacheLayout(options.cacheType), options: options,
      compute: compute)
    engine.prepare(batch: 1, depth: 0) { _, _ in }
    _ = engine.decode(1)
    let firstTokenSeconds = (ContinuousClock.now - start) / .seconds(1)
    progress(
      "first token after \(firstTokenSeconds.rounded(places: 2)) s, waiting for weights to settle")
    model.waitForWeights()
    let loadSeconds = (ContinuousClock.now - start) / .seconds(1)

    var measurements: [Measurement] = []
    for depth in plan.depths {
      for batch in plan.batches {
        engine.prepare(batch: batch, depth: depth) { done, total in
          progress("reading \(done) of \(total) tokens to get to the depth")
        }
        for phase in [BenchPhase.prefill, .decode] {
          let tokens = phase == .prefill ? plan.promptTokens : plan.newTokens
          guard tokens > 0 else { continue }
          measurements.append(measure(engine, phase, tokens: tokens, batch: batch))
        }
      }
    }
    let peak = ResidentMemory.peakBytes
    progress("measuring the machine")
    let ceilings = before.best(.measured(on: compute.pool))
    let cost = TokenCost(model, cacheType: options.cacheType)
    let rows = measurements.map { measurement in
      row(
        measurement, of: model, engine: engine, cost: cost, ceilings: ceilings,
        loadSeconds: loadSeconds,
        peak: peak)
    }
    return BenchReport(rows: rows, ceilings: ceilings, firstTokenSeconds: firstTokenSeconds)
  }

  private struct Measurement {
    var phase: BenchPhase
    var depth: Int
    var batch: Int
    var tokens: Int
    var speeds: [Double]
    var expertsRead: Double
    var coreHop: Double?
  }

  private func measure(_ engine: BenchEngine, _ phase: BenchPhase, tokens: Int, batch: Int)
    -> Measurement
  {
    let label = "\(phase.rawValue) \(tokens) at depth \(engine.depth), batch \(batch)"
    let chunk = phase == .prefill ? min(tokens, max(1, options.prefillChunk / batch)) : 1
    progress("\(label): warming up")
    let expertsRead = engine.expertsRead(tokens: chunk)
    func run() -> Double { phase == .prefill ? engine.prefill(tokens) : engine.decode(tokens) }
    let start = ContinuousClock.now
    repeat {
      _ =
        phase == .prefill
        ? engine.prefill(min(tokens, chunk)) : engine.decode(min(tokens, 4))
    } while ContinuousClock.now - start < .seconds(plan.warmUpSeconds)
    var hops = [engine.compute.pool.coreHop()]
    let speeds = (1...plan.repetitions).map { repetition in
      progress("\(label): \(repetition) of \(plan.repetitions)")
      defer { hops.append(engine.compute.pool.coreHop()) }
      return Double(tokens * batch) / run()
    }
    let known = hops.compactMap { $0 }
    return Measurement(
      phase: phase, depth: engine.depth, batch: batch, tokens: tokens, speeds: speeds,
      expertsRead: expertsRead, coreHop: known.isEmpty ? nil : Spread(known).median)
  }

  private func row(
    _ measurement: Measurement, of model: Model, engine: BenchEngine, cost: TokenCost,
    ceilings: MachineCeilings, loadSeconds: Double, peak: Int
  ) -> BenchRow {
    let (tokens, batch) = (measurement.tokens, measurement.batch)
    let isPrefill = measurement.phase == .prefill
    let chunk = max(1, options.prefillChunk / batch)
    let steps = isPrefill ? (tokens + chunk - 1) / chunk : tokens
    // In the middle of the new tokens.
    let cached = Double(measurement.depth) + Double(tokens) / 2
    let heads = isPrefill ? batch : tokens * batch
    let format = Self.format(of: model)
    return BenchRow(
      model: model.checkpoint.title, format: format, threads: engine.compute.pool.threads,
      phase: measurement.phase, depth: measurement.depth, batch: batch, tokens: tokens,
      tokensPerSecond: Spread(measurement.speeds),
      bytesPerToken: cost.bytesPerToken(
        steps: steps, tokens: tokens * batch, expertsRead: measurement.expertsRead, batch: batch,
        cached: cached, heads: heads),
      readBandwidth: ceilings.readBytesPerSecond,
      operationsCeiling: Self.isInteger(format) ? ceilings.int8PerSecond : ceilings.bf16PerSecond,
      operationsPerToken: cost.operationsPerToken(
        tokens: tokens * batch, cached: cached, heads: heads),
      cacheBytesPerToken: engine.cacheLayout.bytesPerToken, loadSeconds: loadSeconds,
      peakResidentBytes: peak, coreHop: measurement.coreHop)
  }

  /// The encoding that holds most bytes of the weights.
  private static func format(of model: Model) -> String {
    var bytes: [String: Int] = [:]
    for tensor in model.checkpoint.tensors.values {
      bytes[tensor.dtype.rawValue.lowercased(), default: 0] += tensor.byteCount
    }
    return bytes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "none"
  }

  /// Whether products with such weights are those of small integers.
  private static func isInteger(_ format: String) -> Bool {
    !["f32", "f16", "bf16", "f8_e4m3"].contains(format)
  }
}

/// Memory of this process as the system counts it.
enum ResidentMemory {
  /// The most bytes that were resident at once.
  static var peakBytes: Int {
    #if canImport(Darwin)
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0
    #else
      let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = text?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
      return (kibibytes.flatMap { Int($0) } ?? 0) * 1024
    #endif
  }

  /// Starts counting anew, where the system can.
  static func forgetPeak() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, "5", 1)
    close(descriptor)
  }
}
