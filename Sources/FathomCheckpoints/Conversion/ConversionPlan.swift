import FathomCore
import FathomTensors

/// All tensors of a converted model, in the order of the file, and how each comes about.
package struct ConversionPlan {
  enum Method: Equatable {
    /// Byte for byte.
    case copy
    /// Blocks put in panels: the same values.
    case pack
    /// Decoded and rounded anew.
    case encode
  }

  struct Item {
    let name: String
    let shape: [Int]
    let dtype: DType
    let method: Method
    /// The tensor that is copied or packed, or the first of those decoded.
    let tensor: StoredTensor
    /// What is decoded; nil for copies.
    let source: ConversionSource?

    var rows: Int { shape.dropLast().reduce(1, *) }
    var columns: Int { shape.last ?? 1 }
    var byteCount: Int {
      method == .copy ? tensor.byteCount : dtype.bytes(rows: rows, columns: columns)
    }
    /// Scales follow the codes of FP8 weights that are encoded here.
    var scaleShape: [Int]? {
      guard method == .encode, dtype == .f8e4m3 else { return nil }
      let block = PackedModel.scaleBlock
      return [(rows + block - 1) / block, (columns + block - 1) / block]
    }
  }

  package let checkpoint: Checkpoint
  let policy: ConversionPolicy
  private(set) var items: [Item] = []

  /// - Throws: `InputError` for an FP8 weight without scales or in other blocks than those a converted file may hold.
  package init(_ checkpoint: Checkpoint, _ policy: ConversionPolicy) throws {
    self.checkpoint = checkpoint
    self.policy = policy
    for tensor in checkpoint.tensors.values.sorted(by: {
      NaturalOrder.isAscending($0.name, $1.name)
    }) {
      try add(tensor)
    }
    if let quantization = checkpoint.quantization, items.contains(where: { $0.scaleShape != nil }),
      quantization.blockRows != PackedModel.scaleBlock
        || quantization.blockColumns != PackedModel.scaleBlock,
      items.contains(where: { $0.dtype == .f8e4m3 && $0.method == .copy })
    {
      throw InputError(
        "config.json, \"quantization_config.weight_block_size\"",
        expected: "128 × 128 where some weights stay FP8 and others become it",
        found: "\(quantization.blockRows) × \(quantization.blockColumns)")
    }
  }

  private mutating func add(_ tensor: StoredTensor) throws {
    func keep(_ dtype: DType? = nil) {
      items.append(
        Item(
          name: tensor.name, shape: tensor.shape, dtype: dtype ?? tensor.dtype,
          method: dtype == nil ? .copy : .pack, tensor: tensor, source: nil))
    }
    // Scales go the way of their weights.
    if tensor.name.hasSuffix(Self.scaleSuffix) {
      if !isDropped(scale: tensor) { keep() }
      return
    }
    guard tensor.shape.count == 2, tensor.dtype.isWeight else { return keep() }
    guard let wish = wish(for: tensor) else { return keep(packed(tensor)) }
    let matrix = try checkpoint.matrix(tensor)
    if isJoint(tensor), wish.isQuantizedInteger, let parts = parts(of: tensor) {
      let up = ConversionSource.KeyValueUp(
        tensor: tensor, matrix: matrix, heads: parts.heads, nope: parts.nope, value: parts.value)
      let prefix = tensor.name.dropLast("kv_b_proj.weight".count)
      append("\(prefix)k_b_proj.weight", .keys(up), wish, tensor)
      append("\(prefix)v_b_proj.weight", .values(up), wish, tensor)
    } else {
      append(tensor.name, .stored(tensor, matrix), wish, tensor)
    }
  }

  private mutating func append(
    _ name: String, _ source: ConversionSource, _ dtype: DType, _ tensor: StoredTensor
  ) {
    items.append(
      Item(
        name: name, shape: [source.rows, source.columns], dtype: dtype, method: .encode,
        tensor: tensor, source: source))
  }

  private func wish(for tensor: StoredTensor) -> DType? {
    let wish = policy.wish(tensor.name, columns: tensor.shape[1], stored: tensor.dtype)
    // In panels as a whole its rows could not be read one by one.
    if isJoint(tensor), wish?.isQuantizedInteger == true, parts(of: tensor) == nil { return nil }
    return wish
  }

  private static let scaleSuffix = "_scale_inv"

  private func isJoint(_ tensor: StoredTensor) -> Bool {
    tensor.name.hasSuffix("self_attn.kv_b_proj.weight")
  }

  private func isDropped(scale: StoredTensor) -> Bool {
    let name = String(scale.name.dropLast(Self.scaleSuffix.count))
    guard let weight = checkpoint.tensors[name], weight.dtype == .f8e4m3, weight.shape.count == 2
    else { return false }
    return wish(for: weight) != nil
  }

  /// Rows that are looked up one by one stay as they are, and so does what comes apart by head.
  private func packed(_ tensor: StoredTensor) -> DType? {
    let isTied = checkpoint.config.fields["tie_word_embeddings"]?.boolValue ?? false
    let isLookedUp = tensor.name.hasSuffix("embed_tokens.weight") && !isTied
    guard !isLookedUp, !isJoint(tensor), splitsEvenly(tensor) else { return nil }
    return tensor.dtype == .q4_0 ? .q4Panel : tensor.dtype == .q8_0 ? .q8Panel : nil
  }

  /// `kv_b_proj` in small integers is read by way of its two parts, as GGUF files hold them; nil where these would not
  /// fill whole blocks and panels.
  private func parts(of tensor: StoredTensor) -> (heads: Int, nope: Int, value: Int)? {
    let sizes = 1...(1 << 20)
    guard let heads = try? checkpoint.config.int("num_attention_heads", in: sizes),
      let nope = try? checkpoint.config.int("qk_nope_head_dim", in: sizes),
      let value = try? checkpoint.config.int("v_head_dim", in: sizes),
      tensor.shape[0] == heads * (nope + value), nope % 32 == 0, value % 16 == 0,
      tensor.shape[1] % 32 == 0
    else { return nil }
    return (heads, nope, value)
  }

  /// Panels of 16 rows must not straddle two heads.
  private func splitsEvenly(_ tensor: StoredTensor) -> Bool {
    let field =
      tensor.name.hasSuffix("k_b_proj.weight")
      ? "kv_lora_rank" : tensor.name.hasSuffix("v_b_proj.weight") ? "v_head_dim" : nil
    guard let field else { return true }
    return (checkpoint.config.fields[field]?.intValue ?? 0) % 16 == 0
  }

  /// The configuration of the converted model.
  var config: JSONObject {
    var config = checkpoint.config.fields
    if items.contains(where: { $0.scaleShape != nil }) {
      config["quantization_config"] = .object(
        JSONObject([
          "quant_method": .string("fp8"), "fmt": .string("e4m3"),
          "weight_block_size": .array([
            .integer(PackedModel.scaleBlock), .integer(PackedModel.scaleBlock),
          ]),
        ]))
    } else if !items.contains(where: { $0.dtype == .f8e4m3 }) {
      config["quantization_config"] = nil
    }
    return config
  }
}
