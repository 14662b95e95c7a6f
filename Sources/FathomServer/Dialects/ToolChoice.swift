import FathomCore
import FathomText

/// Which of the offered tools an answer may or has to call.
enum ToolChoice: Equatable {
  case none
  case auto
  /// One of them, whichever.
  case required
  case named(String)

  var isNamed: Bool {
    if case .named = self { true } else { false }
  }

  /// The tools that a prompt offers: none where none may be called.
  ///
  /// - Throws: `APIError` for names that two tools have or that are too long, and for arguments that are no object.
  func offered(_ tools: [ToolDefinition]) throws -> [ToolDefinition] {
    var names: Set<String> = []
    for (index, tool) in tools.enumerated() {
      guard (1...128).contains(tool.name.utf8.count) else {
        throw APIError.outOfRange(
          "tools[\(index)]", expected: "a name of 1 to 128 bytes",
          found: "\(tool.name.utf8.count)")
      }
      guard names.insert(tool.name).inserted else {
        throw APIError.outOfRange(
          "tools[\(index)]", expected: "a name that no other tool has",
          found: InputError.excerpt(tool.name))
      }
      guard let schema = tool.function["parameters"], !schema.isNull else { continue }
      let type = schema["type"]
      guard schema.objectValue != nil, type == nil || type?.stringValue == "object" else {
        throw APIError.malformed(
          "tools[\(index)]: expected parameters that are the schema of an object, found "
            + InputError.excerpt(schema.text()), param: "tools[\(index)]")
      }
    }
    return self == .none ? [] : tools
  }
}

extension ToolChoice {
  /// `none`, `auto`, `required`, or `{"type": "function", "function": {"name": …}}`
  init(chatCompletion fields: Fields) throws {
    self = try Self.read(fields, any: "required", one: "function") {
      guard let function = try $0.fields("function") else {
        throw APIError.malformed(
          "\($0.name("function")): expected an object, found nothing", param: $0.name("function"))
      }
      return try function.required("name")
    }
  }

  /// `none`, `auto`, `required`, or `{"type": "function", "name": …}`
  init(response fields: Fields) throws {
    self = try Self.read(fields, any: "required", one: "function") { try $0.required("name") }
  }

  /// `{"type": "none" | "auto" | "any"}`, or `{"type": "tool", "name": …}`
  init(message fields: Fields) throws {
    self = try Self.read(fields, any: "any", one: "tool") { try $0.required("name") }
  }

  /// A word, or an object with that word as its type; with a name where the type says that one tool is meant.
  private static func read(
    _ fields: Fields, any: String, one: String, name: (Fields) throws -> String
  ) throws -> ToolChoice {
    guard fields["tool_choice"]?.objectValue != nil,
      let object = try fields.fields("tool_choice")
    else {
      let words: KeyValuePairs = ["none": ToolChoice.none, "auto": .auto, any: .required]
      return try fields.choice("tool_choice", words) ?? .auto
    }
    let words: KeyValuePairs<String, ToolChoice?> = [
      "none": ToolChoice.none, "auto": .auto, any: .required, one: nil,
    ]
    let choice = try object.choice("type", words) ?? .auto
    return try choice ?? .named(name(object))
  }
}
