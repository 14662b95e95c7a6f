import FathomCore
import FathomText

/// Reads a conversation in Anthropic's form: messages are made of blocks, and results of tools come from the user.
enum MessageConversation {
  /// `system` and `messages`.
  ///
  /// An assistant's text at the end is the beginning of the answer.
  static func request(_ fields: Fields) throws -> ChatRequest {
    guard let list = try fields.array("messages", atMost: 4096), !list.isEmpty else {
      throw APIError.malformed(
        "messages: expected an array of at least one message", param: "messages")
    }
    var placed: [Placed] = []
    if let system = try Blocks(fields, "system")?.text(), !system.isEmpty {
      placed.append((.system(system), "system"))
    }
    for (index, json) in list.enumerated() {
      placed += try message(try Fields(json, at: "messages[\(index)]"))
    }
    var request = ChatRequest(messages: placed.map(\.message))
    request.places = placed.map(\.place)
    if let last = request.messages.indices.last, request.messages[last].role == .assistant,
      request.messages[last].toolCalls == .absent
    {
      request.messages[last].prefix = true
    }
    return request
  }

  /// A message, and where the client wrote it.
  private typealias Placed = (message: ChatMessage, place: String)

  private static func message(_ fields: Fields) throws -> [Placed] {
    guard let blocks = try Blocks(fields, "content") else {
      throw APIError.malformed(
        "\(fields.name("content")): expected a string or an array of blocks, found nothing",
        param: fields.name("content"))
    }
    let roles: KeyValuePairs<String, ChatRole> = [
      "user": .user, "assistant": .assistant, "system": .system,
    ]
    switch try fields.choice("role", roles) {
    case .assistant: return [(try assistant(blocks), fields.path)]
    case .system: return [(.system(try blocks.text()), fields.path)]
    case .user: return try user(blocks, at: fields.path)
    default:
      throw APIError.malformed(
        "\(fields.name("role")): expected user or assistant, found nothing",
        param: fields.name("role"))
    }
  }

  private static func assistant(_ blocks: Blocks) throws -> ChatMessage {
    var texts: [String] = []
    var thoughts: [String] = []
    var calls: [ToolCall] = []
    for block in blocks.list {
      switch try block.required("type") {
      case "text": texts.append(try block.required("text"))
      case "thinking": thoughts.append(try block.required("thinking"))
      // Only whoever wrote it can read it.
      case "redacted_thinking": break
      case "tool_use":
        let input = try block.fields("input")?.object ?? JSONObject()
        calls.append(
          ToolCall(
            id: try block.required("id"), name: try block.required("name"),
            arguments: .text(JSON.object(input).text())))
      default: throw block.unread()
      }
    }
    return ChatMessage(
      role: .assistant, content: texts.joined(separator: "\n"),
      reasoningContent: thoughts.isEmpty ? nil : thoughts.joined(separator: "\n"),
      toolCalls: calls.isEmpty ? .absent : .calls(calls))
  }

  /// Results become messages of their own; text before and behind them stays where it is.
  private static func user(_ blocks: Blocks, at place: String) throws -> [Placed] {
    var messages: [Placed] = []
    var texts: [String] = []
    func endText() {
      if !texts.isEmpty { messages.append((.user(texts.joined(separator: "\n")), place)) }
      texts = []
    }
    for block in blocks.list {
      switch try block.required("type") {
      case "text": texts.append(try block.required("text"))
      case "tool_result":
        endText()
        let text = try Blocks(block, "content")?.text() ?? ""
        let isError = try block.bool("is_error") ?? false
        let result = ChatMessage(
          role: .tool, content: isError ? "Error: \(text)" : text,
          toolCallID: try block.required("tool_use_id"))
        messages.append((result, block.path))
      default: throw block.unread()
      }
    }
    endText()
    return messages.isEmpty ? [(.user(""), place)] : messages
  }

  /// `tools [{name, description, input_schema, strict}]`
  static func tools(_ fields: Fields) throws -> [ToolDefinition] {
    try (fields.array("tools", atMost: 128) ?? []).enumerated().map { index, json in
      let tool = try Fields(json, at: "tools[\(index)]")
      if let type = try tool.string("type"), type != "custom" {
        throw APIError.malformed(
          "\(tool.name("type")): expected custom, as this server runs no tools itself, found "
            + InputError.excerpt(type), param: tool.name("type"))
      }
      guard let schema = try tool.fields("input_schema") else {
        throw APIError.malformed(
          "\(tool.name("input_schema")): expected an object, found nothing",
          param: tool.name("input_schema"))
      }
      return try ToolDefinition(
        name: try tool.required("name"), description: try tool.string("description"),
        parameters: .object(schema.object), isStrict: try tool.bool("strict") ?? false)
    }
  }
}

/// Content: a string, which is one block of text, or an array of blocks.
private struct Blocks {
  let list: [Fields]

  init?(_ fields: Fields, _ key: String) throws {
    guard let value = fields[key] else { return nil }
    if let text = value.stringValue {
      list = [try Fields(.of(["type": .string("text"), "text": .string(text)]))]
      return
    }
    guard value.arrayValue != nil else {
      throw APIError.malformed(
        "\(fields.name(key)): expected a string or an array of blocks, found \(value.kind)",
        param: fields.name(key))
    }
    list = try (fields.array(key, atMost: 4096) ?? []).enumerated().map {
      try Fields($1, at: "\(fields.name(key))[\($0)]")
    }
  }

  /// Where only text may be.
  func text() throws -> String {
    try list.map {
      guard try $0.required("type") == "text" else { throw $0.unread() }
      return try $0.required("text")
    }.joined(separator: "\n")
  }
}

extension Fields {
  /// For a part of a type that these models have no way to read, or that has no place there.
  func unread() -> APIError {
    .malformed(
      "\(name("type")): expected text or what goes with it, found "
        + "\(InputError.excerpt(self["type"]?.stringValue ?? "")), which cannot be read here",
      param: name("type"))
  }
}

extension ToolDefinition {
  /// A function in the shape that chat formats write.
  init(name: String, description: String?, parameters: JSON?, isStrict: Bool) throws {
    var function = JSONObject(["name": .string(name)])
    if let description { function["description"] = .string(description) }
    if let parameters { function["parameters"] = parameters }
    if isStrict { function["strict"] = .bool(true) }
    try self.init(.of(["type": .string("function"), "function": .object(function)]))
  }
}
