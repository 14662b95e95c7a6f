import Fathom

/// A GGUF file of random weights in a published shape, which Fathom and its peers load alike.
struct Fabrication {
  let shape: FabricatedShape
  let format: WeightFormat
  let seed: UInt64

  private static let chunkBytes = 4 << 20

  /// - Parameter progress: called with the bytes written so far, and all of them.
  /// - Throws: `InputError` if the file can't be written; `Interrupted`. Then no file is left.
  func write(
    to path: String, progress: (Int, Int) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }
  ) throws {
    let tensors = FabricatedTensors(shape.network, format: format).all
    let writer = try GGUFWriter(
      path: path, metadata: metadata,
      tensors: tensors.map {
        GGUFWriter.Tensor(
          name: $0.name, dimensions: $0.dimensions, type: $0.format.ggufType,
          byteCount: $0.byteCount)
      })
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.chunkBytes, alignment: 64)
    defer { buffer.deallocate() }
    for (stream, tensor) in tensors.enumerated() {
      let weights = RandomWeights(seed: seed, stream: UInt64(stream))
      let blocks = tensor.byteCount / tensor.format.blockBytes
      let chunk = Self.chunkBytes / tensor.format.blockBytes
      for first in stride(from: 0, to: blocks, by: chunk) {
        if isCancelled() { throw Interrupted() }
        let count = min(chunk, blocks - first) * tensor.format.blockBytes
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        weights.fill(
          bytes, format: tensor.format, firstBlock: first, tensor.distribution)
        try writer.write(UnsafeRawBufferPointer(bytes))
        progress(writer.writtenBytes, writer.tensorBytes)
      }
    }
    try writer.finish()
  }

  private var metadata: [(key: String, value: GGUFWriter.Value)] {
    let general: [(key: String, value: GGUFWriter.Value)] = [
      ("general.type", .string("model")),
      ("general.name", .string("random weights, shape \(shape.rawValue)")),
      ("general.file_type", .u32(format.ggufFileType)),
      ("general.quantization_version", .u32(2)),
    ]
    switch shape.network {
    case .deepSeek(let dimensions):
      var preTokenizer = "deepseek-llm"
      if case .sigmoid = dimensions.routing { preTokenizer = "deepseek-v3" }
      return [("general.architecture", .string("deepseek2"))] + general
        + Self.metadata(of: dimensions)
        + SyntheticVocabulary(count: dimensions.vocabulary).metadata(preTokenizer: preTokenizer)
    case .dense(let dimensions):
      return [("general.architecture", .string("qwen2"))] + general
        + Self.metadata(of: dimensions)
        + SyntheticVocabulary(count: dimensions.vocabulary)
        .metadata(preTokenizer: "deepseek-r1-qwen")
    }
  }

  private static func metadata(of d: DeepSeekDimensions)
    -> [(key: String, value: GGUFWriter.Value)]
  {
    func count(_ value: Int) -> GGUFWriter.Value { .u32(UInt32(value)) }
    var fields: [(key: String, value: GGUFWriter.Value)] = [
      ("block_count", count(d.layers)),
      ("context_length", count(163840)),
      ("embedding_length", count(d.hidden)),
      ("feed_forward_length", count(d.intermediate)),
      ("vocab_size", count(d.vocabulary)),
      ("attention.head_count", count(d.heads)),
      // In the absorbed form all heads share one key and one value, the latent.
      ("attention.head_count_kv", count(1)),
      ("attention.layer_norm_rms_epsilon", .f32(1e-6)),
      // Peers expect the key in networks of other than 26 or 27 layers, and 0 where there is no rank.
      ("attention.q_lora_rank", count(d.qLoraRank ?? 0)),
      ("attention.kv_lora_rank", count(d.kvLoraRank)),
      ("attention.key_length", count(d.kvLoraRank + d.qkRope)),
      ("attention.value_length", count(d.kvLoraRank)),
      ("attention.key_length_mla", count(d.qkNope + d.qkRope)),
      ("attention.value_length_mla", count(d.vHead)),
      ("rope.dimension_count", count(d.qkRope)),
      ("rope.freq_base", .f32(10000)),
      ("rope.scaling.type", .string("yarn")),
      ("rope.scaling.factor", .f32(40)),
      ("rope.scaling.original_context_length", count(4096)),
      ("rope.scaling.yarn_log_multiplier", .f32(0.1 * d.mscale)),
      ("leading_dense_block_count", count(d.denseLayers)),
      ("expert_feed_forward_length", count(d.moeIntermediate)),
      ("expert_count", count(d.experts)),
      ("expert_used_count", count(d.expertsPerToken)),
      ("expert_shared_count", count(d.sharedExperts)),
    ]
    switch d.routing {
    case .softmax:
      fields += [
        ("expert_weights_scale", .f32(1)), ("expert_weights_norm", .bool(false)),
        ("expert_gating_func", .u32(1)),
      ]
    case .sigmoid(let groups, let groupsChosen, let scale):
      fields += [
        ("expert_weights_scale", .f32(scale)), ("expert_weights_norm", .bool(true)),
        ("expert_gating_func", .u32(2)), ("expert_group_count", count(groups)),
        ("expert_group_used_count", count(groupsChosen)),
      ]
    }
    if d.qLoraRank == nil, d.layers == 27 {
      fields.removeAll { $0.key == "attention.q_lora_rank" }
    }
    return fields.map { ("deepseek2.\($0.key)", $0.value) }
  }

  private static func metadata(of d: DenseDimensions)
    -> [(key: String, value: GGUFWriter.Value)]
  {
    [
      ("qwen2.block_count", .u32(UInt32(d.layers))),
      ("qwen2.context_length", .u32(131072)),
      ("qwen2.embedding_length", .u32(UInt32(d.hidden))),
      ("qwen2.feed_forward_length", .u32(UInt32(d.intermediate))),
      ("qwen2.attention.head_count", .u32(UInt32(d.heads))),
      ("qwen2.attention.head_count_kv", .u32(UInt32(d.keyValueHeads))),
      ("qwen2.attention.layer_norm_rms_epsilon", .f32(1e-6)),
      ("qwen2.rope.freq_base", .f32(10000)),
    ]
  }
}
