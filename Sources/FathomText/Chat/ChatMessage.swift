import FathomCore

/// Who speaks.
public enum ChatRole: String, Sendable, CaseIterable {
  case system, user, assistant, tool
  /// Instructions of an application; formats treat it as `system`.
  case developer
}

/// One message of a conversation, in the shape of the chat API.
public struct ChatMessage: Sendable, Equatable {
  public var role: ChatRole
  /// The text; nil stands for both `null` and an absent key.
  public var content: String?
  /// What an assistant thought before it answered. Most formats leave it out of later prompts.
  public var reasoningContent: String?
  public var toolCalls: ToolCalls
  /// The call that a `tool` message answers.
  public var toolCallID: String?
  public var name: String?
  /// An assistant message that the model is to go on with.
  public var prefix: Bool

  public init(
    role: ChatRole, content: String?, reasoningContent: String? = nil,
    toolCalls: ToolCalls = .absent, toolCallID: String? = nil, name: String? = nil,
    prefix: Bool = false
  ) {
    self.role = role
    self.content = content
    self.reasoningContent = reasoningContent
    self.toolCalls = toolCalls
    self.toolCallID = toolCallID
    self.name = name
    self.prefix = prefix
  }

  public static func system(_ text: String) -> ChatMessage { Self(role: .system, content: text) }
  public static func user(_ text: String) -> ChatMessage { Self(role: .user, content: text) }
  public static func assistant(_ text: String) -> ChatMessage {
    Self(role: .assistant, content: text)
  }
}

extension ChatMessage {
  /// Reads a message; keys that no format knows are ignored, as the chat API's clients send several.
  ///
  /// - Throws: `InputError` whose place is like `messages[2].tool_calls[0].function.name`.
  public init(_ json: JSON) throws { try self.init(json, at: "message") }

  init(_ json: JSON, at place: String) throws {
    let object = try JSONField(json, at: place).object()
    func field(_ key: String) -> JSONField {
      JSONField(object[key] ?? .null, at: "\(place).\(key)")
    }
    guard let role = ChatRole(rawValue: try field("role").string()) else {
      let known = ChatRole.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw field("role").unexpected("one of \(known)")
    }
    var prefix = false
    switch field("prefix").json {
    case .null: break
    case .bool(let value): prefix = value
    default: throw field("prefix").unexpected("true or false")
    }
    self.init(
      role: role, content: try Self.text(field("content")),
      reasoningContent: try field("reasoning_content").optionalString()
        ?? field("reasoning").optionalString(),
      toolCalls: try Self.calls(object["tool_calls"], at: field("tool_calls").place),
      toolCallID: try field("tool_call_id").optionalString(),
      name: try field("name").optionalString(), prefix: prefix)
  }

  /// A string, or parts of type `text`, which are joined by newlines.
  private static func text(_ content: JSONField) throws -> String? {
    guard case .array(let parts) = content.json else {
      if content.json.isNull || content.json.stringValue != nil { return content.json.stringValue }
      throw content.unexpected("a string, null or an array of text parts")
    }
    return try parts.enumerated().map { index, part in
      let place = "\(content.place)[\(index)]"
      let object = try JSONField(part, at: place).object()
      let type = JSONField(object["type"] ?? .null, at: "\(place).type")
      guard try type.string() == "text" else {
        throw type.unexpected("\"text\", the only kind of content these models read")
      }
      return try JSONField(object["text"] ?? .null, at: "\(place).text").string()
    }.joined(separator: "\n")
  }

  private static func calls(_ json: JSON?, at place: String) throws -> ToolCalls {
    guard let json else { return .absent }
    switch json {
    case .null: return .null
    case .array(let calls):
      return .calls(
        try calls.enumerated().map { try ToolCall($1, at: "\(place)[\($0)]") })
    default: throw JSONField(json, at: place).unexpected("an array of calls or null")
    }
  }

  /// As the chat API spells it: `init(_:)` reads it back as the same message.
  public var json: JSON {
    var object = JSONObject(["role": .string(role.rawValue)])
    object["content"] = content.map { .string($0) } ?? .null
    if let reasoningContent { object["reasoning_content"] = .string(reasoningContent) }
    switch toolCalls {
    case .absent: break
    case .null: object["tool_calls"] = .null
    case .calls(let calls): object["tool_calls"] = .array(calls.map(\.json))
    }
    if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
    if let name { object["name"] = .string(name) }
    if prefix { object["prefix"] = .bool(true) }
    return .object(object)
  }
}
