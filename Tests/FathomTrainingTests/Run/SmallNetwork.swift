import FathomCore

/// A network that trains in an instant.
enum SmallNetwork {
  static func fields(_ changes: [String: JSON] = [:]) throws -> JSONObject {
    let text = """
      {"vocab_size": 512, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
       "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
       "intermediate_size": 48, "moe_intermediate_size": 16, "n_routed_experts": 4,
       "num_experts_per_tok": 2, "n_shared_experts": 1, "first_k_dense_replace": 1}
      """
    var fields = try JSON.parse(Array(text.utf8)[...]).objectValue ?? JSONObject()
    for (key, value) in changes { fields[key] = value }
    return fields
  }
}
