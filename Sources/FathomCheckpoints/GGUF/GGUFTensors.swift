import FathomCore
import FathomTensors

/// The tensors of a GGUF file under the names that official checkpoints give them.
///
/// All experts of a layer are one tensor in GGUF files; here each is a tensor of its own, a run of its bytes.
struct GGUFTensors {
  private(set) var tensors: [String: StoredTensor] = [:]
  private let experts: Int

  private static let whole = [
    "token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
  ]
  private static let inBlock = [
    "attn_norm.weight": "input_layernorm.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight", "attn_q.bias": "self_attn.q_proj.bias",
    "attn_k.weight": "self_attn.k_proj.weight", "attn_k.bias": "self_attn.k_proj.bias",
    "attn_v.weight": "self_attn.v_proj.weight", "attn_v.bias": "self_attn.v_proj.bias",
    "attn_output.weight": "self_attn.o_proj.weight", "attn_output.bias": "self_attn.o_proj.bias",
    "attn_q_a.weight": "self_attn.q_a_proj.weight",
    "attn_q_a_norm.weight": "self_attn.q_a_layernorm.weight",
    "attn_q_b.weight": "self_attn.q_b_proj.weight",
    "attn_kv_a_mqa.weight": "self_attn.kv_a_proj_with_mqa.weight",
    "attn_kv_a_norm.weight": "self_attn.kv_a_layernorm.weight",
    "attn_kv_b.weight": "self_attn.kv_b_proj.weight",
    "attn_k_b.weight": "self_attn.k_b_proj.weight", "attn_v_b.weight": "self_attn.v_b_proj.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight", "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight", "ffn_gate_inp.weight": "mlp.gate.weight",
    "exp_probs_b.bias": "mlp.gate.e_score_correction_bias",
    "ffn_gate_shexp.weight": "mlp.shared_experts.gate_proj.weight",
    "ffn_up_shexp.weight": "mlp.shared_experts.up_proj.weight",
    "ffn_down_shexp.weight": "mlp.shared_experts.down_proj.weight",
    "nextn.eh_proj.weight": "eh_proj.weight", "nextn.enorm.weight": "enorm.weight",
    "nextn.hnorm.weight": "hnorm.weight", "nextn.embed_tokens.weight": "embed_tokens.weight",
    "nextn.shared_head_norm.weight": "shared_head.norm.weight",
    "nextn.shared_head_head.weight": "shared_head.head.weight",
  ]
  private static let ofExperts = [
    "ffn_gate_exps.weight": "gate_proj.weight", "ffn_up_exps.weight": "up_proj.weight",
    "ffn_down_exps.weight": "down_proj.weight",
  ]
  /// Where heads are a dimension of their own.
  private static let ofHeads: Set<String> = ["attn_k_b.weight", "attn_v_b.weight"]
  /// Part of the configuration.
  private static let ignored: Set<String> = ["rope_freqs.weight"]

  init(_ file: GGUFFile, experts: Int) throws {
    self.experts = experts
    for part in file.parts {
      for tensor in part.header.tensors {
        do {
          try add(tensor, part.file)
        } catch let error as InputError {
          throw error.inside(part.file.name)
        }
      }
    }
  }

  private mutating func add(_ tensor: GGUFHeader.Tensor, _ file: MappedFile) throws {
    guard let dtype = GGUFTensorType(tensor.type)?.dtype, !Self.ignored.contains(tensor.name) else {
      return
    }
    let shape = Array(tensor.dimensions.reversed())
    func store(_ name: String, _ shape: [Int], _ range: Range<Int>) throws {
      let stored = StoredTensor(
        name: name, dtype: dtype, shape: shape, file: file, byteRange: range)
      guard tensors.updateValue(stored, forKey: name) == nil else {
        throw InputError(
          "tensor \(InputError.excerpt(tensor.name))", expected: "each tensor once",
          found: "it again")
      }
    }
    if let name = Self.whole[tensor.name] { return try store(name, shape, tensor.byteRange) }
    guard let (block, rest) = Self.split(tensor.name) else {
      // Under its own name it is reported as one that the network does not have.
      return try store(tensor.name, shape, tensor.byteRange)
    }
    let prefix = "model.layers.\(block)"
    if let part = Self.ofExperts[rest] {
      guard shape.count == 3, shape[0] == experts, tensor.byteRange.count % max(experts, 1) == 0
      else {
        throw InputError(
          "tensor \(InputError.excerpt(tensor.name))",
          expected: "\(experts) experts of a matrix each",
          found: "\(shape)")
      }
      let bytes = tensor.byteRange.count / experts
      for expert in 0..<experts {
        let begin = tensor.byteRange.lowerBound + expert * bytes
        try store(
          "\(prefix).mlp.experts.\(expert).\(part)", [shape[1], shape[2]], begin..<begin + bytes)
      }
    } else if let name = Self.inBlock[rest] {
      let isByHead = Self.ofHeads.contains(rest) && shape.count == 3
      try store(
        "\(prefix).\(name)", isByHead ? [shape[0] * shape[1], shape[2]] : shape, tensor.byteRange)
    } else {
      try store(tensor.name, shape, tensor.byteRange)
    }
  }

  /// `blk.7.attn_q.weight` → 7 and `attn_q.weight`.
  private static func split(_ name: String) -> (block: Int, rest: String)? {
    let parts = name.split(separator: ".", maxSplits: 2)
    guard parts.count == 3, parts[0] == "blk", let block = Int(parts[1]), block >= 0 else {
      return nil
    }
    return (block, String(parts[2]))
  }
}
