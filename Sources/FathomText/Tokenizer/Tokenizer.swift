import FathomCore

/// Text to tokens and back: byte-level byte-pair encoding as a checkpoint's `tokenizer.json` says.
///
/// Agrees with the `tokenizers` library id for id, and never adds a token of its own accord.
public final class Tokenizer: Sendable {
  /// Tokens that are found in text as they stand, in the order of the file.
  public let addedTokens: [AddedToken]
  public let bosID: Int32?
  public let eosID: Int32?
  public let padID: Int32?
  /// Whether the checkpoint wants `bosID` before, or `eosID` after, a text.
  public let addsBosToken: Bool
  public let addsEosToken: Bool
  /// The chat template named `default`, or the only one.
  public let chatTemplate: String?

  private let parts: TokenizerParts
  private let plainMatcher: AddedTokenMatcher
  private let normalizedMatcher: AddedTokenMatcher
  private let specialIDs: Set<Int32>

  /// Reads `tokenizer.json` and, where they are, `tokenizer_config.json` and `chat_template.jinja`.
  ///
  /// - Throws: `InputError` for files that are missing, broken, or of a kind not supported.
  public convenience init(folder: String) throws {
    let config = "\(folder)/tokenizer_config.json"
    let template = "\(folder)/chat_template.jinja"
    try self.init(
      tokenizerJSON: "\(folder)/tokenizer.json",
      tokenizerConfig: FileBytes.exists(config) ? config : nil,
      chatTemplate: FileBytes.exists(template) ? template : nil)
  }

  /// Reads files by their paths. A template of its own file goes before those of the configuration.
  public convenience init(
    tokenizerJSON: String, tokenizerConfig: String?, chatTemplate: String? = nil
  ) throws {
    let template = try chatTemplate.map { path in
      guard let text = String(validating: try FileBytes.read(path), as: UTF8.self) else {
        throw InputError(path, expected: "UTF-8", found: "invalid UTF-8")
      }
      return text
    }
    try self.init(
      file: try JSONPlace(reading: tokenizerJSON),
      config: try tokenizerConfig.map { try JSONPlace(reading: $0) },
      chatTemplate: template)
  }

  /// Reads the texts of files that are part of another.
  ///
  /// - Parameter origin: the file they are part of, for messages.
  package convenience init(
    tokenizerJSON: String, tokenizerConfig: String?, chatTemplate: String?, origin: String
  ) throws {
    try self.init(
      file: try JSONPlace(text: tokenizerJSON, file: "\(origin), tokenizer.json"),
      config: try tokenizerConfig.map {
        try JSONPlace(text: $0, file: "\(origin), tokenizer_config.json")
      }, chatTemplate: chatTemplate)
  }

  /// Reads documents that are in memory.
  public convenience init(json: JSON, config: JSON? = nil) throws {
    try self.init(
      file: JSONPlace(json, file: "tokenizer.json"),
      config: config.map { JSONPlace($0, file: "tokenizer_config.json") }, chatTemplate: nil)
  }

  private init(file: JSONPlace, config: JSONPlace?, chatTemplate: String?) throws {
    let parts = try TokenizerParts(file)
    self.parts = parts
    let settings = try config.map { try TokenizerConfig($0) } ?? TokenizerConfig()
    addedTokens = parts.addedTokens
    specialIDs = Set(addedTokens.filter(\.isSpecial).map(\.id))
    plainMatcher = AddedTokenMatcher(addedTokens.filter { !$0.isNormalized }, normalizer: .none)
    normalizedMatcher = AddedTokenMatcher(
      addedTokens.filter(\.isNormalized), normalizer: parts.normalizer)
    addsBosToken = settings.addsBosToken
    addsEosToken = settings.addsEosToken
    let templates = settings.chatTemplates
    self.chatTemplate =
      chatTemplate ?? templates.first { $0.name == "default" }?.template
      ?? (templates.count == 1 ? templates[0].template : nil)

    func id(_ content: String?, _ key: String) throws -> Int32? {
      guard let config, let content else { return nil }
      if let id = parts.id(of: content) { return id }
      throw config[key].expected("a token of the vocabulary", found: InputError.excerpt(content))
    }
    bosID = try id(settings.bosToken, "bos_token")
    eosID = try id(settings.eosToken, "eos_token")
    padID = try id(settings.padToken, "pad_token")
  }
}

// Text to tokens.
extension Tokenizer {
  /// The tokens of `text`. Nothing is added before or after them.
  ///
  /// Time grows with the length of the text and no faster, whatever the text is.
  public func encode(_ text: String, special: SpecialTokens = .recognised) -> [Int32] {
    let text = UTF8Text(text)
    let allowed = special.ranges(textBytes: text.count)
    var output: [Int32] = []
    output.reserveCapacity(text.count / 3)
    var scratch = BytePairEncoder.Scratch()
    for segment in plainMatcher.segments(text, 0..<text.count, allowed: allowed) {
      if let token = segment.token {
        output.append(token)
      } else {
        encodeUnnormalized(text, segment.range, allowed, &scratch, into: &output)
      }
    }
    return output
  }

  private func encodeUnnormalized(
    _ text: UTF8Text, _ range: Range<Int>, _ allowed: [Range<Int>]?,
    _ scratch: inout BytePairEncoder.Scratch, into output: inout [Int32]
  ) {
    var text = text
    var range = range
    var allowed = allowed
    if parts.normalizer == .nfc, let normalized = NormalizedText.canonical(text, range) {
      allowed = allowed?.map { normalized.range(within: $0.clamped(to: range)) }
      text = normalized.text
      range = 0..<text.count
    }
    for segment in normalizedMatcher.segments(text, range, allowed: allowed) {
      if let token = segment.token {
        output.append(token)
        continue
      }
      parts.preTokenizer.forEachPiece(of: text, in: segment.range) { piece in
        if parts.ignoresMerges, let whole = parts.vocabulary.id(of: piece) {
          output.append(whole)
        } else {
          parts.encoder.encode(piece, &scratch, into: &output)
        }
      }
    }
  }
}

// Text to pieces, for those who train merges.
extension Tokenizer {
  /// The pieces of `text` that are encoded each on its own, in order. Added tokens are none of them.
  package func forEachPiece(of text: String, _ body: (ArraySlice<UInt8>) -> Void) {
    let text = UTF8Text(text)
    for segment in plainMatcher.segments(text, 0..<text.count, allowed: nil)
    where segment.token == nil {
      var (text, range) = (text, segment.range)
      if parts.normalizer == .nfc, let normalized = NormalizedText.canonical(text, range) {
        text = normalized.text
        range = 0..<text.count
      }
      for plain in normalizedMatcher.segments(text, range, allowed: nil) where plain.token == nil {
        parts.preTokenizer.forEachPiece(of: text, in: plain.range, body)
      }
    }
  }
}

// Tokens to text.
extension Tokenizer {
  /// The text of `ids`. Bytes that are not valid UTF-8 become U+FFFD as `String(decoding:as:)` does it.
  ///
  /// - Throws: `InputError` for an id that is not in the vocabulary.
  public func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = false) throws -> String {
    var bytes: [UInt8] = []
    for (index, id) in ids.enumerated() {
      guard parts.vocabulary.contains(id) else {
        throw InputError(
          "token \(index)", expected: "an id of the vocabulary, 0 to \(vocabularySize - 1)",
          found: "\(id)")
      }
      if skipSpecial && isSpecial(id) { continue }
      bytes.append(contentsOf: parts.vocabulary.bytes(of: id))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What `id` decodes to on its own; `nil` if there is no such token.
  public func piece(of id: Int32) -> String? {
    contains(id) ? String(decoding: bytes(of: id), as: UTF8.self) : nil
  }

  /// The bytes that `id` stands for; none if there is no such token.
  public func bytes(of id: Int32) -> [UInt8] { Array(parts.vocabulary.bytes(of: id)) }
}

// Lookup.
extension Tokenizer {
  /// One more than the greatest id.
  public var vocabularySize: Int { parts.vocabulary.idCount }

  /// Whether a token has this id.
  public func contains(_ id: Int32) -> Bool { parts.vocabulary.contains(id) }

  /// Whether `id` is a control token, such as the end of a sentence.
  public func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

  /// The first id that another tokenizer does not have for the same bytes; `nil` where there is none.
  package func firstDifference(from other: Tokenizer) -> Int32? {
    (0..<Int32(max(vocabularySize, other.vocabularySize))).first { id in
      contains(id) != other.contains(id)
        || parts.vocabulary.bytes(of: id) != other.parts.vocabulary.bytes(of: id)
    }
  }

  /// The id of a token as the vocabulary spells it: `<think>`, or `Ġthe` for " the".
  public func id(of token: String) -> Int32? { parts.id(of: token) }
}

extension AddedTokenMatcher {
  fileprivate init(_ tokens: [AddedToken], normalizer: Normalizer) {
    var contents: [[UInt8]] = []
    var distinct: [AddedToken] = []
    var seen: Set<[UInt8]> = []
    for token in tokens {
      let text = UTF8Text(token.content)
      let normalized =
        normalizer == .nfc ? NormalizedText.canonical(text, 0..<text.count)?.text : nil
      let bytes = (normalized ?? text).bytes
      guard seen.insert(bytes).inserted else { continue }
      contents.append(bytes)
      distinct.append(token)
    }
    self.init(distinct, contents: contents)
  }
}

extension JSONPlace {
  /// The largest vocabularies of released models need 33 MB.
  private static let largestFile = 64 << 20

  /// - Throws: `InputError` whose place is the path.
  fileprivate init(reading path: String) throws {
    do {
      self.init(try JSON.parse(FileBytes.read(path, limit: Self.largestFile)), file: path)
    } catch let error as InputError {
      throw error.place == path ? error : error.inside(path)
    }
  }

  fileprivate init(text: String, file: String) throws {
    do {
      self.init(try JSON.parse(text), file: file)
    } catch let error as InputError {
      throw error.inside(file)
    }
  }
}
