import FathomCore
import FathomInference

extension Inspection {
  /// Reads the body of `/inspect`. Greedy unless asked for otherwise; the rest of sampling is that of `/completions`.
  init(_ fields: Fields, service: Service) throws {
    let prompt = try Self.prompt(fields, service)
    var suggested = service.language.suggestedOptions
    suggested.sampling.temperature = 0
    var options = Options()
    let limit = options.generation.maxTokens
    options.generation = try fields.sampling(over: suggested, vocabulary: service.vocabularySize)
    options.generation.maxTokens =
      try fields.int("max_tokens", 0...Self.answerTokens) ?? limit
    options.top = try fields.int("top", 1...Self.candidates) ?? options.top
    options.layers = try fields.array(
      "layers", atMost: service.language.model.shape.numHiddenLayers)?
      .enumerated().map { index, value in
        guard let layer = value.wholeNumber else {
          throw APIError.malformed(
            "layers[\(index)]: expected a whole number, found \(InputError.excerpt(value.text()))",
            param: "layers")
        }
        return layer
      }
    try self.init(
      service.language, prompt: prompt, options: options,
      contextLimit: service.engine.contextLimit)
  }

  /// A text, or a conversation in the model's own format.
  private static func prompt(_ fields: Fields, _ service: Service) throws -> [Int32] {
    guard fields.has("prompt") != fields.has("messages") else {
      throw APIError.malformed(
        "prompt: expected either a text or messages, found "
          + (fields.has("prompt") ? "both" : "neither"), param: "prompt")
    }
    if let text = try fields.string("prompt") { return service.language.encode(text) }
    return try service.language.encode(
      ChatParameters.conversation(fields), ChatParameters.rendering
    ).tokens
  }
}
