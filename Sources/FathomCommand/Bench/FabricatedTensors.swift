import Fathom

/// A tensor of a fabricated network: where it stands, and what its values are like.
struct FabricatedTensor {
  let name: String
  /// As GGUF counts dimensions: neighbouring values first.
  let dimensions: [Int]
  let format: WeightFormat
  let distribution: RandomWeights.Distribution

  var values: Int { dimensions.reduce(1, *) }
  var byteCount: Int { format.byteCount(values: values) }
}

/// The tensors of a network under the names GGUF files give them.
///
/// Matrices have a deviation of 1/√inputs, so that what goes through them keeps its size and, over all layers,
/// neither explodes nor vanishes.
struct FabricatedTensors {
  private(set) var all: [FabricatedTensor] = []
  private let format: WeightFormat

  init(_ network: FabricatedNetwork, format: WeightFormat) {
    self.format = format
    switch network {
    case .deepSeek(let dimensions): addDeepSeek(dimensions)
    case .dense(let dimensions): addDense(dimensions)
    }
  }

  private mutating func addDeepSeek(_ d: DeepSeekDimensions) {
    addEnds(vocabulary: d.vocabulary, hidden: d.hidden)
    for layer in 0..<d.layers {
      let block = "blk.\(layer)"
      norm("\(block).attn_norm", d.hidden)
      norm("\(block).ffn_norm", d.hidden)
      addLatentAttention(block, d)
      if layer < d.denseLayers {
        gated(block, "", hidden: d.hidden, intermediate: d.intermediate)
      } else {
        addExperts(block, d)
      }
    }
  }

  private mutating func addLatentAttention(_ block: String, _ d: DeepSeekDimensions) {
    let queryWidth = d.heads * (d.qkNope + d.qkRope)
    if let rank = d.qLoraRank {
      matrix("\(block).attn_q_a", d.hidden, rank)
      norm("\(block).attn_q_a_norm", rank)
      matrix("\(block).attn_q_b", rank, queryWidth)
    } else {
      matrix("\(block).attn_q", d.hidden, queryWidth)
    }
    matrix("\(block).attn_kv_a_mqa", d.hidden, d.kvLoraRank + d.qkRope)
    norm("\(block).attn_kv_a_norm", d.kvLoraRank)
    // Stored transposed, for the absorbed form; its inputs are the latent all the same.
    tensor(
      "\(block).attn_k_b.weight", [d.qkNope, d.kvLoraRank, d.heads], inputs: d.kvLoraRank)
    tensor("\(block).attn_v_b.weight", [d.kvLoraRank, d.vHead, d.heads], inputs: d.kvLoraRank)
    matrix("\(block).attn_output", d.heads * d.vHead, d.hidden)
  }

  private mutating func addExperts(_ block: String, _ d: DeepSeekDimensions) {
    plain(
      "\(block).ffn_gate_inp.weight", [d.hidden, d.experts],
      RandomWeights.Distribution(deviation: 1 / Float(d.hidden).squareRoot()))
    if case .sigmoid = d.routing {
      plain(
        "\(block).exp_probs_b.bias", [d.experts], RandomWeights.Distribution(deviation: 0.03))
    }
    let inner = d.moeIntermediate
    for name in ["gate", "up"] {
      tensor(
        "\(block).ffn_\(name)_exps.weight", [d.hidden, inner, d.experts], inputs: d.hidden)
    }
    tensor("\(block).ffn_down_exps.weight", [inner, d.hidden, d.experts], inputs: inner)
    gated(block, "_shexp", hidden: d.hidden, intermediate: inner * d.sharedExperts)
  }

  private mutating func addDense(_ d: DenseDimensions) {
    addEnds(vocabulary: d.vocabulary, hidden: d.hidden)
    for layer in 0..<d.layers {
      let block = "blk.\(layer)"
      norm("\(block).attn_norm", d.hidden)
      norm("\(block).ffn_norm", d.hidden)
      for (name, heads) in [("q", d.heads), ("k", d.keyValueHeads), ("v", d.keyValueHeads)] {
        matrix("\(block).attn_\(name)", d.hidden, heads * d.headWidth)
        plain(
          "\(block).attn_\(name).bias", [heads * d.headWidth],
          RandomWeights.Distribution(deviation: 0.1))
      }
      matrix("\(block).attn_output", d.heads * d.headWidth, d.hidden)
      gated(block, "", hidden: d.hidden, intermediate: d.intermediate)
    }
  }

  private mutating func addEnds(vocabulary: Int, hidden: Int) {
    tensor("token_embd.weight", [hidden, vocabulary], inputs: 1)
    norm("output_norm", hidden)
    matrix("output", hidden, vocabulary)
  }

  private mutating func gated(_ block: String, _ suffix: String, hidden: Int, intermediate: Int) {
    matrix("\(block).ffn_gate\(suffix)", hidden, intermediate)
    matrix("\(block).ffn_up\(suffix)", hidden, intermediate)
    matrix("\(block).ffn_down\(suffix)", intermediate, hidden)
  }

  private mutating func matrix(_ name: String, _ inputs: Int, _ outputs: Int) {
    tensor("\(name).weight", [inputs, outputs], inputs: inputs)
  }

  private mutating func tensor(_ name: String, _ dimensions: [Int], inputs: Int) {
    all.append(
      FabricatedTensor(
        name: name, dimensions: dimensions, format: format,
        distribution: RandomWeights.Distribution(deviation: 1 / Float(inputs).squareRoot())))
  }

  private mutating func norm(_ name: String, _ width: Int) {
    plain("\(name).weight", [width], RandomWeights.Distribution(mean: 1, deviation: 0.1))
  }

  private mutating func plain(
    _ name: String, _ dimensions: [Int], _ distribution: RandomWeights.Distribution
  ) {
    all.append(
      FabricatedTensor(
        name: name, dimensions: dimensions, format: .f32, distribution: distribution))
  }
}
