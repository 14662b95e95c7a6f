import FathomCore
import FathomText

/// How the rows of a file are read.
public enum RowKind: String, Sendable, CaseIterable {
  /// `messages`, or `prompt` and `completion` as question and answer, in the model's chat format.
  case chat = "chat_template"
  /// `text`, or `prompt` and `completion`, as they stand.
  case plain = "completion"
}

/// One row of training data.
public enum DataRow: Sendable, Equatable {
  case text(String)
  case completion(prompt: String, completion: String)
  case conversation(ChatRequest)

  /// - Throws: `InputError` whose place is within the row.
  public init(_ json: JSON, as kind: RowKind) throws {
    guard let row = json.objectValue else {
      throw InputError("row", expected: "an object", found: json.kind)
    }
    func text(_ key: String) throws -> String {
      guard let text = row[key]?.stringValue else {
        throw InputError(
          "\"\(key)\"", expected: "a string", found: row[key]?.kind ?? "no such key")
      }
      return text
    }
    switch kind {
    case .chat where row["messages"] != nil:
      self = .conversation(try ChatRequest(json))
    case .chat where row["prompt"] != nil || row["completion"] != nil:
      let messages =
        try Self.messages(row["prompt"], "prompt", role: .user)
        + Self.messages(row["completion"], "completion", role: .assistant)
      self = .conversation(ChatRequest(messages: messages))
    case .plain where row["prompt"] != nil || row["completion"] != nil:
      self = .completion(prompt: try text("prompt"), completion: try text("completion"))
    case .chat where row["text"] != nil, .plain where row["text"] != nil:
      self = .text(try text("text"))
    default:
      let keys = row.members.prefix(8).map { InputError.excerpt($0.key) }.joined(separator: ", ")
      throw InputError(
        "row",
        expected: kind == .chat
          ? "\"messages\", or \"prompt\" and \"completion\", or \"text\""
          : "\"text\", or \"prompt\" and \"completion\"",
        found: keys.isEmpty ? "no keys" : "keys \(keys)")
    }
  }

  /// A string is what somebody of `role` says; an array is messages.
  private static func messages(
    _ json: JSON?, _ key: String, role: ChatRole
  ) throws -> [ChatMessage] {
    switch json ?? .null {
    case .string(let text): return [ChatMessage(role: role, content: text)]
    case .array(let messages):
      do {
        return try messages.map { try ChatMessage($0) }
      } catch let error as InputError {
        throw error.inside("\"\(key)\"")
      }
    default:
      throw InputError(
        "\"\(key)\"", expected: "a string or an array of messages",
        found: json?.kind ?? "no such key")
    }
  }
}

extension SampleEncoder {
  /// The samples of a row.
  public func samples(_ row: DataRow) throws -> [TrainingSample] {
    switch row {
    case .text(let text): [sample(text: text)]
    case .completion(let prompt, let completion):
      [sample(prompt: prompt, completion: completion)]
    case .conversation(let request): try samples(request)
    }
  }
}
