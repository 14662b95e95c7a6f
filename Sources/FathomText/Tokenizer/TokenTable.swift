import FathomCore

/// A byte-level BPE as a plain table of tokens, the way GGUF files hold it.
public struct TokenTable: Sendable {
  /// In the byte alphabet, by id; added tokens as they stand in text.
  public var tokens: [String]
  /// For each token: 1 for a plain one, 3 for a control token, 4 for one that its makers added, 5 for an unused one.
  public var types: [Int]?
  /// `"a b"`, best first.
  public var merges: [String]
  /// The name that llama.cpp gives to the way text is cut beforehand.
  public var preTokenizer: String
  public var bosID: Int?
  public var eosID: Int?
  public var padID: Int?
  /// nil leaves it to the family.
  public var addsBosToken: Bool?
  public var chatTemplate: String?

  public init(
    tokens: [String], types: [Int]?, merges: [String], preTokenizer: String, bosID: Int? = nil,
    eosID: Int? = nil, padID: Int? = nil, addsBosToken: Bool? = nil, chatTemplate: String? = nil
  ) {
    self.tokens = tokens
    self.types = types
    self.merges = merges
    self.preTokenizer = preTokenizer
    self.bosID = bosID
    self.eosID = eosID
    self.padID = padID
    self.addsBosToken = addsBosToken
    self.chatTemplate = chatTemplate
  }
}

extension Tokenizer {
  /// Builds the tokenizer that a table describes, by way of the documents that describe the same one elsewhere.
  ///
  /// - Throws: `InputError` for tables that contradict themselves and for unknown pre-tokenizers.
  public convenience init(_ table: TokenTable) throws {
    try self.init(json: try table.document(), config: try table.configuration())
  }
}

extension TokenTable {
  fileprivate func document() throws -> JSON {
    if let types, types.count != tokens.count {
      throw InputError(
        "token types", expected: "one for each of \(tokens.count) tokens", found: "\(types.count)")
    }
    var vocabulary = JSONObject()
    var added: [JSON] = []
    for (id, token) in tokens.enumerated() {
      switch types?[id] ?? 1 {
      case 3, 4:
        var entry = JSONObject()
        entry["id"] = .integer(id)
        entry["content"] = .string(token)
        entry["special"] = .bool(types?[id] == 3)
        entry["normalized"] = .bool(false)
        added.append(.object(entry))
      case 5: continue
      default:
        guard vocabulary[token] == nil else {
          throw InputError(
            "token \(id)", expected: "a text of its own", found: InputError.excerpt(token))
        }
        vocabulary[token] = .integer(id)
      }
    }
    var model = JSONObject()
    model["type"] = .string("BPE")
    model["ignore_merges"] = .bool(["llama-bpe", "llama3"].contains(preTokenizer))
    model["vocab"] = .object(vocabulary)
    model["merges"] = .array(merges.map { .string($0) })
    var document = JSONObject()
    document["added_tokens"] = .array(added)
    document["pre_tokenizer"] = try splitting()
    document["model"] = .object(model)
    return .object(document)
  }

  /// Stands for a step that cuts digits apart.
  private static let digits = "digits"

  /// The expressions of the families' own `tokenizer.json`.
  private static let patterns: [(names: [String], patterns: [String])] = [
    (
      ["deepseek-v3"],
      [
        #"\p{N}{1,3}"#, DeepSeekSplits.ideographs, DeepSeekSplits.words,
      ]
    ),
    (["qwen2", "deepseek-r1-qwen"], [WordPattern.qwen2.rawValue]),
    (["llama-bpe", "llama3"], [WordPattern.llama3.rawValue]),
    (
      ["deepseek-llm"],
      [
        "[\r\n]",
        "\\s?[A-Za-z\u{B5}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{1BA}\u{1BC}-\u{1BF}\u{1C4}-"
          + "\u{293}\u{295}-\u{2AF}\u{370}-\u{373}\u{376}\u{377}\u{37B}-\u{37D}\u{37F}\u{386}"
          + "\u{388}-\u{38A}\u{38C}\u{38E}-\u{3A1}\u{3A3}-\u{3F5}\u{3F7}-\u{481}\u{48A}-"
          + "\u{52F}\u{531}-\u{556}\u{10A0}-\u{10C5}\u{13A0}-\u{13F5}\u{13F8}-\u{13FD}"
          + "\u{1C90}-\u{1CBA}\u{1CBD}-\u{1CBF}\u{1D00}-\u{1D2B}\u{1D6B}-\u{1D77}\u{1D79}-"
          + "\u{1D9A}\u{1E00}-\u{1F15}\u{1F18}-\u{1F1D}\u{1F20}-\u{1F45}\u{1F48}-\u{1F4D}"
          + "\u{1F50}-\u{1F57}\u{1F59}\u{1F5B}\u{1F5D}\u{1F5F}-\u{1F7D}\u{1F80}-\u{1FB4}"
          + "\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-\u{1FC4}\u{1FC6}-\u{1FCC}\u{1FD0}-\u{1FD3}"
          + "\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\u{1FF2}-\u{1FF4}\u{1FF6}-\u{1FFC}\u{2102}"
          + "\u{2107}\u{210A}-\u{2113}\u{2115}\u{2119}-\u{211D}\u{2124}\u{2126}\u{2128}"
          + "\u{212A}-\u{212D}\u{212F}-\u{2134}\u{2139}\u{213C}-\u{213F}\u{2145}-\u{2149}"
          + "\u{214E}\u{2183}\u{2184}\u{2C00}-\u{2C7B}\u{2C7E}-\u{2CE4}\u{2CEB}-\u{2CEE}"
          + "\u{2CF2}\u{2CF3}\u{A640}-\u{A66D}\u{A680}-\u{A69B}\u{A722}-\u{A76F}\u{A771}-"
          + "\u{A787}\u{A78B}-\u{A78E}\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}"
          + "\u{FF21}-\u{FF3A}\u{FF41}-\u{FF5A}\u{10400}-\u{1044F}\u{104B0}-\u{104D3}"
          + "\u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}"
          + "\u{1E900}-\u{1E943}]+",
        "\\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3000}-\u{3002}]"
          + "+",
        "\\s+$",
        "[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+",
        Self.digits,
      ]
    ),
    (
      ["deepseek-coder"],
      [
        "[\r\n]",
        "\\s?\\p{L}+",
        "\\s?\\p{P}+",
        "[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+",
        Self.digits,
      ]
    ),
    (["default", "gpt-2", "gpt2"], []),
  ]

  private func splitting() throws -> JSON {
    guard let family = Self.patterns.first(where: { $0.names.contains(preTokenizer) }) else {
      throw InputError(
        "pre-tokenizer",
        expected: "one of \(Self.patterns.flatMap(\.names).joined(separator: ", "))",
        found: InputError.excerpt(preTokenizer))
    }
    var steps: [JSON] = family.patterns.map { pattern in
      var step = JSONObject()
      if pattern == Self.digits {
        step["type"] = .string("Digits")
        step["individual_digits"] = .bool(true)
        return .object(step)
      }
      var expression = JSONObject()
      expression["Regex"] = .string(pattern)
      step["type"] = .string("Split")
      step["pattern"] = .object(expression)
      step["behavior"] = .string("Isolated")
      step["invert"] = .bool(false)
      return .object(step)
    }
    var bytes = JSONObject()
    bytes["type"] = .string("ByteLevel")
    bytes["add_prefix_space"] = .bool(false)
    bytes["use_regex"] = .bool(family.patterns.isEmpty)
    steps.append(.object(bytes))
    var sequence = JSONObject()
    sequence["type"] = .string("Sequence")
    sequence["pretokenizers"] = .array(steps)
    return .object(sequence)
  }

  fileprivate func configuration() throws -> JSON {
    var configuration = JSONObject()
    for (key, id) in [("bos_token", bosID), ("eos_token", eosID), ("pad_token", padID)] {
      guard let id else { continue }
      guard tokens.indices.contains(id) else {
        throw InputError(key, expected: "an id below \(tokens.count)", found: "\(id)")
      }
      configuration[key] = .string(tokens[id])
    }
    let familyAdds = ["deepseek-llm", "deepseek-v3", "llama-bpe"].contains(preTokenizer)
    configuration["add_bos_token"] = .bool(addsBosToken ?? familyAdds)
    if let chatTemplate { configuration["chat_template"] = .string(chatTemplate) }
    return .object(configuration)
  }
}
