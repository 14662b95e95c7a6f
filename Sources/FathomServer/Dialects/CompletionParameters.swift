import FathomConstraints
import FathomCore
import FathomInference

/// What `/completions` asks for: text behind text, without a conversation.
struct CompletionParameters {
  let prompts: [Prompt]
  var options: GenerationOptions
  var count: Int
  var streams: Bool
  var includesUsage: Bool
  var echoes: Bool
  var topScores: Int?
  var tenant: String
  var grammar: Grammar?

  struct Prompt {
    let tokens: [Int32]
    /// What the client wrote; nil for token ids.
    var text: String?
    /// The tokens that `echo` tells: all but those around a gap to fill in.
    let echoed: Range<Int>

    init(_ tokens: [Int32], text: String? = nil, echoed: Range<Int>? = nil) {
      self.tokens = tokens
      self.text = text
      self.echoed = echoed ?? 0..<tokens.count
    }
  }

  init(_ fields: Fields, service: Service) throws {
    let suffix = try fields.string("suffix").flatMap { $0.isEmpty ? nil : $0 }
    prompts =
      try suffix.map { try Self.gaps(fields, suffix: $0, service) }
      ?? Self.prompts(fields, service)
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: service.vocabularySize)
    let limit = try fields.int("max_tokens", 0...Int(Int32.max))
    options.maxTokens = limit ?? options.maxTokens ?? 16
    count = try fields.int("n", 1...8) ?? 1
    if let best = try fields.int("best_of", 1...8), best != count {
      throw APIError.outOfRange("best_of", expected: "n, or nothing", found: "\(best)")
    }
    streams = try fields.bool("stream") ?? false
    includesUsage = try fields.fields("stream_options")?.bool("include_usage") ?? false
    echoes = try fields.bool("echo") ?? false
    topScores = try fields.int("logprobs", 0...20)
    tenant = try fields.tenant("user_id", "user")
    grammar = try ResponseShape.grammar(fields)
    guard limit != 0 || echoes else {
      throw APIError.outOfRange("max_tokens", expected: "at least 1", found: "0")
    }
    guard prompts.count * count <= 128 else {
      throw APIError.outOfRange(
        "prompt", expected: "at most 128 answers", found: "\(prompts.count * count)")
    }
  }

  /// A text, a list of texts, a list of token ids, or a list of those.
  private static func prompts(_ fields: Fields, _ service: Service) throws -> [Prompt] {
    let (prompt, list) = try written(fields)
    if let text = prompt.stringValue { return [Prompt(service.language.encode(text), text: text)] }
    if list.first?.wholeNumber != nil { return [Prompt(try tokens(list, at: "prompt", service))] }
    return try list.map { entry in
      if let text = entry.stringValue { return Prompt(service.language.encode(text), text: text) }
      guard let ids = entry.arrayValue else {
        throw APIError.malformed(
          "prompt: expected texts or lists of token ids, found \(entry.kind)", param: "prompt")
      }
      return Prompt(try tokens(ids, at: "prompt", service))
    }
  }

  /// Texts before a gap, and the one behind it.
  private static func gaps(_ fields: Fields, suffix: String, _ service: Service) throws -> [Prompt]
  {
    guard let fill = FillInMiddle(service.language) else {
      throw APIError.outOfRange(
        "suffix", expected: "none: the tokenizer of this model has no tokens for filling in",
        found: "a text")
    }
    let (prompt, list) = try written(fields)
    return try (prompt.stringValue == nil ? list : [prompt]).map { entry in
      guard let text = entry.stringValue else {
        throw APIError.malformed(
          "prompt: expected texts, since there is a suffix, found \(entry.kind)", param: "prompt")
      }
      let (tokens, echoed) = fill.encode(prefix: text, suffix: suffix)
      return Prompt(tokens, text: text, echoed: echoed)
    }
  }

  private static func written(_ fields: Fields) throws -> (prompt: JSON, list: [JSON]) {
    guard let prompt = fields["prompt"] else {
      throw APIError.malformed(
        "prompt: expected a text or token ids, found nothing", param: "prompt")
    }
    if prompt.stringValue != nil { return (prompt, []) }
    guard let list = prompt.arrayValue, !list.isEmpty, list.count <= 1 << 20 else {
      throw APIError.malformed(
        "prompt: expected a text, texts or token ids, found \(prompt.kind)", param: "prompt")
    }
    return (prompt, list)
  }

  static func tokens(_ list: [JSON], at place: String, _ service: Service) throws -> [Int32] {
    guard !list.isEmpty else {
      throw APIError.malformed("\(place): expected at least one token, found none", param: place)
    }
    return try list.enumerated().map { index, value in
      guard let id = value.wholeNumber, (0..<service.vocabularySize).contains(id) else {
        throw APIError.outOfRange(
          "\(place)[\(index)]", expected: "a token id below \(service.vocabularySize)",
          found: InputError.excerpt(value.text()))
      }
      return Int32(id)
    }
  }
}
