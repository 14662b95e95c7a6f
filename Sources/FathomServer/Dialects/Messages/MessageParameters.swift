import FathomCore
import FathomInference
import FathomText

// What Anthropic's `/v1/messages` asks for. `cache_control`, versions and betas change nothing here: prefixes are always
// cached.
//
// Source: platform.claude.com/docs, "Messages"; api-docs.deepseek.com, "Anthropic API".

extension ChatParameters {
  /// Reads the body of `/v1/messages`.
  init(message fields: Fields, service: Service) throws {
    self = try ChatParameters(countedMessage: fields, service: service)
    guard let limit = try fields.int("max_tokens", 1...Int(Int32.max)) else {
      throw APIError.malformed(
        "max_tokens: expected a whole number, found nothing", param: "max_tokens")
    }
    options.maxTokens = limit
    streams = try fields.bool("stream") ?? false
  }

  /// Reads the body of `/v1/messages/count_tokens`: the same, without a limit.
  init(countedMessage fields: Fields, service: Service) throws {
    toolChoice = try ToolChoice(message: fields)
    if fields["tool_choice"]?.objectValue != nil, let choice = try fields.fields("tool_choice") {
      callsInParallel = try choice.bool("disable_parallel_tool_use") != true
    }
    request = try MessageConversation.request(fields)
    request.tools = try toolChoice.offered(MessageConversation.tools(fields))
    rendering = Self.rendering
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: service.vocabularySize)
    options.stopStrings += try fields.strings("stop_sequences", atMost: 64, length: 256)
    try readMessageThinking(fields)
    tenant = try fields.fields("metadata")?.tenant("user_id") ?? ""
  }

  /// `thinking {type, budget_tokens}` and `output_config {effort, format}`
  private mutating func readMessageThinking(_ fields: Fields) throws {
    if let thinking = try fields.fields("thinking") {
      let kinds: KeyValuePairs = ["enabled": true, "adaptive": true, "disabled": false]
      if let on = try thinking.choice("type", kinds) { think(on) }
      reasoningBudget = try thinking.int("budget_tokens", 1...1_000_000)
    }
    guard let output = try fields.fields("output_config") else { return }
    // What `thinking` says outweighs an effort.
    let isOff = rendering.thinking == false
    let budget = reasoningBudget
    try readEffort(output, "effort")
    if isOff { think(false) }
    reasoningBudget = budget ?? reasoningBudget
    if let format = try output.fields("format") {
      grammar = try ResponseShape.grammar(format: format)
    }
  }
}
