import FathomConstraints
import FathomCore
import FathomInference
import FathomText

/// What the calls of an answer have to look like.
struct ToolGrammar {
  let choice: ToolChoice
  let tools: [ToolDefinition]

  /// Most calls that one answer is made to hold.
  private static let calls = 4

  /// The grammar that calls have to obey, and where it begins; nil leaves the model free.
  ///
  /// A tool with `strict` gets arguments of its schema. Where a call must be made, arguments follow the schema as far as it
  /// can be enforced, and are a JSON object otherwise.
  func grammar(_ format: ChatFormat, _ tokenizer: Tokenizer) throws -> (
    Grammar, EngineRequest.GrammarStart
  )? {
    switch choice {
    case .none: return nil
    case .auto:
      guard tools.contains(where: Self.isStrict), format.toolCallSyntax == .marks,
        let begin = tokenizer.id(of: format.toolCallMarks.sectionBegin)
      else { return nil }
      return (try section(tools, format, begins: false), .token(begin))
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
    guard format.toolCallSyntax == .marks else {
      throw APIError.outOfRange(
        "tool_choice", expected: "none or auto with the chat format of this model",
        found: "a call that must be made")
    }
    return try ResponseShape.behindReasoning(try section(tools, format, begins: true))
  }

  private func section(_ tools: [ToolDefinition], _ format: ChatFormat, begins: Bool) throws
    -> Grammar
  {
    let marks = format.toolCallMarks
    let call = try Grammar.choice(try tools.map { try self.call($0, marks) })
    let separated = try Grammar.sequence([try .literal(marks.betweenCalls), call])
    var rest = try Grammar.literal(marks.sectionEnd)
    if case .named = choice {
    } else {
      for _ in 1..<Self.calls {
        rest = try .choice([
          try .literal(marks.sectionEnd), try .sequence([separated, rest]),
        ])
      }
    }
    return try .sequence((begins ? [try .literal(marks.sectionBegin)] : []) + [call, rest])
  }

  private func call(_ tool: ToolDefinition, _ marks: ToolCallMarks) throws -> Grammar {
    try .sequence([
      try .literal(marks.callBegin(tool.name)), try arguments(tool),
      try .literal(marks.callEnd),
    ])
  }

  private func arguments(_ tool: ToolDefinition) throws -> Grammar {
    guard let schema = tool.function["parameters"] else { return .json(objectOnly: true) }
    let place = "tools: function \(tool.name).parameters"
    if Self.isStrict(tool) {
      return try ResponseShape.grammar(ofSchema: schema, strict: true, at: place)
    }
    return (try? ResponseShape.grammar(ofSchema: schema, strict: false, at: place))
      ?? .json(objectOnly: true)
  }

  private static func isStrict(_ tool: ToolDefinition) -> Bool {
    tool.function["strict"]?.boolValue == true
  }
}
