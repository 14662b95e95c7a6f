import FathomCore

/// A conversation and the tools offered in it.
public struct ChatRequest: Sendable, Equatable {
  public var messages: [ChatMessage]
  public var tools: [ToolDefinition]
  /// Where messages stand in what a client sent, for errors, if that is not `messages[N]`.
  package var places: [String] = []

  public init(messages: [ChatMessage], tools: [ToolDefinition] = []) {
    self.messages = messages
    self.tools = tools
  }

  func place(of index: Int) -> String {
    places.indices.contains(index) ? places[index] : "messages[\(index)]"
  }

  /// Reads `{"messages": […], "tools": […]}` or an array of messages.
  ///
  /// - Throws: `InputError` with the place of the first thing that is wrong.
  public init(_ json: JSON) throws {
    let messages: JSON
    var tools: JSON = .null
    switch json {
    case .array: messages = json
    case .object(let object):
      messages = object["messages"] ?? .null
      tools = object["tools"] ?? .null
    default:
      throw JSONField(json, at: "conversation").unexpected(
        "an array of messages or an object with \"messages\"")
    }
    guard case .array(let list) = messages, !list.isEmpty else {
      throw JSONField(messages, at: "messages").unexpected("an array of at least one message")
    }
    self.messages = try list.enumerated().map { try ChatMessage($1, at: "messages[\($0)]") }
    switch tools {
    case .null: self.tools = []
    case .array(let list):
      self.tools = try list.enumerated().map { try ToolDefinition($1, at: "tools[\($0)]") }
    default: throw JSONField(tools, at: "tools").unexpected("an array of tool definitions")
    }
  }

  /// What `init(_:)` reads back as the same conversation.
  public var json: JSON {
    var object = JSONObject(["messages": .array(messages.map(\.json))])
    if !tools.isEmpty { object["tools"] = .array(tools.map(\.json)) }
    return .object(object)
  }
}
