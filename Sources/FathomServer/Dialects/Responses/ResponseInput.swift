import FathomCore
import FathomText

/// Reads a conversation in the form of OpenAI's responses: a list of items, of which an assistant's turn can take several.
struct ResponseInput {
  private var messages: [ChatMessage] = []
  /// Where the client wrote them: of a turn, its first item.
  private var places: [String] = []
  /// Reasoning that belongs to what the assistant said next.
  private var thoughts: [String] = []

  /// `instructions` and `input`.
  static func request(_ fields: Fields) throws -> ChatRequest {
    var input = ResponseInput()
    if let text = try fields.string("instructions"), !text.isEmpty {
      input.append(.system(text), at: "instructions")
    }
    guard let value = fields["input"] else {
      throw APIError.malformed(
        "input: expected a string or an array of items, found nothing", param: "input")
    }
    if let text = value.stringValue {
      input.append(.user(text), at: "input")
    } else {
      guard let list = try fields.array("input", atMost: 4096), !list.isEmpty else {
        throw APIError.malformed(
          "input: expected a string or an array of at least one item", param: "input")
      }
      for (index, json) in list.enumerated() {
        try input.read(try Fields(json, at: "input[\(index)]"))
      }
    }
    var request = ChatRequest(messages: input.messages)
    request.places = input.places
    return request
  }

  private mutating func append(_ message: ChatMessage, at place: String) {
    messages.append(message)
    places.append(place)
  }

  private mutating func read(_ item: Fields) throws {
    switch try item.string("type") ?? "message" {
    case "message": try readMessage(item)
    case "reasoning": thoughts += try Self.reasoning(item)
    case "function_call":
      let call = ToolCall(
        id: try item.required("call_id"), name: try item.required("name"),
        arguments: .text(try item.required("arguments")))
      say(item) { $0.toolCalls = .calls($0.toolCalls.list + [call]) }
    case "function_call_output":
      guard let output = try Self.text(item, "output") else {
        throw APIError.malformed(
          "\(item.name("output")): expected a text, found nothing", param: item.name("output"))
      }
      thoughts = []
      append(
        ChatMessage(role: .tool, content: output, toolCallID: try item.required("call_id")),
        at: item.path)
    default: throw item.unread()
    }
  }

  private mutating func readMessage(_ item: Fields) throws {
    let roles: KeyValuePairs<String, ChatRole> = [
      "user": .user, "assistant": .assistant, "system": .system, "developer": .system,
    ]
    guard let role = try item.choice("role", roles), let text = try Self.text(item, "content")
    else {
      throw APIError.malformed(
        "\(item.path): expected a message with role and content", param: item.path)
    }
    guard role == .assistant else {
      thoughts = []
      return append(ChatMessage(role: role, content: text), at: item.path)
    }
    say(item) { message in
      message.content = [message.content ?? "", text].filter { !$0.isEmpty }
        .joined(separator: "\n")
    }
  }

  /// Adds to the assistant's turn; begins one where somebody else spoke last.
  private mutating func say(_ item: Fields, _ add: (inout ChatMessage) -> Void) {
    if messages.last?.role != .assistant { append(.assistant(""), at: item.path) }
    let place = messages.count - 1
    if !thoughts.isEmpty {
      let earlier = messages[place].reasoningContent.map { [$0] } ?? []
      messages[place].reasoningContent = (earlier + thoughts).joined(separator: "\n")
      thoughts = []
    }
    add(&messages[place])
  }

  /// What was thought, or else its summary; what is encrypted was not written here.
  private static func reasoning(_ item: Fields) throws -> [String] {
    let texts = try ["content", "summary"].map { key in
      try (item.array(key, atMost: 4096) ?? []).enumerated().map {
        try Fields($1, at: "\(item.name(key))[\($0)]").required("text")
      }
    }
    return texts.first { !$0.isEmpty } ?? []
  }

  /// A string, or parts of text.
  private static func text(_ item: Fields, _ key: String) throws -> String? {
    guard let value = item[key] else { return nil }
    if let text = value.stringValue { return text }
    return try (item.array(key, atMost: 4096) ?? []).enumerated().map { index, json in
      let part = try Fields(json, at: "\(item.name(key))[\(index)]")
      switch try part.required("type") {
      case "input_text", "output_text", "text": return try part.required("text")
      case "refusal": return try part.required("refusal")
      default: throw part.unread()
      }
    }.joined(separator: "\n")
  }

  /// `tools [{type: "function", name, description, parameters, strict}]`
  static func tools(_ fields: Fields) throws -> [ToolDefinition] {
    try (fields.array("tools", atMost: 128) ?? []).enumerated().map { index, json in
      let tool = try Fields(json, at: "tools[\(index)]")
      let type = try tool.required("type")
      guard type == "function" else {
        throw APIError.malformed(
          "\(tool.name("type")): expected function, as this server runs no tools itself, found "
            + InputError.excerpt(type), param: tool.name("type"))
      }
      return try ToolDefinition(
        name: try tool.required("name"), description: try tool.string("description"),
        parameters: try tool.fields("parameters").map { .object($0.object) },
        isStrict: try tool.bool("strict") ?? false)
    }
  }
}
