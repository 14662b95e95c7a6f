import FathomCheckpoints
import FathomCore
import FathomTensors

/// Dense decoders with grouped queries, as the R1 distills use them, in the words of `config.json`.
package struct DenseBlueprint: Blueprint {
  package let modelType: String
  package let vocabSize: Int
  package let hiddenSize: Int
  package let intermediateSize: Int
  package let numHiddenLayers: Int
  package let numAttentionHeads: Int
  package let numKeyValueHeads: Int
  package let headDim: Int
  package let maxPositionEmbeddings: Int
  package let rmsNormEps: Double
  package let tieWordEmbeddings: Bool
  package let rotary: RotaryEmbedding
  /// Whether rotary channels turn as neighbouring pairs; otherwise as halves.
  package let ropeInterleave: Bool
  /// Which projections of the attention have a bias.
  package let queryKeyValueBias: Bool
  package let outputBias: Bool

  package init(_ config: ConfigurationReader, queryKeyValueBias: Bool, outputBias: Bool) throws {
    modelType = try config.string("model_type")
    vocabSize = try config.int("vocab_size", in: 1...(1 << 24))
    hiddenSize = try config.int("hidden_size", in: 1...(1 << 20))
    intermediateSize = try config.int("intermediate_size", in: 1...(1 << 24))
    numHiddenLayers = try config.int("num_hidden_layers", in: 1...(1 << 14))
    numAttentionHeads = try config.int("num_attention_heads", in: 1...(1 << 14))
    numKeyValueHeads =
      try config.optionalInt("num_key_value_heads", in: 1...numAttentionHeads)
      ?? numAttentionHeads
    guard numAttentionHeads % numKeyValueHeads == 0 else {
      throw config.error(
        "num_key_value_heads", expected: "a divisor of num_attention_heads (\(numAttentionHeads))")
    }
    let explicit = try config.optionalInt("head_dim", in: 2...(1 << 14))
    headDim = explicit ?? hiddenSize / numAttentionHeads
    guard headDim > 0, headDim % 2 == 0 else {
      throw InputError(
        config.place(explicit == nil ? "num_attention_heads" : "head_dim"),
        expected: "heads of an even width", found: "\(headDim)")
    }
    maxPositionEmbeddings = try config.int("max_position_embeddings", in: 1...(1 << 30))
    rmsNormEps = try config.double("rms_norm_eps", in: 0...1, default: 1e-6)
    tieWordEmbeddings = try config.bool("tie_word_embeddings", default: false)
    rotary = RotaryEmbedding(
      try RopeConfiguration(config).fitting(width: headDim, in: config), width: headDim)
    ropeInterleave = try config.bool("rope_interleave", default: false)
    self.queryKeyValueBias = queryKeyValueBias
    self.outputBias = outputBias
    _ = try config.string("hidden_act", oneOf: ["silu"], default: "silu")
    try config.requireOff("mlp_bias")
  }

  package var shape: ModelShape {
    ModelShape(
      modelType: modelType, hiddenSize: hiddenSize, numHiddenLayers: numHiddenLayers,
      numAttentionHeads: numAttentionHeads, vocabSize: vocabSize,
      maxPositionEmbeddings: maxPositionEmbeddings, nRoutedExperts: 0, numExpertsPerTok: 0,
      nSharedExperts: 0, numNextnPredictLayers: 0,
      plainAttentionValuesPerToken: numHiddenLayers * numAttentionHeads * headDim * 2)
  }

  /// The keys of all key heads, then their values.
  package var cacheParts: [[Int]] {
    [[Int]](
      repeating: [Int](repeating: headDim, count: 2 * numKeyValueHeads), count: numHiddenLayers)
  }

  package func build(from weights: WeightReader) throws -> Network {
    let embedding = weights.matrix(
      "model.embed_tokens.weight", vocabSize, hiddenSize,
      use: tieWordEmbeddings ? .product : .lookup)
    var layers: [DecoderLayer] = []
    for layer in 0..<numHiddenLayers {
      layers.append(decoderLayer("model.layers.\(layer)", from: weights))
      try weights.checkProgress()
    }
    // A tied checkpoint may store the head once more; it is the same matrix then.
    if tieWordEmbeddings { weights.ignore("lm_head.weight") }
    return Network(
      decoder: Decoder(
        embedding: embedding, layers: layers, norm: norm("model.norm.weight", from: weights),
        head: tieWordEmbeddings
          ? embedding : weights.matrix("lm_head.weight", vocabSize, hiddenSize),
        rotary: rotary),
      mtp: nil)
  }

  private func norm(_ name: String, from weights: WeightReader) -> RMSNorm {
    RMSNorm(weight: weights.vector(name, hiddenSize), epsilon: Float(rmsNormEps))
  }

  private func decoderLayer(_ prefix: String, from weights: WeightReader) -> DecoderLayer {
    func projection(_ name: String, _ rows: Int, _ columns: Int, bias: Bool)
      -> GroupedQueryAttention.Projection
    {
      GroupedQueryAttention.Projection(
        weight: weights.matrix("\(prefix).self_attn.\(name).weight", rows, columns),
        bias: bias ? weights.vector("\(prefix).self_attn.\(name).bias", rows) : nil)
    }
    let (q, kv) = (numAttentionHeads * headDim, numKeyValueHeads * headDim)
    return DecoderLayer(
      inputNorm: norm("\(prefix).input_layernorm.weight", from: weights),
      attention: GroupedQueryAttention(
        heads: numAttentionHeads, keyHeads: numKeyValueHeads, headDim: headDim,
        query: projection("q_proj", q, hiddenSize, bias: queryKeyValueBias),
        key: projection("k_proj", kv, hiddenSize, bias: queryKeyValueBias),
        value: projection("v_proj", kv, hiddenSize, bias: queryKeyValueBias),
        output: projection("o_proj", hiddenSize, q, bias: outputBias),
        softmaxScale: 1 / Float(headDim).squareRoot(), ropeInterleave: ropeInterleave),
      postAttentionNorm: norm("\(prefix).post_attention_layernorm.weight", from: weights),
      feedForward: weights.swiglu(
        "\(prefix).mlp", hidden: hiddenSize, intermediate: intermediateSize))
  }
}
