import Fathom

/// Prices DeepSeek's techniques on this machine: networks of one size in memory, each with one technique more than the
/// one before, by what a token costs.
struct Ablation {
  let options: RuntimeOptions
  let newTokens: Int
  let repetitions: Int
  /// Tokens in the cache in the second measurement; nothing is there in the first.
  let depth: Int
  let progress: (String) -> Void

  /// Guesses that hold, of 100: the lower end of what the V3 report says (§5.4.3). Random weights guess nothing.
  static let acceptance = 0.85

  private struct Variant {
    let name: String
    let techniques: AblatedNetwork.Techniques
    let storage: AblatedWeights.Storage
  }

  private static let variants: [Variant] = {
    func techniques(_ experts: Bool, _ latent: Bool, _ mtp: Bool) -> AblatedNetwork.Techniques {
      AblatedNetwork.Techniques(
        hasExperts: experts, hasLatentAttention: latent, predictsSecondToken: mtp)
    }
    return [
      Variant(
        name: "dense, multi-head, bf16", techniques: techniques(false, false, false),
        storage: .bf16),
      Variant(name: "+ experts", techniques: techniques(true, false, false), storage: .bf16),
      Variant(
        name: "+ latent attention", techniques: techniques(true, true, false), storage: .bf16),
      Variant(name: "+ FP8 weights", techniques: techniques(true, true, false), storage: .fp8),
      Variant(
        name: "4-bit instead of FP8", techniques: techniques(true, true, false), storage: .q4),
      Variant(
        name: "+ second token", techniques: techniques(true, true, true), storage: .q4),
    ]
  }()

  /// - Throws: `InputError` if there is not enough memory, or no network by these options.
  func run() throws -> AblationReport {
    let compute = try options.compute()
    progress("measuring the machine")
    let before = MachineCeilings.measured(on: compute.pool)
    let rows = try Self.variants.map { try measure($0, compute) }
    return AblationReport(
      rows: rows, depth: depth, threads: compute.pool.threads,
      ceilings: before.best(.measured(on: compute.pool)))
  }

  private func measure(_ variant: Variant, _ compute: Compute) throws -> AblationRow {
    progress("\(variant.name): making weights")
    let shape = AblatedNetwork.Shape()
    let weights = AblatedWeights(variant.storage)
    let network = try AblatedNetwork(shape, variant.techniques) {
      try weights.matrix(rows: $0, columns: $1, isSensitive: $2)
    }
    let layout = network.cacheLayout(options.cacheType)
    let engine = BenchEngine(network.decoder, layout: layout, options: options, compute: compute)
    func speed(at depth: Int) -> Spread {
      engine.pretend(depth: depth)
      func pass(_ count: Int) -> Double {
        guard let mtp = network.mtp else { return Double(count) / engine.decode(count) }
        let moduleLayout = CacheLayout(layers: Array(layout.layers.prefix(1)), type: layout.type)
        let seconds = engine.draft(count, with: mtp, layout: moduleLayout)
        return Double(count) * (1 + Self.acceptance) / seconds
      }
      progress("\(variant.name): depth \(depth)")
      _ = pass(4)
      return Spread((0..<repetitions).map { _ in pass(newTokens) })
    }
    return AblationRow(
      name: variant.name, parameters: network.parameterCount,
      weightBytesPerToken: weightBytes(of: network, shape),
      cacheBytesPerToken: layout.bytesPerToken, empty: speed(at: 0), deep: speed(at: depth))
  }

  /// Bytes of weights that a token costs; with guesses, two tokens share a step and some are wasted.
  private func weightBytes(of network: AblatedNetwork, _ shape: AblatedNetwork.Shape) -> Int {
    let chosen = shape.expertsPerToken
    guard network.mtp != nil else { return network.readBytes(experts: chosen) }
    // Two tokens choose independently here.
    let share = 1 - Double(chosen) / Double(shape.experts)
    let distinct = Int((Double(shape.experts) * (1 - share * share)).rounded())
    let cycle = network.readBytes(experts: distinct) + network.mtpReadBytes(experts: distinct)
    return Int(Double(cycle) / (1 + Self.acceptance))
  }
}

/// What one more technique gives.
struct AblationRow {
  let name: String
  let parameters: Int
  let weightBytesPerToken: Int
  let cacheBytesPerToken: Int
  /// Tokens per second with nothing in the cache, and deep in a context.
  let empty: Spread
  let deep: Spread
}

struct AblationReport {
  let rows: [AblationRow]
  let depth: Int
  let threads: Int
  let ceilings: MachineCeilings

  func show() throws {
    let table = TextTable(
      columns: [
        "decoding", "parameters", "weights/token", "cache/token", "tok/s at 0",
        "tok/s at \(depth)", "×",
      ],
      rows: rows.map { row in
        [
          row.name, row.parameters.asCount ?? "\(row.parameters)",
          row.weightBytesPerToken.asBytes, row.cacheBytesPerToken.asBytes,
          row.empty.median.significant, row.deep.median.significant,
          (row.deep.median / (rows.first?.deep.median ?? 1)).rounded(places: 1),
        ]
      })
    for line in table.lines { try Terminal.line(line) }
    try Terminal.line(
      "\n\(threads) threads; the machine reads "
        + "\((ceilings.readBytesPerSecond / 1e9).significant) GB/s. "
        + "The second token counts as if \(Int(Ablation.acceptance * 100)) % of the guesses held.")
  }

  var json: JSON {
    func spread(_ spread: Spread) -> JSON {
      .object(
        JSONObject([
          "median": .double(spread.median), "min": .double(spread.min), "max": .double(spread.max),
        ]))
    }
    return .array(
      rows.map { row in
        .object(
          JSONObject([
            "name": .string(row.name), "threads": .integer(threads),
            "parameters": .integer(row.parameters),
            "weight_bytes_per_token": .integer(row.weightBytesPerToken),
            "cache_bytes_per_token": .integer(row.cacheBytesPerToken),
            "tokens_per_second": .object(
              JSONObject(["0": spread(row.empty), "\(depth)": spread(row.deep)])),
          ]))
      })
  }
}
