import Fathom

/// A byte-level vocabulary of any size: 256 bytes, then what merges make of them, then the two tokens that begin and
/// end a text.
///
/// Merge i makes token 256 + i: first all pairs of bytes, then pairs with one byte more.
struct SyntheticVocabulary {
  let tokens: [String]
  let merges: [String]
  let beginID: Int
  let endID: Int

  init(count: Int) {
    precondition((259...1 << 20).contains(count), "a vocabulary of \(count)")
    let letters = ByteAlphabet.scalars.map { String(Character($0)) }
    var tokens = letters
    var merges: [String] = []
    for index in 0..<count - 258 {
      let left = index < 65536 ? tokens[index >> 8] : tokens[256 + (index - 65536) >> 8]
      let right = letters[index & 255]
      tokens.append(left + right)
      merges.append("\(left) \(right)")
    }
    beginID = tokens.count
    endID = beginID + 1
    tokens += ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"]
    self.tokens = tokens
    self.merges = merges
  }

  /// - Parameter preTokenizer: how text is cut before merging, in the words of GGUF files.
  func metadata(preTokenizer: String) -> [(key: String, value: GGUFWriter.Value)] {
    [
      ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string(preTokenizer)),
      ("tokenizer.ggml.tokens", .strings(tokens)),
      // 1 is text, 3 a control token.
      ("tokenizer.ggml.token_type", .i32s(tokens.indices.map { $0 < beginID ? 1 : 3 })),
      ("tokenizer.ggml.merges", .strings(merges)),
      ("tokenizer.ggml.bos_token_id", .u32(UInt32(beginID))),
      ("tokenizer.ggml.eos_token_id", .u32(UInt32(endID))),
      ("tokenizer.ggml.padding_token_id", .u32(UInt32(endID))),
      ("tokenizer.ggml.add_bos_token", .bool(true)),
      ("tokenizer.ggml.add_eos_token", .bool(false)),
    ]
  }
}
