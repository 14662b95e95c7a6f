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
  /// Whether an answer may hold several calls.
  var callsInParallel = true

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
    callsInParallel = try fields.bool("parallel_tool_calls") ?? true
    request.tools = try toolChoice.offered(request.tools)
    rendering = Self.rendering
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: vocabulary)
    let limit = try fields.first("max_completion_tokens", "max_tokens") {
      try fields.int($0, 1...Int(Int32.max))
    }
    options.maxTokens = limit ?? options.maxTokens
    try readThinking(fields)
    // A format without a switch begins to reason all the same, and then has to stop at once.
    if rendering.thinking == false { reasoningBudget = 0 }
    count = try fields.int("n", 1...8) ?? 1
    streams = try fields.bool("stream") ?? false
    includesUsage = try fields.fields("stream_options")?.bool("include_usage") ?? false
    returnsProgress = try fields.bool("return_progress") ?? false
    let scores = try fields.bool("logprobs") == true ? 0 : nil
    topScores = try fields.int("top_logprobs", 0...20) ?? scores
    tenant = try fields.tenant("user_id", "user")
    grammar = try ResponseShape.grammar(fields)
  }

  static func conversation(_ fields: Fields) throws -> ChatRequest {
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
      if let on = try arguments.first("thinking", "enable_thinking", read: arguments.bool) {
        think(on)
      }
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
}

extension Fields {
  /// Whom a request belongs to: the first of some fields that is there; all of them are checked.
  func tenant(_ keys: String...) throws -> String {
    var first: String?
    for key in keys {
      guard let name = try string(key) else { continue }
      guard name.unicodeScalars.count <= 512 else {
        throw APIError.outOfRange(
          self.name(key), expected: "at most 512 characters",
          found: "\(name.unicodeScalars.count)")
      }
      first = first ?? name
    }
    return first ?? ""
  }
}
