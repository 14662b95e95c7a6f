import FathomConstraints
import FathomCore
import FathomText

/// Arguments as tags, which V3.2 writes: a parameter for each member, with its value as text or as JSON.
///
/// A plain string is text, as the model learned it; everything else is JSON, also a string that a pattern or a length binds.
struct TaggedArguments {
  private let tags: (begin: String, text: String, json: String, end: String)
  private let anyText: Grammar

  /// Most parameters of a call whose schema names none.
  private static let freeParameters = 16

  /// Nil where arguments are JSON.
  init?(_ marks: ToolCallMarks) {
    guard let parameter = marks.parameter,
      let text = try? Grammar.regex(ToolCallMarks.textPattern)
    else { return nil }
    tags = parameter
    anyText = text
  }

  /// What stands between the name of a call and its end.
  ///
  /// - Throws: `APIError` for a strict tool whose schema can't be enforced.
  func grammar(_ tool: ToolDefinition) throws -> Grammar {
    do {
      guard let schema = tool.function["parameters"],
        let members = try SchemaMember.all(ofSchema: schema, strict: tool.isStrict)
      else { return try free() }
      return try .sequence(try members.map { try parameter($0) })
    } catch let error as InputError {
      guard tool.isStrict else { return try free() }
      throw APIError.malformed(
        "\(tool.schemaPlace): \(error.description)", param: tool.schemaPlace)
    }
  }

  private func parameter(_ member: SchemaMember) throws -> Grammar {
    guard !member.name.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") }) else {
      throw InputError(
        "#/properties", expected: "names without quotes and line breaks, for arguments as tags",
        found: InputError.excerpt(member.name))
    }
    let value: Grammar =
      switch member.text {
      case .any: try text(anyText)
      case .oneOf(let texts): try text(try .choice(try texts.map { try .literal($0) }))
      case nil: try json(member.value)
      }
    let whole = try tagged(try .literal(member.name), value)
    return member.isRequired ? whole : try .choice([try .sequence([]), whole])
  }

  /// Parameters of any name.
  private func free() throws -> Grammar {
    let name = try Grammar.regex("[A-Za-z_][A-Za-z0-9_.-]{0,63}")
    let one = try tagged(
      name, try .choice([try text(anyText), try json(.json(objectOnly: false))]))
    var rest = try Grammar.sequence([])
    for _ in 0..<Self.freeParameters {
      rest = try .choice([try .sequence([]), try .sequence([one, rest])])
    }
    return rest
  }

  private func tagged(_ name: Grammar, _ value: Grammar) throws -> Grammar {
    try .sequence([try .literal(tags.begin), name, value, try .literal(tags.end)])
  }

  private func text(_ value: Grammar) throws -> Grammar {
    try .sequence([try .literal(tags.text), value])
  }

  private func json(_ value: Grammar) throws -> Grammar {
    try .sequence([try .literal(tags.json), value])
  }
}
