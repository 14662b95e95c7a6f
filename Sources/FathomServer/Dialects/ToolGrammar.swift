import FathomConstraints
import FathomCore
import FathomInference
import FathomText

/// What the calls of an answer have to look like.
struct ToolGrammar {
  let choice: ToolChoice
  let tools: [ToolDefinition]
  /// Whether an answer may hold several calls.
  var isParallel = true

  /// Most calls that one answer is made to hold.
  private static let calls = 4

  /// The grammar that calls have to obey, and where it begins; nil leaves the model free.
  ///
  /// A tool with `strict` gets arguments of its schema. Where a call must be made, or only one may be, arguments follow the
  /// schema as far as it can be enforced, and are a JSON object otherwise.
  func grammar(_ format: ChatFormat, _ tokenizer: Tokenizer) throws -> (
    Grammar, EngineRequest.GrammarStart
  )? {
    switch choice {
    case .none: return nil
    case .auto:
      guard tools.contains(where: \.isStrict) || (!isParallel && !tools.isEmpty),
        let marks = format.toolCallMarks,
        let begin = tokenizer.id(of: marks.announcement.token)
      else { return nil }
      return (try section(tools, marks, begin: marks.announcement.rest), .token(begin))
    case .required: return (try forced(tools, format), .answer)
    case .named(let name):
      let chosen = tools.filter { $0.name == name }
      guard !chosen.isEmpty else {
        throw APIError.outOfRange(
          "tool_choice", expected: "the name of one of the tools", found: InputError.excerpt(name))
      }
      return (try forced(chosen, format), .answer)
    }
  }

  private func forced(_ tools: [ToolDefinition], _ format: ChatFormat) throws -> Grammar {
    guard !tools.isEmpty else {
      throw APIError.malformed("tool_choice: expected tools, found none", param: "tool_choice")
    }
    guard let marks = format.toolCallMarks else {
      throw APIError.outOfRange(
        "tool_choice", expected: "none or auto with the chat format of this model",
        found: "a call that must be made")
    }
    return try ResponseShape.behindReasoning(
      try section(tools, marks, begin: marks.sectionBegin))
  }

  private func section(_ tools: [ToolDefinition], _ marks: ToolCallMarks, begin: String) throws
    -> Grammar
  {
    let call = try Grammar.choice(try tools.map { try self.call($0, marks) })
    let separated = try Grammar.sequence([try .literal(marks.betweenCalls), call])
    var rest = try Grammar.literal(marks.sectionEnd)
    if isParallel, !choice.isNamed {
      for _ in 1..<Self.calls {
        rest = try .choice([
          try .literal(marks.sectionEnd), try .sequence([separated, rest]),
        ])
      }
    }
    return try .sequence([try .literal(begin), call, rest])
  }

  private func call(_ tool: ToolDefinition, _ marks: ToolCallMarks) throws -> Grammar {
    guard !tool.name.isEmpty, tool.name.utf8.allSatisfy({ $0 > 0x20 && !"\"<`".utf8.contains($0) })
    else {
      throw APIError.outOfRange(
        "tools", expected: "names without spaces, quotes and tags, for calls that are enforced",
        found: InputError.excerpt(tool.name))
    }
    return try .sequence([
      try .literal(marks.callBegin(tool.name)), try arguments(tool, marks),
      try .literal(marks.callEnd),
    ])
  }

  private func arguments(_ tool: ToolDefinition, _ marks: ToolCallMarks) throws -> Grammar {
    if let tagged = TaggedArguments(marks) { return try tagged.grammar(tool) }
    guard let schema = tool.function["parameters"] else { return .json(objectOnly: true) }
    if tool.isStrict {
      return try ResponseShape.grammar(ofSchema: schema, strict: true, at: tool.schemaPlace)
    }
    return (try? ResponseShape.grammar(ofSchema: schema, strict: false, at: tool.schemaPlace))
      ?? .json(objectOnly: true)
  }
}

extension ToolDefinition {
  /// Whether arguments have to obey the schema.
  var isStrict: Bool { function["strict"]?.boolValue == true }

  /// The schema in messages.
  var schemaPlace: String { "tools: function \(name).parameters" }
}
