import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors

/// The network of a run: from scratch by a configuration, or from a checkpoint, with what of it trains.
package struct RunModel {
  package var network: TrainableNetwork
  package let parameters: ParameterStore
  /// `config.json` as it is written beside the weights.
  package let config: JSONObject
  package let blueprint: any Blueprint
  /// α of the low-rank factors that train beside a base model's weights; nil where the weights themselves train.
  package let adapterAlpha: Double?

  package var hasAdapters: Bool { adapterAlpha != nil }

  /// A network with fresh weights.
  ///
  /// - Throws: `InputError` for a configuration that no network has.
  package init(
    scratch fields: JSONObject, initialization: Initialization, seed: UInt64
  ) throws {
    let config = Self.completed(fields)
    blueprint = try Architectures.blueprint(
      ConfigurationReader(file: "model", fields: config))
    var builder = NetworkBuilder()
    network = try builder.network(blueprint)
    parameters = ParameterStore(builder.table)
    parameters.initialize(initialization, seed: seed)
    self.config = config
    adapterAlpha = nil
  }

  /// A checkpoint's network.
  ///
  /// - Parameters:
  ///   - adapters: factors to train instead of the weights.
  ///   - trains: which of the weights train where there are no adapters.
  package init(
    _ checkpoint: Checkpoint, adapters: NetworkBuilder.Adapters?, seed: UInt64,
    trains: (Parameter) -> Bool
  ) throws {
    blueprint = try Architectures.blueprint(checkpoint.config)
    let stored = Set(checkpoint.tensors.keys)
    var config = checkpoint.config.fields
    config["quantization_config"] = nil
    // Conversions often leave the module out.
    if !stored.contains("model.layers.\(blueprint.shape.numHiddenLayers).eh_proj.weight") {
      config["num_nextn_predict_layers"] = nil
    }
    let trained = try Architectures.blueprint(
      ConfigurationReader(file: "config.json", fields: config))
    var builder = NetworkBuilder(adapters: adapters)
    network = try builder.network(trained)
    var table = builder.table
    table.train { parameter in
      let isAdapter = parameter.role == .adapterDown || parameter.role == .adapterUp
      return adapters != nil ? isAdapter : trains(parameter)
    }
    parameters = ParameterStore(table)
    parameters.initialize(.scaled, seed: seed)
    try parameters.load(checkpoint) { $0.role == .adapterDown || $0.role == .adapterUp }
    self.config = config
    adapterAlpha = adapters?.alpha
  }

  /// The network that a run's configuration names: fresh, or a checkpoint's, whole or with factors beside it.
  ///
  /// A checkpoint's routers stay as they are, and so does its module for the second token where that token's loss does not count.
  ///
  /// - Parameter vocabularySize: of a fresh network whose configuration names none.
  /// - Throws: `InputError` or `InputErrors` for a configuration that no network has, and a checkpoint that is not as expected.
  package init(_ run: RunConfiguration, vocabularySize: Int) throws {
    if var fields = run.model {
      if fields["vocab_size"] == nil { fields["vocab_size"] = .integer(vocabularySize) }
      try self.init(scratch: fields, initialization: .scaled, seed: run.seed)
      return
    }
    let checkpoint = try Checkpoint.open(run.baseModel ?? "")
    let layers = try Architectures.blueprint(checkpoint.config).shape.numHiddenLayers
    let frozen = run.mtpLossWeight > 0 ? nil : "model.layers.\(layers)."
    let adapters =
      run.adapter == .lora
      ? NetworkBuilder.Adapters(rank: run.loraR, alpha: run.loraAlpha) : nil
    try self.init(checkpoint, adapters: adapters, seed: run.seed) { parameter in
      parameter.role != .router && !(frozen.map { parameter.name.hasPrefix($0) } ?? false)
    }
  }

  /// What every V3 states and a small network need not.
  private static func completed(_ fields: JSONObject) -> JSONObject {
    var config = JSONObject([
      "architectures": .array([.string("DeepseekV3ForCausalLM")]),
      "model_type": .string("deepseek_v3"), "hidden_act": .string("silu"),
      "rms_norm_eps": .double(1e-6), "rope_theta": .double(10000),
      "max_position_embeddings": .integer(1024), "n_group": .integer(1),
      "topk_group": .integer(1), "norm_topk_prob": .bool(true),
      "routed_scaling_factor": .double(1), "scoring_func": .string("sigmoid"),
      "topk_method": .string("noaux_tc"), "attention_bias": .bool(false),
      "tie_word_embeddings": .bool(false),
    ])
    for (key, value) in fields.members { config[key] = value }
    if config["num_key_value_heads"] == nil {
      config["num_key_value_heads"] = config["num_attention_heads"]
    }
    return config
  }

  /// Parameters in all, and those that one token meets, without embedding and without the module for the second token.
  package var counts: (total: Int, active: Int, trainable: Int) {
    let shape = blueprint.shape
    let mtp = "model.layers.\(shape.numHiddenLayers)."
    var (total, active, trainable) = (0, 0, 0)
    for parameter in parameters.parameters where parameter.role != .balance {
      total += parameter.count
      if parameter.isTrainable { trainable += parameter.count }
      guard !parameter.name.hasPrefix(mtp) else { continue }
      let isHead = network.head.weight == network.embedding.weight
      if parameter.role == .embedding, !isHead { continue }
      active +=
        parameter.name.contains(".mlp.experts.")
        ? parameter.count * shape.numExpertsPerTok / max(shape.nRoutedExperts, 1)
        : parameter.count
    }
    return (total, active, trainable)
  }

  /// What trains and what is frozen, by kind of parameter.
  package var trainableTable: [(kind: String, trains: Int, frozen: Int)] {
    var rows: [(kind: String, trains: Int, frozen: Int)] = []
    for parameter in parameters.parameters {
      let kind =
        parameter.name.contains(".mlp.experts.")
        ? "experts\(parameter.role == .matrix ? "" : " " + parameter.role.rawValue)"
        : parameter.name.contains(".self_attn.") && parameter.role == .matrix
          ? "attention"
          : parameter.role == .matrix ? "dense and shared" : parameter.role.rawValue
      let place = rows.firstIndex { $0.kind == kind } ?? rows.count
      if place == rows.count { rows.append((kind, 0, 0)) }
      if parameter.isTrainable {
        rows[place].trains += parameter.count
      } else {
        rows[place].frozen += parameter.count
      }
    }
    return rows
  }
}
