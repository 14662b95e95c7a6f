import FathomCore

/// The configuration of a GGUF model in the words of `config.json`, so that networks are built from one description.
///
/// Source: keys as `convert_hf_to_gguf.py` of llama.cpp writes them.
struct GGUFConfiguration {
  private let metadata: GGUFMetadata
  private let architecture: String
  private let tensors: [String: GGUFHeader.Tensor]
  /// What the frequencies are divided by, if a tensor says so.
  private let divisors: [Double]?

  private static let sizes = 0...(1 << 30)

  init(_ file: GGUFFile) throws {
    metadata = file.metadata
    architecture = try metadata.string("general.architecture")
    var tensors: [String: GGUFHeader.Tensor] = [:]
    for part in file.parts {
      for tensor in part.header.tensors { tensors[tensor.name] = tensor }
    }
    self.tensors = tensors
    divisors = try Self.divisors(file)
  }

  private static func divisors(_ file: GGUFFile) throws -> [Double]? {
    for part in file.parts {
      guard let tensor = part.header.tensors.first(where: { $0.name == "rope_freqs.weight" }) else {
        continue
      }
      guard GGUFTensorType(tensor.type)?.dtype == .f32, tensor.dimensions.count == 1,
        tensor.dimensions[0] <= 1 << 16
      else {
        throw InputError(
          "\(part.file.name), tensor rope_freqs.weight", expected: "a row of F32 numbers",
          found: "\(tensor.dimensions) of type \(tensor.type)")
      }
      let stored = StoredTensor(
        name: tensor.name, dtype: .f32, shape: tensor.dimensions, file: part.file,
        byteRange: tensor.byteRange)
      return (stored.floats() ?? []).map(Double.init)
    }
    return nil
  }

  func fields() throws -> JSONObject {
    var fields: [(String, JSON)] =
      switch architecture {
      case "deepseek2": try deepSeek()
      case "qwen2": try dense("qwen2")
      case "llama": try dense("llama")
      default:
        throw InputError(
          "\(metadata.file), metadata general.architecture",
          expected: "one of deepseek2, qwen2, llama", found: InputError.excerpt(architecture))
      }
    if let eos = try metadata.optionalInt("tokenizer.ggml.eos_token_id", in: Self.sizes) {
      let turnEnd = try metadata.optionalInt("tokenizer.ggml.eot_token_id", in: Self.sizes)
      let ids = [eos] + (turnEnd.map { $0 == eos ? [] : [$0] } ?? [])
      fields.append(("eos_token_id", .array(ids.map { .integer($0) })))
    }
    if let bos = try metadata.optionalInt("tokenizer.ggml.bos_token_id", in: Self.sizes) {
      fields.append(("bos_token_id", .integer(bos)))
    }
    var object = JSONObject()
    for (key, value) in fields { object[key] = value }
    return object
  }

  private func key(_ name: String) -> String { "\(architecture).\(name)" }

  private func int(_ name: String) throws -> Int { try metadata.int(key(name), in: Self.sizes) }

  private func optionalInt(_ name: String) throws -> Int? {
    try metadata.optionalInt(key(name), in: Self.sizes)
  }

  private func vocabularySize() throws -> Int {
    if let tensor = tensors["token_embd.weight"], tensor.dimensions.count == 2 {
      return tensor.dimensions[1]
    }
    return try int("vocab_size")
  }

  private func common(_ modelType: String) throws -> [(String, JSON)] {
    [
      ("model_type", .string(modelType)),
      ("vocab_size", .integer(try vocabularySize())),
      ("hidden_size", .integer(try int("embedding_length"))),
      ("intermediate_size", .integer(try int("feed_forward_length"))),
      ("num_attention_heads", .integer(try int("attention.head_count"))),
      ("max_position_embeddings", .integer(try int("context_length"))),
      (
        "rms_norm_eps",
        .double(try metadata.optionalDouble(key("attention.layer_norm_rms_epsilon")) ?? 1e-6)
      ),
      ("rope_theta", .double(try metadata.optionalDouble(key("rope.freq_base")) ?? 10_000)),
      ("tie_word_embeddings", .bool(tensors["output.weight"] == nil)),
    ]
  }

  private func dense(_ modelType: String) throws -> [(String, JSON)] {
    var fields = try common(modelType)
    fields.append(("num_hidden_layers", .integer(try int("block_count"))))
    if let heads = try optionalInt("attention.head_count_kv") {
      fields.append(("num_key_value_heads", .integer(heads)))
    }
    if let width = try optionalInt("attention.key_length") {
      fields.append(("head_dim", .integer(width)))
    }
    // The converter of Llama models reorders the rows of query and key so that pairs are neighbours.
    if architecture == "llama" { fields.append(("rope_interleave", .bool(true))) }
    if let scaling = try ropeScaling() { fields.append(("rope_scaling", .object(scaling))) }
    return fields
  }

  private func deepSeek() throws -> [(String, JSON)] {
    let rope = try int("rope.dimension_count")
    let key = try optionalInt("attention.key_length_mla") ?? int("attention.key_length")
    let value = try optionalInt("attention.value_length_mla") ?? int("attention.value_length")
    let hasBias = tensors.keys.contains { $0.hasSuffix("exp_probs_b.bias") }
    let gating = try optionalInt("expert_gating_func") ?? (hasBias ? 2 : 1)
    let isSigmoid = gating == 2
    let predictors = try optionalInt("nextn_predict_layers") ?? 0
    let blocks = try int("block_count")
    guard predictors < blocks else {
      throw InputError(
        "\(metadata.file), metadata deepseek2.nextn_predict_layers",
        expected: "fewer than block_count (\(blocks))", found: "\(predictors)")
    }
    let groups = max(1, try optionalInt("expert_group_count") ?? 1)
    let groupsUsed = max(1, try optionalInt("expert_group_used_count") ?? 1)
    var fields = try common(isSigmoid ? "deepseek_v3" : "deepseek_v2")
    fields += [
      ("num_hidden_layers", .integer(blocks - predictors)),
      ("kv_lora_rank", .integer(try int("attention.kv_lora_rank"))),
      ("qk_rope_head_dim", .integer(rope)),
      ("qk_nope_head_dim", .integer(key - rope)),
      ("v_head_dim", .integer(value)),
      ("first_k_dense_replace", .integer(try optionalInt("leading_dense_block_count") ?? 0)),
      ("n_group", .integer(groups)),
      ("topk_group", .integer(groupsUsed)),
      ("num_nextn_predict_layers", .integer(predictors)),
      (
        "routed_scaling_factor",
        .double(try metadata.optionalDouble(self.key("expert_weights_scale")) ?? 1)
      ),
      (
        "norm_topk_prob", .bool(try metadata.optionalBool(self.key("expert_weights_norm")) ?? false)
      ),
      ("scoring_func", .string(isSigmoid ? "sigmoid" : "softmax")),
      (
        "topk_method",
        .string(isSigmoid ? "noaux_tc" : groups > 1 ? "group_limited_greedy" : "greedy")
      ),
    ]
    if let rank = try optionalInt("attention.q_lora_rank"), rank > 0 {
      fields.append(("q_lora_rank", .integer(rank)))
    }
    if let experts = try optionalInt("expert_count"), experts > 0 {
      fields += [
        ("n_routed_experts", .integer(experts)),
        ("num_experts_per_tok", .integer(try int("expert_used_count"))),
        ("moe_intermediate_size", .integer(try int("expert_feed_forward_length"))),
        ("n_shared_experts", .integer(try optionalInt("expert_shared_count") ?? 0)),
      ]
    }
    if let scaling = try ropeScaling() { fields.append(("rope_scaling", .object(scaling))) }
    return fields
  }

  private func ropeScaling() throws -> JSONObject? {
    if let divisors {
      let type = RopeConfiguration.divisorsType
      return JSONObject(["type": .string(type), "divisors": .array(divisors.map { .double($0) })])
    }
    let type = try metadata.optionalString(key("rope.scaling.type"))
    guard let type, type != "none" else { return nil }
    var scaling = JSONObject()
    scaling["type"] = .string(type)
    scaling["factor"] = .double(try metadata.optionalDouble(key("rope.scaling.factor")) ?? 1)
    if let original = try optionalInt("rope.scaling.original_context_length") {
      scaling["original_max_position_embeddings"] = .integer(original)
    }
    for (name, field) in [("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow")] {
      if let value = try metadata.optionalDouble(key("rope.scaling.\(name)")) {
        scaling[field] = .double(value)
      }
    }
    if let multiplier = try metadata.optionalDouble(key("rope.scaling.yarn_log_multiplier")) {
      // A tenth of mscale_all_dim in single precision; mscale is the same in all models that GGUF files are made of.
      let mscale = (multiplier * 10 * 1e6).rounded() / 1e6
      scaling["mscale"] = .double(mscale)
      scaling["mscale_all_dim"] = .double(mscale)
    }
    return scaling
  }
}
