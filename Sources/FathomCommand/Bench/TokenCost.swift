import Fathom

/// What a token costs by the definition of the network: bytes to read and operations to do.
///
/// Bytes are those of the stored weights and cached rows that a step must read at least once, shared by its tokens.
/// Operations are multiplications and additions with weights and between queries and cached tokens, counted for
/// attention over expanded heads whatever form runs.
struct TokenCost {
  /// Bytes of weights that every step reads, of one expert in all layers, and of the output head.
  private let commonBytes: Int
  private let expertBytes: Double
  private let headBytes: Int
  /// Values of weights that every token meets, and of the head.
  private let activeValues: Int
  private let headValues: Int
  private let attentionValues: Int
  private let cacheBytes: Int

  init(_ model: Model, cacheType: CacheType) {
    let shape = model.shape
    let mtp = ["model.layers.\(shape.numHiddenLayers).", "blk.\(shape.numHiddenLayers)."]
    let tensors = model.checkpoint.tensors.values.filter { tensor in
      !mtp.contains { tensor.name.hasPrefix($0) }
    }
    func isExpert(_ name: String) -> Bool {
      name.contains(".mlp.experts.") || name.contains("_exps.")
    }
    func sum(_ value: (StoredTensor) -> Int, where holds: (String) -> Bool) -> Int {
      tensors.reduce(0) { holds($1.name) ? $0 + value($1) : $0 }
    }
    func values(_ tensor: StoredTensor) -> Int { tensor.shape.reduce(1, *) }
    let embeddingNames = ["model.embed_tokens.weight", "token_embd.weight"]
    let headNames = ["lm_head.weight", "output.weight"]
    let isTied = !tensors.contains { headNames.contains($0.name) }
    let isHead: (String) -> Bool = { (isTied ? embeddingNames : headNames).contains($0) }
    let isCommon: (String) -> Bool = {
      !isExpert($0) && !embeddingNames.contains($0) && !headNames.contains($0)
    }
    let experts = max(shape.nRoutedExperts, 1)
    commonBytes = sum(\.byteCount, where: isCommon)
    expertBytes = Double(sum(\.byteCount, where: isExpert)) / Double(experts)
    headBytes = sum(\.byteCount, where: isHead)
    activeValues =
      sum(values, where: isCommon) + sum(values, where: isExpert) / experts * shape.numExpertsPerTok
    headValues = sum(values, where: isHead)
    attentionValues = shape.plainAttentionValuesPerToken
    cacheBytes = model.cacheLayout(cacheType).bytesPerToken
  }

  /// - Parameters:
  ///   - steps: steps that share the tokens.
  ///   - tokens: new tokens of all sequences together.
  ///   - expertsRead: experts that one step reads in each layer.
  ///   - cached: tokens that a new one looks at, on average.
  ///   - heads: how many logits are computed.
  func bytesPerToken(
    steps: Int, tokens: Int, expertsRead: Double, batch: Int, cached: Double, heads: Int
  ) -> Double {
    let weights = Double(commonBytes) + expertBytes * expertsRead
    let cache = Double(cacheBytes) * cached * Double(batch)
    let head = Double(headBytes) * Double(min(steps, heads))
    return (Double(steps) * (weights + cache) + head) / Double(tokens)
  }

  func operationsPerToken(tokens: Int, cached: Double, heads: Int) -> Double {
    2 * (Double(activeValues) + Double(attentionValues) * cached)
      + 2 * Double(headValues) * Double(heads) / Double(tokens)
  }
}
