import FathomConstraints
import FathomCore
import FathomInference

/// What `/completions` asks for: text behind text, without a conversation.
struct CompletionParameters {
  var prompts: [[Int32]]
  var texts: [String?]
  var options: GenerationOptions
  var count: Int
  var streams: Bool
  var includesUsage: Bool
  var echoes: Bool
  var topScores: Int?
  var tenant: String
  var grammar: Grammar?

  init(_ fields: Fields, service: Service) throws {
    (prompts, texts) = try Self.prompts(fields, service)
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: service.vocabularySize)
    let limit = try fields.int("max_tokens", 0...Int(Int32.max))
    options.maxTokens = limit ?? options.maxTokens ?? 16
    count = try fields.int("n", 1...8) ?? 1
    if let best = try fields.int("best_of", 1...8), best != count {
      throw APIError.outOfRange("best_of", expected: "n, or nothing", found: "\(best)")
    }
    if try fields.string("suffix").map({ !$0.isEmpty }) == true {
      throw APIError.outOfRange(
        "suffix", expected: "none: the tokenizer of this model has no tokens for filling in",
        found: "a text")
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
  private static func prompts(_ fields: Fields, _ service: Service) throws
    -> ([[Int32]], [String?])
  {
    guard let prompt = fields["prompt"] else {
      throw APIError.malformed(
        "prompt: expected a text or token ids, found nothing", param: "prompt")
    }
    if let text = prompt.stringValue { return ([service.language.encode(text)], [text]) }
    guard let list = prompt.arrayValue, !list.isEmpty, list.count <= 1 << 20 else {
      throw APIError.malformed(
        "prompt: expected a text, texts or token ids, found \(prompt.kind)", param: "prompt")
    }
    if list.first?.wholeNumber != nil { return ([try tokens(list, at: "prompt", service)], [nil]) }
    var prompts: [[Int32]] = []
    var texts: [String?] = []
    for entry in list {
      if let text = entry.stringValue {
        prompts.append(service.language.encode(text))
        texts.append(text)
      } else if let ids = entry.arrayValue {
        prompts.append(try tokens(ids, at: "prompt", service))
        texts.append(nil)
      } else {
        throw APIError.malformed(
          "prompt: expected texts or lists of token ids, found \(entry.kind)", param: "prompt")
      }
    }
    return (prompts, texts)
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
