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
    rendering = RenderOptions()
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
    tenant = try fields.tenant()
    if let format = try fields.fields("response_format") {
      guard try format.required("type") == "text" else {
        throw APIError.outOfRange("response_format.type", expected: "text", found: "another")
      }
    }
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
    let choice = try chosenTools(fields)
    if let tools = try fields.array("tools", atMost: 128), choice != "none" {
      object["tools"] = .array(tools)
    }
    return try ChatRequest(.object(object))
  }

  private static func chosenTools(_ fields: Fields) throws -> String? {
    // An object names a tool; which one is up to the model.
    if fields["tool_choice"]?.objectValue != nil { return nil }
    return try fields.choice(
      "tool_choice", ["none": "none", "auto": "auto", "required": "required"])
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
    if let effort = try fields.choice("reasoning_effort", Self.efforts) {
      if effort == 0 {
        think(false)
      } else {
        if rendering.thinking == nil { think(true) }
        if let effort { reasoningBudget = effort }
      }
    }
  }

  private mutating func think(_ on: Bool) { rendering = RenderOptions(thinking: on) }
}

extension Fields {
  /// Whom a request belongs to.
  func tenant() throws -> String {
    try first("user_id", "user") { key in
      let name = try string(key)
      let count = name?.unicodeScalars.count ?? 0
      guard count <= 512 else {
        throw APIError.outOfRange(key, expected: "at most 512 characters", found: "\(count)")
      }
      return name
    } ?? ""
  }
}
