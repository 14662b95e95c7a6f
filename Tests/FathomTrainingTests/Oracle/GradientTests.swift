import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors
import Testing

@testable import FathomTraining

/// Tiny networks whose dimensions all differ.
struct TinyNetwork {
  let blueprint: DeepSeekBlueprint
  let network: TrainableNetwork
  let store: ParameterStore

  private static func object(_ text: String) throws -> JSONObject {
    try JSON.parse(Array(text.utf8)[...]).objectValue ?? JSONObject()
  }

  init(
    _ changes: String = "{}", limit: Float = .infinity,
    adapters: NetworkBuilder.Adapters? = nil, seed: UInt64 = 3
  ) throws {
    var fields = try Self.object(
      """
      {"model_type": "deepseek_v3", "vocab_size": 23, "hidden_size": 12, "num_hidden_layers": 2,
       "num_attention_heads": 3, "kv_lora_rank": 10, "q_lora_rank": 9, "qk_rope_head_dim": 4,
       "qk_nope_head_dim": 6, "v_head_dim": 5, "intermediate_size": 14, "moe_intermediate_size": 7,
       "n_routed_experts": 8, "n_shared_experts": 1, "num_experts_per_tok": 3, "n_group": 4,
       "topk_group": 2, "norm_topk_prob": true, "routed_scaling_factor": 1.5,
       "first_k_dense_replace": 1, "max_position_embeddings": 64, "num_nextn_predict_layers": 1,
       "rope_theta": 10000}
      """)
    for (key, value) in try Self.object(changes).members { fields[key] = value }
    if limit.isFinite { fields["swiglu_limit"] = .double(Double(limit)) }
    let config = ConfigurationReader(file: "config.json", fields: fields)
    let made = try Architectures.blueprint(config)
    guard let deepSeek = made as? DeepSeekBlueprint else {
      throw InputError("test", expected: "DeepSeek", found: "\(made)")
    }
    blueprint = deepSeek
    var builder = NetworkBuilder(adapters: adapters)
    network = try builder.network(deepSeek)
    store = ParameterStore(builder.table)
    store.initialize(.normal(deviation: 0.3), seed: seed)
    for id in store.ids where [.balance, .norm, .adapterUp].contains(store[id].role) {
      let random = CounterRandom(seed: UInt64(id.index))
      for k in 0..<store[id].count {
        store.value(id).pointer[k] += Float(random.uniform(at: UInt64(k)) - 0.5) * 0.2
      }
    }
  }

  static func batch(rows: Int = 2, length: Int = 9, vocabulary: Int = 23) -> TrainingBatch {
    let random = CounterRandom(seed: 5)
    let count = rows * length
    let tokens = (0..<count + 1).map { Int32(random.bits(at: UInt64($0)) % UInt64(vocabulary)) }
    // The second row holds two samples.
    let starts = (0..<count).map { Int32($0 / length == 1 && $0 >= length + 4 ? 4 : 0) }
    let positions = (0..<count).map { $0 % length - Int(starts[$0]) }
    let weights = (0..<count).map { s -> Float in
      s % length == length - 1 || s == length + 3 ? 0 : s % 3 == 0 ? 0.25 : 1
    }
    return TrainingBatch(
      rows: rows, length: length, tokens: Array(tokens[..<count]), targets: Array(tokens[1...]),
      weights: weights, positions: positions, starts: starts)
  }

  func pass(
    _ batch: TrainingBatch, _ isa: InstructionSet, precision: TrainingPrecision = .fp32,
    threads: Int = 2, balance: Float = 0
  ) -> TrainingPass {
    TrainingPass(
      batch, compute: TrainingCompute(isa, threads: threads, precision: precision),
      workspace: Workspace(), parameters: store, lossScale: Float(1 / batch.totalWeight),
      balanceWeight: balance, balanceRows: batch.rows)
  }
}

@Suite struct GradientTests {
  static let variants = [
    "{}",
    #"{"q_lora_rank": null, "num_nextn_predict_layers": 0, "tie_word_embeddings": true}"#,
    #"{"model_type": "deepseek_v2", "q_lora_rank": null, "num_nextn_predict_layers": 0}"#,
    #"{"n_shared_experts": 0, "rope_interleave": false, "n_group": 1, "topk_group": 1}"#,
  ]

  @Test(arguments: variants.indices)
  func `gradients of all parameters are those of the tape`(variant: Int) throws {
    let tiny = try TinyNetwork(Self.variants[variant], limit: 0.4)
    let batch = TinyNetwork.batch()
    let oracle = OracleNetwork(tiny.blueprint, tiny.store, batch)
    let expected = oracle.loss(mtpWeight: 0.3, balanceWeight: 0.02)
    let gradients = oracle.tape.gradients(of: expected.total)
    for isa in InstructionSet.available {
      tiny.store.clearGradients()
      let losses = tiny.network.run(
        tiny.pass(batch, isa, balance: 0.02), mtp: .init(weight: 0.3))
      #expect(abs(losses.next - expected.next) < 1e-5, "\(losses.next) \(expected.next)")
      #expect(abs(losses.mtp - expected.mtp) < 1e-5)
      for id in tiny.store.ids {
        guard let gradient = tiny.store.gradient(id) else { continue }
        let name = tiny.store[id].name
        let wanted = (oracle.parameters[name] ?? []).map { gradients[$0.index] }
        let found = (0..<wanted.count).map { Double(gradient.pointer[$0]) }
        let size = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(wanted, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        #expect(error <= 1e-4 * size + 1e-7, "\(isa) \(name): \(error) of \(size)")
      }
    }
  }

  @Test func `gradients of low-rank factors are those of the tape, experts included`() throws {
    let tiny = try TinyNetwork(adapters: .init(rank: 1, alpha: 1.5))
    let batch = TinyNetwork.batch()
    let oracle = OracleNetwork(tiny.blueprint, tiny.store, batch)
    oracle.adapterScale = 1.5
    let expected = oracle.loss(mtpWeight: 0.3, balanceWeight: 0)
    let gradients = oracle.tape.gradients(of: expected.total)
    let losses = tiny.network.run(tiny.pass(batch, try .chosen()), mtp: .init(weight: 0.3))
    #expect(abs(losses.next - expected.next) < 1e-5)
    var factors = 0
    for id in tiny.store.ids {
      guard let gradient = tiny.store.gradient(id) else { continue }
      let name = tiny.store[id].name
      if name.contains("experts.") && name.contains("lora_") { factors += 1 }
      let wanted = (oracle.parameters[name] ?? []).map { gradients[$0.index] }
      let size = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let error = wanted.indices.reduce(0) {
        let d = wanted[$1] - Double(gradient.pointer[$1])
        return $0 + d * d
      }.squareRoot()
      #expect(error <= 1e-4 * size + 1e-7, "\(name): \(error) of \(size)")
    }
    #expect(factors > 50)
  }

  /// Rounded forward and backward passes whose gradients pass through the rounding: near those of f32, and nearer in bf16.
  @Test func `gradients of rounded passes point where exact ones do`() throws {
    let tiny = try TinyNetwork()
    let batch = TinyNetwork.batch(rows: 4, length: 32)
    func gradients(_ precision: TrainingPrecision) throws -> [Double] {
      tiny.store.clearGradients()
      _ = tiny.network.run(
        tiny.pass(batch, try .chosen(), precision: precision), mtp: .init(weight: 0.3))
      return (0..<tiny.store.gradientCount).map { Double(tiny.store.gradients[$0]) }
    }
    func angle(_ x: [Double], _ y: [Double]) -> Double {
      let (xy, xx, yy) = zip(x, y).reduce((0.0, 0.0, 0.0)) {
        ($0.0 + $1.0 * $1.1, $0.1 + $1.0 * $1.0, $0.2 + $1.1 * $1.1)
      }
      return 1 - xy / (xx * yy).squareRoot()
    }
    let exact = try gradients(.fp32)
    let (bf16, fp8) = (angle(exact, try gradients(.bf16)), angle(exact, try gradients(.fp8)))
    #expect(bf16 > 0 && bf16 < 0.01, "\(bf16)")
    #expect(fp8 > bf16 && fp8 < 0.1, "\(fp8)")
  }

  @Test func `the tape agrees with finite differences`() throws {
    let tiny = try TinyNetwork()
    let batch = TinyNetwork.batch(rows: 1, length: 6)
    func loss() -> (OracleNetwork, Scalar) {
      let oracle = OracleNetwork(tiny.blueprint, tiny.store, batch)
      return (oracle, oracle.loss(mtpWeight: 0.3, balanceWeight: 0).total)
    }
    let (oracle, total) = loss()
    let gradients = oracle.tape.gradients(of: total)
    for id in tiny.store.ids where tiny.store[id].role != .balance {
      let value = tiny.store.value(id).pointer
      let wanted = (oracle.parameters[tiny.store[id].name] ?? []).map { gradients[$0.index] }
      guard let place = wanted.indices.max(by: { abs(wanted[$0]) < abs(wanted[$1]) }) else {
        continue
      }
      let before = value[place]
      let step: Float = 1.0 / 4096
      value[place] = before + step
      let above = loss().1.value
      value[place] = before - step
      let below = loss().1.value
      let width = Double((before + step) - (before - step))
      value[place] = before
      #expect(
        abs((above - below) / width - wanted[place]) < 1e-3 * abs(wanted[place]) + 1e-6,
        "\(tiny.store[id].name)")
    }
  }

  @Test(arguments: [TrainingPrecision.fp32, .bf16, .fp8])
  func `every instruction set and number of threads gives the same bits`(
    precision: TrainingPrecision
  ) throws {
    let tiny = try TinyNetwork()
    let batch = TinyNetwork.batch(rows: 3, length: 40)
    var first: [UInt32]?
    for isa in InstructionSet.available {
      for threads in [1, 2, 3] {
        tiny.store.clearGradients()
        _ = tiny.network.run(
          tiny.pass(batch, isa, precision: precision, threads: threads, balance: 0.01),
          mtp: .init(weight: 0.3))
        let bits = (0..<tiny.store.gradientCount).map { tiny.store.gradients[$0].bitPattern }
        if let first {
          let difference = zip(first, bits).enumerated().first { $0.element.0 != $0.element.1 }
          #expect(
            difference == nil, "\(isa), \(threads) threads: gradient \(difference?.offset ?? 0)")
        } else {
          first = bits
        }
      }
    }
  }
}
