import FathomCheckpoints
import FathomTensors

/// A network that exists to price techniques: of one size whatever it is made of, from weights that someone makes up.
///
/// A dense decoder with full multi-head attention is the beginning; routed experts, latent attention and a multi-token
/// prediction module can take the places of its parts. Experts hold as many weights as the dense network they replace.
package struct AblatedNetwork: Sendable {
  /// What it is made of.
  package struct Techniques: Sendable, Equatable {
    package var hasExperts: Bool
    package var hasLatentAttention: Bool
    package var predictsSecondToken: Bool

    package init(hasExperts: Bool, hasLatentAttention: Bool, predictsSecondToken: Bool) {
      self.hasExperts = hasExperts
      self.hasLatentAttention = hasLatentAttention
      self.predictsSecondToken = predictsSecondToken
    }
  }

  /// Sizes all variants share.
  package struct Shape: Sendable {
    package var vocabulary = 8192
    package var hidden = 1024
    package var layers = 8
    package var heads = 16
    package var headWidth = 128
    package var intermediate = 12800
    /// As many expert networks, one of them shared, hold what the dense one does.
    package var experts = 24
    package var expertsPerToken = 3
    package var moeIntermediate = 512
    package var kvLoraRank = 512
    package var rotaryWidth = 64

    package init() {}
  }

  /// Makes a matrix of random weights, in bf16 where it `isSensitive`, as embeddings and routers are.
  package typealias MakeMatrix = (_ rows: Int, _ columns: Int, _ isSensitive: Bool) throws -> Matrix

  package let decoder: Decoder
  package let mtp: MultiTokenPrediction?
  /// Widths of the parts that one token leaves in the cache, for each layer.
  package let cacheParts: [[Int]]

  private let mover: WeightMover

  /// Makes all weights and puts them where those of a loaded model would be.
  package init(
    _ shape: Shape, _ techniques: Techniques, makeMatrix: @escaping MakeMatrix
  ) throws {
    let builder = Builder(shape: shape, techniques: techniques, makeMatrix: makeMatrix)
    decoder = try builder.decoder()
    mtp = techniques.predictsSecondToken ? try builder.mtp(behind: decoder) : nil
    mover = WeightMover(builder.movable, placement: .resident(), threads: 1)
    mover.wait()
    let row =
      techniques.hasLatentAttention
      ? [shape.kvLoraRank, shape.rotaryWidth]
      : [Int](repeating: shape.headWidth, count: 2 * shape.heads)
    cacheParts = [[Int]](repeating: row, count: shape.layers)
  }

  package func cacheLayout(_ type: CacheType) -> CacheLayout {
    CacheLayout(layers: cacheParts, type: type)
  }

  /// Values of all matrices.
  package var parameterCount: Int {
    var count = decoder.embedding.values
    for matrix in decoder.matrices(experts: nil) { count += matrix.values }
    for matrix in mtp?.matrices(experts: nil) ?? [] { count += matrix.values }
    return count
  }

  /// Bytes of the weights that a step of one sequence reads if it chooses so many experts in each layer.
  package func readBytes(experts: Int) -> Int {
    decoder.matrices(experts: experts).reduce(0) { $0 + $1.byteCount }
  }

  /// Bytes of the weights that the prediction module reads for one guess, the head included.
  package func mtpReadBytes(experts: Int) -> Int {
    guard let mtp else { return 0 }
    return mtp.matrices(experts: experts).reduce(mtp.head.byteCount) { $0 + $1.byteCount }
  }
}

/// Puts the parts together, and notes the matrices that may move.
private final class Builder {
  private let shape: AblatedNetwork.Shape
  private let techniques: AblatedNetwork.Techniques
  private let makeMatrix: AblatedNetwork.MakeMatrix
  private(set) var movable: [WeightMover.Candidate] = []

  init(
    shape: AblatedNetwork.Shape, techniques: AblatedNetwork.Techniques,
    makeMatrix: @escaping AblatedNetwork.MakeMatrix
  ) {
    self.shape = shape
    self.techniques = techniques
    self.makeMatrix = makeMatrix
  }

  private func product(_ rows: Int, _ columns: Int, isSensitive: Bool = false) throws -> Matrix {
    let matrix = try makeMatrix(rows, columns, isSensitive)
    movable.append(WeightMover.Candidate(matrix: matrix, isPackable: true))
    return matrix
  }

  func decoder() throws -> Decoder {
    let rotary = RotaryEmbedding(
      RopeConfiguration(theta: 10000, scaling: .none),
      width: techniques.hasLatentAttention ? shape.rotaryWidth : shape.headWidth)
    return try Decoder(
      embedding: makeMatrix(shape.vocabulary, shape.hidden, true),
      layers: (0..<shape.layers).map { _ in try layer(hasExperts: techniques.hasExperts) },
      norm: norm(shape.hidden), head: product(shape.vocabulary, shape.hidden),
      rotary: rotary)
  }

  /// One more layer like the others, with the decoder's embedding and head.
  func mtp(behind decoder: Decoder) throws -> MultiTokenPrediction {
    try MultiTokenPrediction(
      embedding: decoder.embedding, embeddingNorm: norm(shape.hidden),
      hiddenNorm: norm(shape.hidden),
      projection: product(shape.hidden, 2 * shape.hidden),
      layer: layer(hasExperts: techniques.hasExperts),
      norm: norm(shape.hidden), head: decoder.head)
  }

  private func layer(hasExperts: Bool) throws -> DecoderLayer {
    try DecoderLayer(
      inputNorm: norm(shape.hidden),
      attention: techniques.hasLatentAttention ? latentAttention() : multiHeadAttention(),
      postAttentionNorm: norm(shape.hidden),
      feedForward: hasExperts ? experts() : swiglu(shape.intermediate))
  }

  private func multiHeadAttention() throws -> any Attention {
    let width = shape.heads * shape.headWidth
    func projection(_ rows: Int, _ columns: Int) throws -> GroupedQueryAttention.Projection {
      try GroupedQueryAttention.Projection(weight: product(rows, columns), bias: nil)
    }
    return try GroupedQueryAttention(
      heads: shape.heads, keyHeads: shape.heads, headDim: shape.headWidth,
      query: projection(width, shape.hidden), key: projection(width, shape.hidden),
      value: projection(width, shape.hidden), output: projection(shape.hidden, width),
      softmaxScale: 1 / Float(shape.headWidth).squareRoot(), ropeInterleave: false)
  }

  private func latentAttention() throws -> any Attention {
    let (heads, width, rank) = (shape.heads, shape.headWidth, shape.kvLoraRank)
    let queryWidth = width + shape.rotaryWidth
    return try LatentAttention(
      heads: heads, qkNopeHeadDim: width, qkRopeHeadDim: shape.rotaryWidth, vHeadDim: width,
      kvLoraRank: rank, query: .direct(product(heads * queryWidth, shape.hidden)),
      kvDown: product(rank + shape.rotaryWidth, shape.hidden), kvNorm: norm(rank),
      kvUp: .split(
        key: product(heads * rank, width),
        value: product(heads * width, rank)),
      output: product(shape.hidden, heads * width),
      softmaxScale: 1 / Float(queryWidth).squareRoot(), ropeInterleave: true, indexer: nil)
  }

  private func experts() throws -> any FeedForward {
    try MixtureOfExperts(
      router: Router(
        weight: product(shape.experts, shape.hidden, isSensitive: true), bias: nil,
        scoring: .softmax,
        groupScore: .best, groups: 1, groupsChosen: 1, expertsChosen: shape.expertsPerToken,
        normalizesWeights: true, scalingFactor: 1),
      experts: (0..<shape.experts).map { _ in try swiglu(shape.moeIntermediate) },
      shared: swiglu(shape.moeIntermediate))
  }

  private func swiglu(_ intermediate: Int) throws -> SwiGLU {
    try SwiGLU(
      gate: product(intermediate, shape.hidden),
      up: product(intermediate, shape.hidden),
      down: product(shape.hidden, intermediate), limit: .infinity)
  }

  private func norm(_ width: Int) -> RMSNorm {
    RMSNorm(weight: Buffer([Float](repeating: 1, count: width)), epsilon: 1e-6)
  }
}

extension Matrix {
  fileprivate var values: Int { rows * columns }
}

extension Decoder {
  /// All matrices but the embedding, with so many experts of each layer; nil means all.
  fileprivate func matrices(experts: Int?) -> [Matrix] {
    layers.flatMap { $0.matrices(experts: experts) } + [head]
  }
}

extension MultiTokenPrediction {
  /// Those of its own, with so many experts; nil means all.
  fileprivate func matrices(experts: Int?) -> [Matrix] {
    [projection] + layer.matrices(experts: experts)
  }
}

extension DecoderLayer {
  fileprivate func matrices(experts: Int?) -> [Matrix] {
    var all: [Matrix] = []
    if let attention = attention as? GroupedQueryAttention {
      all += [attention.query, attention.key, attention.value, attention.output].map(\.weight)
    }
    if let attention = attention as? LatentAttention {
      if case .direct(let query) = attention.query { all.append(query) }
      if case .split(let key, let value) = attention.kvUp { all += [key, value] }
      all += [attention.kvDown, attention.output]
    }
    if let mixture = feedForward as? MixtureOfExperts {
      let chosen = mixture.experts.prefix(experts ?? mixture.experts.count)
      all.append(mixture.router.weight)
      all += (chosen + [mixture.shared].compactMap { $0 }).flatMap { [$0.gate, $0.up, $0.down] }
    }
    if let dense = feedForward as? SwiGLU { all += [dense.gate, dense.up, dense.down] }
    return all
  }
}
