import FathomCheckpoints
import FathomCore
import FathomTensors

/// What the DeepSeek generations with latent attention and routed experts have in common, in the words of
/// `config.json`.
package struct DeepSeekConfiguration: Sendable {
  package let modelType: String
  package let vocabSize: Int
  package let hiddenSize: Int
  package let intermediateSize: Int
  package let moeIntermediateSize: Int
  package let numHiddenLayers: Int
  package let numAttentionHeads: Int
  package let nSharedExperts: Int
  package let nRoutedExperts: Int
  package let numExpertsPerTok: Int
  package let routedScalingFactor: Double
  package let kvLoraRank: Int
  /// nil where queries come straight from the hidden state.
  package let qLoraRank: Int?
  package let qkRopeHeadDim: Int
  package let qkNopeHeadDim: Int
  package let vHeadDim: Int
  package let nGroup: Int
  package let topkGroup: Int
  package let normTopkProb: Bool
  package let firstKDenseReplace: Int
  package let moeLayerFreq: Int
  package let numNextnPredictLayers: Int
  package let maxPositionEmbeddings: Int
  package let rmsNormEps: Double
  /// What the gated networks are clamped to; infinite where the config has none, as before V4.
  package let swigluLimit: Float
  package let tieWordEmbeddings: Bool
  package let rotary: RotaryEmbedding
  /// Whether rotary channels turn as neighbouring pairs; otherwise as halves.
  package let ropeInterleave: Bool

  package init(_ config: ConfigurationReader) throws {
    modelType = try config.string("model_type")
    vocabSize = try config.int("vocab_size", in: 1...(1 << 24))
    hiddenSize = try config.int("hidden_size", in: 1...(1 << 20))
    numHiddenLayers = try config.int("num_hidden_layers", in: 1...(1 << 14))
    numAttentionHeads = try config.int("num_attention_heads", in: 1...(1 << 14))
    kvLoraRank = try config.int("kv_lora_rank", in: 1...(1 << 20))
    qLoraRank = try config.optionalInt("q_lora_rank", in: 1...(1 << 20))
    qkRopeHeadDim = try config.int("qk_rope_head_dim", in: 2...(1 << 14))
    qkNopeHeadDim = try config.int("qk_nope_head_dim", in: 1...(1 << 14))
    vHeadDim = try config.int("v_head_dim", in: 1...(1 << 14))
    intermediateSize = try config.int("intermediate_size", in: 1...(1 << 24))
    rmsNormEps = try config.double("rms_norm_eps", in: 0...1, default: 1e-6)
    swigluLimit = Float(try config.double("swiglu_limit", in: 1e-3...1e6, default: .infinity))
    tieWordEmbeddings = try config.bool("tie_word_embeddings", default: false)
    maxPositionEmbeddings = try config.int("max_position_embeddings", in: 1...(1 << 30))
    guard qkRopeHeadDim % 2 == 0 else {
      throw config.error("qk_rope_head_dim", expected: "an even number")
    }
    rotary = RotaryEmbedding(
      try RopeConfiguration(config).fitting(width: qkRopeHeadDim, in: config),
      width: qkRopeHeadDim)
    ropeInterleave = try config.bool("rope_interleave", default: true)

    nRoutedExperts = try config.optionalInt("n_routed_experts", in: 1...(1 << 16)) ?? 0
    let routed = nRoutedExperts > 0
    moeIntermediateSize = routed ? try config.int("moe_intermediate_size", in: 1...(1 << 24)) : 1
    nSharedExperts = try config.optionalInt("n_shared_experts", in: 0...1024) ?? 0
    numExpertsPerTok = routed ? try config.int("num_experts_per_tok", in: 1...nRoutedExperts) : 0
    routedScalingFactor = try config.double("routed_scaling_factor", in: -1e6...1e6, default: 1)
    normTopkProb = try config.bool("norm_topk_prob", default: false)
    firstKDenseReplace =
      try config.optionalInt("first_k_dense_replace", in: 0...(1 << 14)) ?? 0
    moeLayerFreq = try config.optionalInt("moe_layer_freq", in: 1...(1 << 14)) ?? 1
    numNextnPredictLayers =
      try config.optionalInt("num_nextn_predict_layers", in: 0...16) ?? 0
    nGroup = try config.optionalInt("n_group", in: 1...max(nRoutedExperts, 1)) ?? 1
    topkGroup = try config.optionalInt("topk_group", in: 1...nGroup) ?? 1
    if routed {
      guard nRoutedExperts % nGroup == 0 else {
        throw config.error(
          "n_group", expected: "a divisor of n_routed_experts (\(nRoutedExperts))")
      }
    }
    try config.requireOff("attention_bias")
    _ = try config.string("hidden_act", oneOf: ["silu"], default: "silu")
  }

  /// Checks that the groups that may be chosen hold as many experts as a token chooses.
  package func requireReachableExperts(_ config: ConfigurationReader) throws {
    guard nRoutedExperts > 0 else { return }
    let reachable = nRoutedExperts / nGroup * topkGroup
    guard numExpertsPerTok <= reachable else {
      throw config.error(
        "num_experts_per_tok", expected: "at most the \(reachable) experts of topk_group groups")
    }
  }

  /// Whether a layer has experts.
  package func isRouted(_ layer: Int) -> Bool {
    nRoutedExperts > 0 && layer >= firstKDenseReplace && layer % moeLayerFreq == 0
  }

  package var shape: ModelShape {
    ModelShape(
      modelType: modelType, hiddenSize: hiddenSize, numHiddenLayers: numHiddenLayers,
      numAttentionHeads: numAttentionHeads, vocabSize: vocabSize,
      maxPositionEmbeddings: maxPositionEmbeddings, nRoutedExperts: nRoutedExperts,
      numExpertsPerTok: numExpertsPerTok, nSharedExperts: nSharedExperts,
      numNextnPredictLayers: numNextnPredictLayers,
      plainAttentionValuesPerToken: numHiddenLayers * numAttentionHeads
        * (qkNopeHeadDim + qkRopeHeadDim + vHeadDim))
  }
}
