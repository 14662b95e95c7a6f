import FathomCore

/// The layout of one template: how a conversation becomes text.
package protocol ChatLayout: Sendable {
  /// The form in which it wants a call's arguments.
  var arguments: ArgumentForm { get }
  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
}

/// How a layout writes arguments.
package enum ArgumentForm {
  /// A string as it is.
  case text
  /// Any value as JSON, so that a string stands in quotes once more.
  case json
}

extension ChatLayout {
  package var arguments: ArgumentForm { .text }
}

/// A message and its place in the conversation, so that errors can say where.
struct PlacedMessage {
  let message: ChatMessage
  let index: Int
  let place: String

  var role: ChatRole { message.role }

  /// The content of a message that has to have one.
  func text() throws -> String {
    guard let content = message.content else {
      throw InputError(
        "\(place).content",
        expected: "text, which this chat format needs in a message of role "
          + "\"\(role.rawValue)\"\(message.toolCalls.list.isEmpty ? "" : " with these tool calls")",
        found: "null")
    }
    return content
  }

  /// Arguments for a format that writes them as given, which only works for a string.
  func argumentsAsGiven(_ call: ToolCall, _ number: Int) throws -> String {
    switch call.arguments {
    case .text(let text): return text
    case .value(let value):
      throw InputError(
        "\(place).tool_calls[\(number)].function.arguments",
        expected: "a string of JSON, which this chat format writes as given", found: value.kind)
    }
  }
}

extension ChatRequest {
  var placed: [PlacedMessage] {
    messages.enumerated().map { PlacedMessage(message: $1, index: $0, place: place(of: $0)) }
  }

  /// All system messages, joined by an empty line.
  func joinedSystem() throws -> String {
    try placed.filter { $0.role == .system }.map { try $0.text() }.joined(separator: "\n\n")
  }

  /// The last system message: the distilled models' templates let it replace earlier ones.
  func lastSystem() throws -> String {
    try placed.last { $0.role == .system }?.text() ?? ""
  }
}

extension ToolCall {
  /// Arguments for a format that writes any value as JSON: a string becomes a JSON string.
  var argumentsAsJSON: String {
    switch arguments {
    case .text(let text): JSON.string(text).text(.spaced)
    case .value(let value): value.text(.spaced)
    }
  }
}

extension PromptWriter {
  /// `function<｜tool▁sep｜>NAME`, then the arguments in a fence: the calls of V3 and R1.
  mutating func fencedCall(_ call: ToolCall, arguments: String) {
    mark(Mark.toolCallBegin)
    content(call.type)
    mark(Mark.toolSeparator)
    content(call.name)
    mark("\n```json\n")
    content(arguments)
    mark("\n```", Mark.toolCallEnd)
  }

  mutating func toolOutput(_ text: String) {
    mark(Mark.toolOutputBegin)
    content(text)
    mark(Mark.toolOutputEnd)
  }
}
