import CFathomKernels
import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@Suite struct WeightTests {
  @Test func `weights stay where they are mapped, an FP8 one at one byte each`() throws {
    let golden = try GoldenFamily("deepseek_v3_fp8")
    let layer = golden.model.network.decoder.layers[0]
    let attention = try #require(layer.attention as? LatentAttention)
    let stored = try #require(
      golden.model.checkpoint.tensors["model.layers.0.self_attn.kv_b_proj.weight"])
    guard case .joint(let up) = attention.kvUp else { return #expect(Bool(false), "split") }
    #expect(up.dtype == .f8e4m3)
    #expect(up.storage.pointee.data == stored.pointer)
    #expect(stored.byteCount == up.rows * up.columns)
  }

  @Test func `power-of-two scales read the same as f32 and as ue8m0`() throws {
    let golden = try GoldenFamily("deepseek_v3_fp8")
    try TemporaryFolder.with { folder in
      // The same checkpoint with every scale rounded up to a power of two, in both encodings.
      var logits: [[[Float]]] = []
      for encoding in [DType.f32, .f8e8m0] {
        let copy = "\(folder)/\(encoding.rawValue)"
        try rewrite(GoldenFamily.path("deepseek_v3_fp8"), to: copy) { tensor in
          guard tensor.name.hasSuffix("_scale_inv"), let scales = tensor.floats() else {
            return nil
          }
          let exponents = scales.map { $0.exponent + ($0.significand > 1 ? 1 : 0) }
          let bytes: [UInt8] = exponents.flatMap { exponent -> [UInt8] in
            encoding == .f8e8m0
              ? [UInt8(exponent + 127)]
              : withUnsafeBytes(of: Float(sign: .plus, exponent: exponent, significand: 1)) {
                Array($0)
              }
          }
          return (encoding, bytes)
        }
        logits.append(try hidden(copy, golden.prompts[1].ids))
      }
      #expect(logits[0] == logits[1])
    }
  }

  @Test func `every difference between config and files comes in one error`() throws {
    try TemporaryFolder.with { folder in
      try rewrite(GoldenFamily.path("qwen2"), to: folder + "/m") { _ in nil }
      let path = folder + "/m/config.json"
      var config = try JSON.parse(try TemporaryFolder.read(path))
      if case .object(var fields) = config {
        fields["intermediate_size"] = .integer(161)
        fields["num_hidden_layers"] = .integer(2)
        config = .object(fields)
      }
      try TemporaryFolder.write(Array(config.text().utf8), to: path)
      let error = #expect(throws: InputErrors.self) { try Model(path: folder + "/m") }
      let places = (error?.differences ?? []).map(\.place)
      // Two layers with three misshapen matrices each, and twelve tensors of a layer that should not be.
      #expect(places.count == 2 * 3 + 12, "\(places)")
      #expect(places.contains("tensor \"model.layers.2.self_attn.q_proj.bias\""))
    }
  }

  @Test(arguments: [
    ("num_hidden_layers", JSON.integer(16_000)), ("n_routed_experts", .integer(65_536)),
    ("vocab_size", .integer(513)), ("kv_lora_rank", .integer(33)),
  ])
  func `a config that lies is refused before anything is allocated`(key: String, value: JSON) throws
  {
    try TemporaryFolder.with { folder in
      try rewrite(GoldenFamily.path("deepseek_v3_plain"), to: folder + "/m") { _ in nil }
      let path = folder + "/m/config.json"
      guard case .object(var fields) = try JSON.parse(try TemporaryFolder.read(path)) else {
        return
      }
      fields[key] = value
      if key == "n_routed_experts" {
        fields["n_group"] = .integer(1)
        fields["topk_group"] = .integer(1)
      }
      try TemporaryFolder.write(Array(JSON.object(fields).text().utf8), to: path)
      let start = ContinuousClock.now
      #expect(throws: (any Error).self) { try Model(path: folder + "/m") }
      #expect(ContinuousClock.now - start < .seconds(1))
    }
  }

  @Test func `a checkpoint in shards equals the same in one file, bit for bit`() throws {
    let golden = try GoldenFamily("deepseek_v3_sharded")
    try TemporaryFolder.with { folder in
      try rewrite(GoldenFamily.path("deepseek_v3_sharded"), to: folder + "/one") { _ in nil }
      let one = try hidden(folder + "/one", golden.prompts[2].ids)
      #expect(try one == hidden(GoldenFamily.path("deepseek_v3_sharded"), golden.prompts[2].ids))
    }
  }

  @Test func `a weight file that is named is the one that is opened`() throws {
    try TemporaryFolder.with { folder in
      try rewrite(GoldenFamily.path("qwen2"), to: folder + "/m") { _ in nil }
      let other = folder + "/m/other.safetensors"
      try TemporaryFolder.write(
        try TemporaryFolder.read(folder + "/m/model.safetensors"), to: other)
      #expect(try Checkpoint.open(other).files.map(\.name) == ["other.safetensors"])
      #expect(try Checkpoint.open(folder + "/m").files.map(\.name) == ["model.safetensors"])
      let shard = GoldenFamily.path("deepseek_v3_sharded") + "/model-00002-of-000003.safetensors"
      #expect(try Checkpoint.open(shard).files.count == 3)
    }
  }

  /// With the rotary rows of the weights reordered from pairs to halves, turning halves is the same network.
  @Test func `rope_interleave says how rotary channels turn`() throws {
    let golden = try GoldenFamily("deepseek_v3_plain")
    let (nope, rope, heads) = (24, 16, 4)
    try TemporaryFolder.with { folder in
      try rewrite(GoldenFamily.path("deepseek_v3_plain"), to: folder + "/halves") { tensor in
        let rowBytes = tensor.byteCount / max(tensor.shape.first ?? 1, 1)
        let rotaryStarts: [Int]
        if tensor.name.hasSuffix("q_b_proj.weight") {
          rotaryStarts = (0..<heads).map { $0 * (nope + rope) + nope }
        } else if tensor.name.hasSuffix("kv_a_proj_with_mqa.weight") {
          rotaryStarts = [tensor.shape[0] - rope]
        } else {
          return nil
        }
        let source = tensor.withBytes { Array($0) }
        var bytes = source
        for start in rotaryStarts {
          for channel in 0..<rope {
            let from = start + channel
            let to = start + channel / 2 + channel % 2 * rope / 2
            bytes.replaceSubrange(
              to * rowBytes..<(to + 1) * rowBytes,
              with: source[from * rowBytes..<(from + 1) * rowBytes])
          }
        }
        return (tensor.dtype, bytes)
      }
      let pairs = try hidden(GoldenFamily.path("deepseek_v3_plain"), golden.prompts[2].ids)
      let wrong = try hidden(folder + "/halves", golden.prompts[2].ids)
      let path = folder + "/halves/config.json"
      guard case .object(var fields) = try JSON.parse(try TemporaryFolder.read(path)) else {
        return
      }
      fields["rope_interleave"] = .bool(false)
      try TemporaryFolder.write(Array(JSON.object(fields).text().utf8), to: path)
      let halves = try hidden(folder + "/halves", golden.prompts[2].ids)
      for (row, expected) in pairs.enumerated() {
        let difference = Difference(halves[row], expected)
        #expect(difference.largest <= 1e-4, "row \(row): \(difference)")
      }
      #expect(Difference(wrong[20], pairs[20]).largest > 0.1)
    }
  }

  /// The last hidden states `[s][hidden]` of a prompt, with an f32 cache.
  private func hidden(_ path: String, _ prompt: [Int32]) throws -> [[Float]] {
    let model = try Model(path: path)
    let workspace = Workspace()
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let step = Step(
      [Step.Sequence(tokens: prompt, cache: KVCache(layout: model.cacheLayout(.f32)))],
      compute: Compute(kernels: kernels, pool: WorkerPool(threads: 1)), workspace: workspace)
    let hidden = workspace.take(step.count, width: model.network.decoder.hiddenSize)
    model.network.decoder.forward(step, into: hidden)
    return (0..<hidden.count).map {
      Array(UnsafeBufferPointer(start: hidden[$0], count: hidden.width))
    }
  }

  /// Copies a checkpoint into one file, with some tensors replaced.
  private func rewrite(
    _ source: String, to folder: String,
    _ replace: (StoredTensor) -> (dtype: DType, bytes: [UInt8])?
  ) throws {
    let files = FileManager.default
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try files.copyItem(atPath: source + "/config.json", toPath: folder + "/config.json")
    let tensors = try Checkpoint.open(source).tensors.values
    var header = JSONObject()
    var data: [UInt8] = []
    for tensor in tensors.sorted(by: { $0.name < $1.name }) {
      let (dtype, bytes) = replace(tensor) ?? (tensor.dtype, tensor.withBytes { Array($0) })
      header[tensor.name] = .object(
        JSONObject([
          "dtype": .string(dtype.rawValue), "shape": .array(tensor.shape.map { .integer($0) }),
          "data_offsets": .array([.integer(data.count), .integer(data.count + bytes.count)]),
        ]))
      data += bytes
    }
    let text = Array(JSON.object(header).text().utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    try TemporaryFolder.write(length + text + data, to: folder + "/model.safetensors")
  }
}
