import FathomCore
import FathomText

extension TokenizerDesign {
  /// `tokenizer.json`, in the layout of the `tokenizers` library.
  ///
  /// - Parameters:
  ///   - tokens: the tokens behind the control tokens, as bytes.
  ///   - merges: pairs of tokens by their bytes, best first.
  func document(tokens: [[UInt8]], merges: [(left: [UInt8], right: [UInt8])]) -> JSON {
    var vocabulary = JSONObject()
    for (id, control) in controls.enumerated() { vocabulary[control.text] = .integer(id) }
    for (index, token) in tokens.enumerated() {
      vocabulary[Self.spelled(token)] = .integer(controls.count + index)
    }
    let model = JSONObject([
      "type": .string("BPE"), "dropout": .null, "unk_token": .null,
      "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": .bool(false),
      "byte_fallback": .bool(false), "ignore_merges": .bool(false), "vocab": .object(vocabulary),
      "merges": .array(
        merges.map {
          .array([.string(Self.spelled($0.left)), .string(Self.spelled($0.right))])
        }),
    ])
    return .object(
      JSONObject([
        "version": .string("1.0"), "truncation": .null, "padding": .null,
        "added_tokens": .array(controls.enumerated().map { Self.added($1, id: $0) }),
        "normalizer": .null, "pre_tokenizer": preTokenizer,
        "post_processor": Self.byteLevel(trimsOffsets: false),
        "decoder": Self.byteLevel(trimsOffsets: true), "model": .object(model),
      ]))
  }

  /// `tokenizer_config.json`.
  func configuration() -> JSON {
    func token(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    var configuration = JSONObject([
      "tokenizer_class": .string("PreTrainedTokenizerFast"), "add_bos_token": .bool(bos != nil),
      "add_eos_token": .bool(false), "bos_token": token(bos), "eos_token": token(eos),
      "pad_token": token(pad), "unk_token": .null,
      "clean_up_tokenization_spaces": .bool(false), "model_max_length": .integer(maximumTokens),
    ])
    if let chatTemplate { configuration["chat_template"] = .string(chatTemplate) }
    return .object(configuration)
  }

  /// A token in the byte alphabet, as vocabularies spell it.
  static func spelled(_ bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(ByteAlphabet.scalars[Int(byte)]) }
    return String(text)
  }

  private static func added(_ control: Control, id: Int) -> JSON {
    .object(
      JSONObject([
        "id": .integer(id), "content": .string(control.text), "single_word": .bool(false),
        "lstrip": .bool(false), "rstrip": .bool(false), "normalized": .bool(!control.isSpecial),
        "special": .bool(control.isSpecial),
      ]))
  }

  private var preTokenizer: JSON {
    var patterns = [SingleDigitSplits.words, SingleDigitSplits.digits]
    // First, so that no step before it can tie punctuation to a letter.
    if isolatesJSONPunctuation { patterns.insert(#"[{}\[\]":,]"#, at: 0) }
    var steps: [JSON] = patterns.map {
      .object(
        JSONObject([
          "type": .string("Split"), "pattern": .object(JSONObject(["Regex": .string($0)])),
          "behavior": .string("Isolated"), "invert": .bool(false),
        ]))
    }
    steps.append(
      .object(
        JSONObject([
          "type": .string("ByteLevel"), "add_prefix_space": .bool(false),
          "trim_offsets": .bool(true), "use_regex": .bool(false),
        ])))
    return .object(
      JSONObject(["type": .string("Sequence"), "pretokenizers": .array(steps)]))
  }

  private static func byteLevel(trimsOffsets: Bool) -> JSON {
    .object(
      JSONObject([
        "type": .string("ByteLevel"), "add_prefix_space": .bool(true),
        "trim_offsets": .bool(trimsOffsets), "use_regex": .bool(true),
      ]))
  }
}
