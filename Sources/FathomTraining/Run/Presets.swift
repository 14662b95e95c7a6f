import FathomCore

/// Configurations that ship with the trainer, by name.
public enum Presets {
  /// The network of the built-in model: multi-head latent attention, 16 routed experts of which a token meets 2 beside a
  /// shared one, and a module for the second token.
  private static let network = """
    model:
      vocab_size: 2048
      hidden_size: 192
      num_hidden_layers: 4
      num_attention_heads: 6
      kv_lora_rank: 64
      q_lora_rank: null
      qk_nope_head_dim: 32
      qk_rope_head_dim: 16
      v_head_dim: 32
      intermediate_size: 512
      moe_intermediate_size: 128
      n_routed_experts: 16
      num_experts_per_tok: 2
      n_shared_experts: 2
      first_k_dense_replace: 1
      num_nextn_predict_layers: 1
      max_position_embeddings: 1024
      swiglu_limit: 10
    """

  /// A student of the built-in model: the same kind of network with a quarter of the parameters that a token meets.
  private static let picoNetwork = """
    model:
      vocab_size: 2048
      hidden_size: 96
      num_hidden_layers: 3
      num_attention_heads: 4
      kv_lora_rank: 32
      q_lora_rank: null
      qk_nope_head_dim: 16
      qk_rope_head_dim: 16
      v_head_dim: 24
      intermediate_size: 256
      moe_intermediate_size: 64
      n_routed_experts: 16
      num_experts_per_tok: 2
      n_shared_experts: 1
      first_k_dense_replace: 1
      max_position_embeddings: 1024
      swiglu_limit: 10
    """

  private static let optimizer = """
    optimizer: muon
    learning_rate: 0.004
    lr_scheduler: linear
    warmup_steps: 50
    decay_fraction: 0.4
    min_lr_ratio: 0.03
    weight_decay: 0.05
    max_grad_norm: 1.0
    mtp_loss_weight: 0.3
    mtp_rows: 0.5
    router_bias_update_rate: 0.003
    balance_loss_weight: 0.0001
    prompt_loss_weight: 0.2
    precision: bf16
    seed: 1
    """

  /// The problems of the built-in model's base, harder ones later.
  private static let diet = """
    tasks:
      - family: mapping-short
        curriculum: [{sample: 0, weight: 6}, {sample: 12000, weight: 0.5}]
      - family: mapping
        curriculum: [{sample: 0, weight: 1}, {sample: 12000, weight: 2.5}]
      - family: mapping-wide
        curriculum: [{sample: 0, weight: 0.1}, {sample: 24000, weight: 3}]
      - family: mapping-repair
        curriculum: [{sample: 12000, weight: 0.1}, {sample: 24000, weight: 1}]
      - {family: words, weight: 13}
      - {family: tables, weight: 10}
      - {family: countdown, weight: 6}
      - {family: talk, weight: 2}
    """

  /// A few minutes: word problems learnt visibly.
  private static let quick = """
    \(network)
    tasks:
      - {family: words, weight: 1}
    sequence_len: 256
    micro_batch_size: 8
    max_steps: 1500
    eval_steps: 500
    save_steps: 500
    logging_steps: 50
    output_dir: runs/quick
    \(optimizer)
    """

  /// What the built-in model's base was made by.
  private static let builtIn = """
    \(network)
    \(diet)
    sequence_len: 512
    micro_batch_size: 8
    gradient_accumulation_steps: 2
    batch_ramp_steps: 200
    max_steps: 8000
    eval_steps: 1000
    save_steps: 250
    logging_steps: 25
    output_dir: runs/built-in
    \(optimizer)
    """

  /// What a student of the built-in model learns without it.
  private static let pico = """
    \(picoNetwork)
    tokenizer: built-in
    \(diet)
    sequence_len: 512
    micro_batch_size: 8
    gradient_accumulation_steps: 2
    batch_ramp_steps: 200
    max_steps: 4000
    eval_steps: 1000
    save_steps: 250
    logging_steps: 25
    output_dir: runs/pico
    \(optimizer)
    """

  public static let names = [
    "quick", "built-in", "cold-start", "reinforce", "rejection", "pico", "distill",
  ]

  /// - Throws: `InputError` naming the presets there are.
  public static func yaml(_ name: String) throws -> String {
    switch name {
    case "quick": return quick
    case "built-in": return builtIn
    case "pico": return pico
    case "cold-start": return coldStart
    case "reinforce": return reinforce
    case "rejection": return rejection
    case "distill": return distill
    default:
      throw InputError(
        "--preset", expected: "one of " + names.joined(separator: ", "),
        found: InputError.excerpt(name))
    }
  }
}
