import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors

/// Builds networks in training and lists their parameters under the official names.
package struct NetworkBuilder {
  package private(set) var table = ParameterTable()
  private var mixtures = 0
  private let adapters: Adapters?

  /// Low-rank factors beside every linear map of the layers.
  package struct Adapters: Sendable {
    package var rank: Int
    package var alpha: Double

    package init(rank: Int, alpha: Double) {
      self.rank = rank
      self.alpha = alpha
    }
  }

  /// - Parameter adapters: nil for a network whose own weights train.
  package init(adapters: Adapters? = nil) { self.adapters = adapters }

  /// - Throws: `InputError` for an architecture that cannot be trained.
  package mutating func network(_ blueprint: any Blueprint) throws -> TrainableNetwork {
    switch blueprint {
    case let deepSeek as DeepSeekBlueprint where deepSeek.indexer == nil: network(deepSeek)
    case let dense as DenseBlueprint: network(dense)
    default:
      throw InputError(
        "config.json, \"model_type\"", expected: "an architecture that can be trained",
        found: blueprint.shape.modelType)
    }
  }

  /// - Parameter sharedBy: how many maps of its kind a token meets: they share the rank of an adapter.
  private mutating func linear(
    _ name: String, _ rows: Int, _ columns: Int, hasBias: Bool = false, sharedBy: Int = 1
  ) -> Linear {
    var linear = Linear(
      table.add("\(name).weight", [rows, columns], .matrix),
      bias: hasBias ? table.add("\(name).bias", [rows], .bias) : nil)
    if let adapters {
      let rank = max(1, adapters.rank / sharedBy)
      linear.adapter = Linear.Adapter(
        down: table.add("\(name).lora_A.weight", [rank, columns], .adapterDown),
        up: table.add("\(name).lora_B.weight", [rows, rank], .adapterUp),
        scale: Float(adapters.alpha / Double(rank)))
    }
    return linear
  }

  private mutating func norm(_ name: String, _ width: Int, epsilon: Double) -> TrainableNorm {
    TrainableNorm(weight: table.add("\(name).weight", [width], .norm), epsilon: Float(epsilon))
  }

  private mutating func swiglu(
    _ prefix: String, hidden: Int, intermediate: Int, limit: Float = .infinity, sharedBy: Int = 1
  ) -> TrainableSwiGLU {
    TrainableSwiGLU(
      gate: linear("\(prefix).gate_proj", intermediate, hidden, sharedBy: sharedBy),
      up: linear("\(prefix).up_proj", intermediate, hidden, sharedBy: sharedBy),
      down: linear("\(prefix).down_proj", hidden, intermediate, sharedBy: sharedBy),
      limit: limit)
  }
}

// DeepSeek.
extension NetworkBuilder {
  private mutating func network(_ blueprint: DeepSeekBlueprint) -> TrainableNetwork {
    let c = blueprint.config
    let embedding = table.add("model.embed_tokens.weight", [c.vocabSize, c.hiddenSize], .embedding)
    let layers = (0..<c.numHiddenLayers).map { layer in
      self.layer(
        "model.layers.\(layer)", blueprint, isRouted: c.isRouted(layer))
    }
    let norm = norm("model.norm", c.hiddenSize, epsilon: c.rmsNormEps)
    let head =
      c.tieWordEmbeddings
      ? embedding : table.add("lm_head.weight", [c.vocabSize, c.hiddenSize], .head)
    return TrainableNetwork(
      embedding: TrainableEmbedding(weight: embedding), layers: layers, norm: norm,
      head: TrainableHead(weight: head), rotary: c.rotary,
      mtp: c.numNextnPredictLayers > 0 ? mtp(blueprint) : nil, hiddenSize: c.hiddenSize,
      vocabularySize: c.vocabSize)
  }

  private mutating func mtp(_ blueprint: DeepSeekBlueprint) -> TrainableMTP {
    let c = blueprint.config
    let prefix = "model.layers.\(c.numHiddenLayers)"
    return TrainableMTP(
      embeddingNorm: norm("\(prefix).enorm", c.hiddenSize, epsilon: c.rmsNormEps),
      hiddenNorm: norm("\(prefix).hnorm", c.hiddenSize, epsilon: c.rmsNormEps),
      projection: linear("\(prefix).eh_proj", c.hiddenSize, 2 * c.hiddenSize),
      layer: layer(prefix, blueprint, isRouted: c.nRoutedExperts > 0),
      norm: norm("\(prefix).shared_head.norm", c.hiddenSize, epsilon: c.rmsNormEps))
  }

  private mutating func layer(_ prefix: String, _ blueprint: DeepSeekBlueprint, isRouted: Bool)
    -> TrainableLayer
  {
    let c = blueprint.config
    return TrainableLayer(
      inputNorm: norm("\(prefix).input_layernorm", c.hiddenSize, epsilon: c.rmsNormEps),
      attention: attention("\(prefix).self_attn", c),
      postAttentionNorm: norm(
        "\(prefix).post_attention_layernorm", c.hiddenSize, epsilon: c.rmsNormEps),
      feedForward: isRouted
        ? .routed(mixture("\(prefix).mlp", blueprint))
        : .dense(
          swiglu(
            "\(prefix).mlp", hidden: c.hiddenSize, intermediate: c.intermediateSize,
            limit: c.swigluLimit)))
  }

  private mutating func attention(_ prefix: String, _ c: DeepSeekConfiguration)
    -> TrainableLatentAttention
  {
    let qkHeadDim = c.qkNopeHeadDim + c.qkRopeHeadDim
    let query: TrainableLatentAttention.Query
    if let rank = c.qLoraRank {
      query = .latent(
        down: linear("\(prefix).q_a_proj", rank, c.hiddenSize),
        norm: norm("\(prefix).q_a_layernorm", rank, epsilon: 1e-6),
        up: linear("\(prefix).q_b_proj", c.numAttentionHeads * qkHeadDim, rank))
    } else {
      query = .direct(
        linear("\(prefix).q_proj", c.numAttentionHeads * qkHeadDim, c.hiddenSize))
    }
    return TrainableLatentAttention(
      heads: c.numAttentionHeads, qkNopeHeadDim: c.qkNopeHeadDim, qkRopeHeadDim: c.qkRopeHeadDim,
      vHeadDim: c.vHeadDim, kvLoraRank: c.kvLoraRank, query: query,
      kvDown: linear(
        "\(prefix).kv_a_proj_with_mqa", c.kvLoraRank + c.qkRopeHeadDim, c.hiddenSize),
      kvNorm: norm("\(prefix).kv_a_layernorm", c.kvLoraRank, epsilon: 1e-6),
      kvUp: linear(
        "\(prefix).kv_b_proj", c.numAttentionHeads * (c.qkNopeHeadDim + c.vHeadDim), c.kvLoraRank),
      output: linear("\(prefix).o_proj", c.hiddenSize, c.numAttentionHeads * c.vHeadDim),
      softmaxScale: 1 / Float(qkHeadDim).squareRoot() * c.rotary.softmaxFactor,
      ropeInterleave: c.ropeInterleave)
  }

  private mutating func mixture(_ prefix: String, _ blueprint: DeepSeekBlueprint)
    -> TrainableMixture
  {
    let c = blueprint.config
    let router = TrainableRouter(
      weight: table.add("\(prefix).gate.weight", [c.nRoutedExperts, c.hiddenSize], .router),
      bias: blueprint.routing.hasBias
        ? table.add("\(prefix).gate.e_score_correction_bias", [c.nRoutedExperts], .balance) : nil,
      rule: blueprint.routing, experts: c.nRoutedExperts,
      groups: blueprint.routing.isGrouped ? c.nGroup : 1, groupsChosen: c.topkGroup,
      expertsChosen: c.numExpertsPerTok, scalingFactor: Float(c.routedScalingFactor),
      place: mixtures)
    mixtures += 1
    let experts = (0..<c.nRoutedExperts).map { expert in
      swiglu(
        "\(prefix).experts.\(expert)", hidden: c.hiddenSize, intermediate: c.moeIntermediateSize,
        limit: c.swigluLimit, sharedBy: c.numExpertsPerTok)
    }
    let shared =
      c.nSharedExperts == 0
      ? nil
      : swiglu(
        "\(prefix).shared_experts", hidden: c.hiddenSize,
        intermediate: c.moeIntermediateSize * c.nSharedExperts, limit: c.swigluLimit)
    return TrainableMixture(router: router, experts: experts, shared: shared)
  }
}

// Qwen2 and Llama.
extension NetworkBuilder {
  private mutating func network(_ blueprint: DenseBlueprint) -> TrainableNetwork {
    let c = blueprint
    let embedding = table.add("model.embed_tokens.weight", [c.vocabSize, c.hiddenSize], .embedding)
    let layers = (0..<c.numHiddenLayers).map { layer("model.layers.\($0)", c) }
    let norm = norm("model.norm", c.hiddenSize, epsilon: c.rmsNormEps)
    let head =
      c.tieWordEmbeddings
      ? embedding : table.add("lm_head.weight", [c.vocabSize, c.hiddenSize], .head)
    return TrainableNetwork(
      embedding: TrainableEmbedding(weight: embedding), layers: layers, norm: norm,
      head: TrainableHead(weight: head), rotary: c.rotary, mtp: nil, hiddenSize: c.hiddenSize,
      vocabularySize: c.vocabSize)
  }

  private mutating func layer(_ prefix: String, _ c: DenseBlueprint) -> TrainableLayer {
    let (q, kv) = (c.numAttentionHeads * c.headDim, c.numKeyValueHeads * c.headDim)
    let attention = "\(prefix).self_attn"
    return TrainableLayer(
      inputNorm: norm("\(prefix).input_layernorm", c.hiddenSize, epsilon: c.rmsNormEps),
      attention: TrainableGroupedAttention(
        heads: c.numAttentionHeads, keyHeads: c.numKeyValueHeads, headDim: c.headDim,
        query: linear("\(attention).q_proj", q, c.hiddenSize, hasBias: c.queryKeyValueBias),
        key: linear("\(attention).k_proj", kv, c.hiddenSize, hasBias: c.queryKeyValueBias),
        value: linear("\(attention).v_proj", kv, c.hiddenSize, hasBias: c.queryKeyValueBias),
        output: linear("\(attention).o_proj", c.hiddenSize, q, hasBias: c.outputBias),
        softmaxScale: 1 / Float(c.headDim).squareRoot(), ropeInterleave: c.ropeInterleave),
      postAttentionNorm: norm(
        "\(prefix).post_attention_layernorm", c.hiddenSize, epsilon: c.rmsNormEps),
      feedForward: .dense(
        swiglu("\(prefix).mlp", hidden: c.hiddenSize, intermediate: c.intermediateSize)))
  }
}
