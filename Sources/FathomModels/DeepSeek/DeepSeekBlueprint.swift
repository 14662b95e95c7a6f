import FathomCheckpoints
import FathomTensors

/// How the router of a generation scores and groups.
package struct RoutingRule: Sendable {
  package let scoring: Router.Scoring
  package let groupScore: Router.GroupScore
  package let isGrouped: Bool
  package let hasBias: Bool
  package let normalizesWeights: Bool
}

/// A DeepSeek network before its weights.
package struct DeepSeekBlueprint: Blueprint {
  package let config: DeepSeekConfiguration
  package let routing: RoutingRule
  /// What picks the tokens a layer may look at, for generations whose attention is sparse.
  package var indexer: (@Sendable (_ prefix: String, WeightReader) -> LightningIndexer)?
  /// Width of the indexer's keys in the cache; nil where there is none.
  package var indexKeyWidth: Int?

  package init(config: DeepSeekConfiguration, routing: RoutingRule) {
    self.config = config
    self.routing = routing
  }

  package var shape: ModelShape { config.shape }

  /// The latent and the rotary key, and behind them the indexer's key where there is one.
  package var cacheParts: [[Int]] {
    let row = [config.kvLoraRank, config.qkRopeHeadDim] + (indexKeyWidth.map { [$0] } ?? [])
    return [[Int]](repeating: row, count: config.numHiddenLayers)
  }

  package func build(from weights: WeightReader) throws -> Network {
    let embedding = weights.matrix(
      "model.embed_tokens.weight", config.vocabSize, config.hiddenSize,
      use: config.tieWordEmbeddings ? .product : .lookup)
    var layers: [DecoderLayer] = []
    for layer in 0..<config.numHiddenLayers {
      layers.append(decoderLayer(layer, isRouted: config.isRouted(layer), from: weights))
      try weights.checkProgress()
    }
    let norm = self.norm("model.norm.weight", width: config.hiddenSize, from: weights)
    // A tied checkpoint may store the head once more; it is the same matrix then.
    if config.tieWordEmbeddings { weights.ignore("lm_head.weight") }
    let head =
      config.tieWordEmbeddings
      ? embedding : weights.matrix("lm_head.weight", config.vocabSize, config.hiddenSize)
    let decoder = Decoder(
      embedding: embedding, layers: layers, norm: norm, head: head, rotary: config.rotary)
    return Network(decoder: decoder, mtp: mtp(decoder, from: weights))
  }

  private func norm(
    _ name: String, width: Int, epsilon: Double? = nil, from weights: WeightReader
  ) -> RMSNorm {
    RMSNorm(
      weight: weights.vector(name, width), epsilon: Float(epsilon ?? config.rmsNormEps))
  }

  private func decoderLayer(_ layer: Int, isRouted: Bool, from weights: WeightReader)
    -> DecoderLayer
  {
    let prefix = "model.layers.\(layer)"
    return DecoderLayer(
      inputNorm: norm("\(prefix).input_layernorm.weight", width: config.hiddenSize, from: weights),
      attention: attention("\(prefix).self_attn", from: weights),
      postAttentionNorm: norm(
        "\(prefix).post_attention_layernorm.weight", width: config.hiddenSize, from: weights),
      feedForward: isRouted
        ? mixture("\(prefix).mlp", from: weights)
        : weights.swiglu(
          "\(prefix).mlp", hidden: config.hiddenSize, intermediate: config.intermediateSize,
          limit: config.swigluLimit))
  }

  private func attention(_ prefix: String, from weights: WeightReader) -> LatentAttention {
    let c = config
    let qkHeadDim = c.qkNopeHeadDim + c.qkRopeHeadDim
    // The norms of the latents use 1e-6 whatever rms_norm_eps says, as the reference implementation does.
    let query: LatentAttention.Query
    if let qLoraRank = c.qLoraRank {
      query = .latent(
        down: weights.matrix("\(prefix).q_a_proj.weight", qLoraRank, c.hiddenSize),
        norm: norm(
          "\(prefix).q_a_layernorm.weight", width: qLoraRank, epsilon: 1e-6, from: weights),
        up: weights.matrix(
          "\(prefix).q_b_proj.weight", c.numAttentionHeads * qkHeadDim, qLoraRank))
    } else {
      query = .direct(
        weights.matrix("\(prefix).q_proj.weight", c.numAttentionHeads * qkHeadDim, c.hiddenSize))
    }
    return LatentAttention(
      heads: c.numAttentionHeads, qkNopeHeadDim: c.qkNopeHeadDim, qkRopeHeadDim: c.qkRopeHeadDim,
      vHeadDim: c.vHeadDim, kvLoraRank: c.kvLoraRank, query: query,
      kvDown: weights.matrix(
        "\(prefix).kv_a_proj_with_mqa.weight", c.kvLoraRank + c.qkRopeHeadDim, c.hiddenSize),
      kvNorm: norm(
        "\(prefix).kv_a_layernorm.weight", width: c.kvLoraRank, epsilon: 1e-6, from: weights),
      kvUp: keyValueUp(prefix, from: weights),
      output: weights.matrix(
        "\(prefix).o_proj.weight", c.hiddenSize, c.numAttentionHeads * c.vHeadDim),
      softmaxScale: 1 / Float(qkHeadDim).squareRoot() * c.rotary.softmaxFactor,
      ropeInterleave: c.ropeInterleave, indexer: indexer?(prefix, weights))
  }

  /// GGUF files hold keys and values apart, the key part transposed; official checkpoints hold them as one.
  private func keyValueUp(_ prefix: String, from weights: WeightReader)
    -> LatentAttention.KeyValueUp
  {
    let c = config
    guard weights.has("\(prefix).k_b_proj.weight") else {
      return .joint(
        weights.matrix(
          "\(prefix).kv_b_proj.weight", c.numAttentionHeads * (c.qkNopeHeadDim + c.vHeadDim),
          c.kvLoraRank, use: .anyOrder))
    }
    let isAligned = c.kvLoraRank % 16 == 0 && c.vHeadDim % 16 == 0
    return .split(
      key: weights.matrix(
        "\(prefix).k_b_proj.weight", c.numAttentionHeads * c.kvLoraRank, c.qkNopeHeadDim,
        use: isAligned ? .product : .anyOrder),
      value: weights.matrix(
        "\(prefix).v_b_proj.weight", c.numAttentionHeads * c.vHeadDim, c.kvLoraRank,
        use: isAligned ? .product : .anyOrder))
  }

  private func mixture(_ prefix: String, from weights: WeightReader) -> MixtureOfExperts {
    let c = config
    let router = Router(
      weight: weights.matrix(
        "\(prefix).gate.weight", c.nRoutedExperts, c.hiddenSize, isQuantizable: false),
      bias: routing.hasBias
        ? weights.vector("\(prefix).gate.e_score_correction_bias", c.nRoutedExperts) : nil,
      scoring: routing.scoring, groupScore: routing.groupScore,
      groups: routing.isGrouped ? c.nGroup : 1, groupsChosen: c.topkGroup,
      expertsChosen: c.numExpertsPerTok, normalizesWeights: routing.normalizesWeights,
      scalingFactor: Float(c.routedScalingFactor))
    return MixtureOfExperts(
      router: router,
      experts: weights.untilOverflow(0..<c.nRoutedExperts) { expert in
        weights.swiglu(
          "\(prefix).experts.\(expert)", hidden: c.hiddenSize,
          intermediate: c.moeIntermediateSize, limit: c.swigluLimit)
      },
      shared: c.nSharedExperts == 0
        ? nil
        : weights.swiglu(
          "\(prefix).shared_experts", hidden: c.hiddenSize,
          intermediate: c.moeIntermediateSize * c.nSharedExperts, limit: c.swigluLimit))
  }

  /// The module behind the last layer. Checkpoints converted by other tools often leave it out although the config
  /// announces it; then there is none.
  private func mtp(_ decoder: Decoder, from weights: WeightReader) -> MultiTokenPrediction? {
    let prefix = "model.layers.\(config.numHiddenLayers)"
    // Modules beyond the one that drafts, or that the config does not announce, are not used.
    for module in (config.numNextnPredictLayers > 0 ? 1 : 0)..<16 {
      let unused = "model.layers.\(config.numHiddenLayers + module)."
      if weights.has(unused + "eh_proj.weight") { weights.ignore(unused) }
    }
    guard config.numNextnPredictLayers > 0, weights.hasTensors(under: prefix) else { return nil }
    func ownOrShared(_ name: String, _ shared: Matrix) -> Matrix {
      weights.has("\(prefix).\(name)")
        ? weights.matrix("\(prefix).\(name)", shared.rows, shared.columns) : shared
    }
    return MultiTokenPrediction(
      embedding: ownOrShared("embed_tokens.weight", decoder.embedding),
      embeddingNorm: norm("\(prefix).enorm.weight", width: config.hiddenSize, from: weights),
      hiddenNorm: norm("\(prefix).hnorm.weight", width: config.hiddenSize, from: weights),
      projection: weights.matrix(
        "\(prefix).eh_proj.weight", config.hiddenSize, 2 * config.hiddenSize),
      layer: decoderLayer(
        config.numHiddenLayers, isRouted: config.nRoutedExperts > 0, from: weights),
      norm: norm("\(prefix).shared_head.norm.weight", width: config.hiddenSize, from: weights),
      head: ownOrShared("shared_head.head.weight", decoder.head))
  }
}
