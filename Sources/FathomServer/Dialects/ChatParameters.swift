import FathomConstraints
import FathomCore
import FathomInference
import FathomText

/// What a chat request asks for, whichever dialect it came in.
struct ChatParameters {
  var request: ChatRequest
  var rendering: RenderOptions
  var options: GenerationOptions
  var reasoningBudget: Int?
  var count = 1
  var streams = false
  var includesUsage = false
  var returnsProgress = false
  var topScores: Int?
  var tenant = ""
  var grammar: Grammar?
  var toolChoice = ToolChoice.auto

  /// Tokens of reasoning that an effort allows; nil leaves it to the model.
  static let efforts: KeyValuePairs<String, Int?> = [
    "none": 0, "minimal": 128, "low": 1024, "medium": 4096, "high": nil, "xhigh": nil, "max": nil,
  ]
}

extension ChatParameters {
  /// Reads the body of `/chat/completions`.
  init(chatCompletion fields: Fields, service: Service) throws {
    let vocabulary = service.vocabularySize
    request = try Self.conversation(fields)
    toolChoice = try ToolChoice(chatCompletion: fields)
    request.tools = toolChoice.offered(request.tools)
    rendering = Self.rendering
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: vocabulary)
    if let limit = try fields.int("max_completion_tokens", 1...Int(Int32.max)) {
      options.maxTokens = limit
    } else if let limit = try fields.int("max_tokens", 1...Int(Int32.max)) {
      options.maxTokens = limit
    }
    try readThinking(fields)
    count = try fields.int("n", 1...8) ?? 1
    streams = try fields.bool("stream") ?? false
    includesUsage = try fields.fields("stream_options")?.bool("include_usage") ?? false
    returnsProgress = try fields.bool("return_progress") ?? false
    if let top = try fields.int("top_logprobs", 0...20) {
      topScores = top
    } else if try fields.bool("logprobs") == true {
      topScores = 0
    }
    tenant = try Self.tenant(try fields.string("user_id") ?? fields.string("user"))
    grammar = try ResponseShape.grammar(fields)
  }

  private static func conversation(_ fields: Fields) throws -> ChatRequest {
    guard let messages = try fields.array("messages", atMost: 4096), !messages.isEmpty else {
      throw APIError.malformed(
        "messages: expected an array of at least one message", param: "messages")
    }
    var object = JSONObject()
    object["messages"] = .array(
      messages.map { message in
        // OpenAI's later name for the system.
        guard case .object(var members) = message, members["role"]?.stringValue == "developer"
        else { return message }
        members["role"] = .string("system")
        return .object(members)
      })
    if let tools = try fields.array("tools", atMost: 128) { object["tools"] = .array(tools) }
    return try ChatRequest(.object(object))
  }

  /// A last message with `prefix` is gone on with.
  static var rendering: RenderOptions {
    var options = RenderOptions()
    options.continuesPrefix = true
    return options
  }

  /// `thinking {type}`, `reasoning_effort`, and `chat_template_kwargs {thinking, enable_thinking}`.
  private mutating func readThinking(_ fields: Fields) throws {
    if let thinking = try fields.fields("thinking") {
      if let on = try thinking.choice("type", ["enabled": true, "disabled": false]) { think(on) }
      if let budget = try thinking.int("budget_tokens", 1...1_000_000) { reasoningBudget = budget }
    }
    if let arguments = try fields.fields("chat_template_kwargs") {
      if let on = try arguments.bool("thinking") ?? arguments.bool("enable_thinking") { think(on) }
    }
    try readEffort(fields, "reasoning_effort")
  }

  /// One of the words of `efforts`.
  mutating func readEffort(_ fields: Fields, _ key: String) throws {
    guard let effort = try fields.choice(key, Self.efforts) else { return }
    if effort == 0 {
      think(false)
    } else {
      if rendering.thinking == nil { think(true) }
      if let effort { reasoningBudget = effort }
    }
  }

  mutating func think(_ on: Bool) {
    rendering.thinking = on
    rendering.enableThinking = on
  }

  /// Whom a request belongs to.
  static func tenant(_ name: String?) throws -> String {
    guard let name else { return "" }
    guard name.utf8.count <= 512 else {
      throw APIError.outOfRange(
        "user_id", expected: "at most 512 bytes", found: "\(name.utf8.count)")
    }
    return name
  }
}
