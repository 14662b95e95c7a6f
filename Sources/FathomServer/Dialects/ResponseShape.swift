import FathomConstraints
import FathomCore
import FathomInference
import FathomText

/// What the text of an answer has to look like, as requests say it.
enum ResponseShape {
  /// Most bytes of a schema or grammar.
  private static let sourceBytes = 256 << 10

  /// Reads `response_format` (text, json_object, json_schema, regex, grammar) and llama-server's `grammar` and `json_schema`.
  ///
  /// - Throws: `APIError` that names the keyword or place that is not supported.
  static func grammar(_ fields: Fields) throws -> Grammar? {
    if let text = try fields.string("grammar"), !text.isEmpty {
      return try compiled(fields.name("grammar"), bytes: text.utf8.count) { try .gbnf(text) }
    }
    if let schema = fields["json_schema"] {
      return try grammar(ofSchema: schema, strict: false, at: fields.name("json_schema"))
    }
    return try fields.fields("response_format").flatMap { try grammar(format: $0) }
  }

  /// Reads an object with a `type`: chat has the schema of `json_schema` inside of an object of that name, other dialects beside it.
  static func grammar(format: Fields) throws -> Grammar? {
    switch try format.required("type") {
    case "text": return nil
    case "json_object":
      guard let schema = format["schema"] else { return .json(objectOnly: true) }
      return try grammar(ofSchema: schema, strict: false, at: format.name("schema"))
    case "json_schema":
      let wrapper = try format.fields("json_schema") ?? format
      guard let schema = wrapper["schema"] else { return .json(objectOnly: false) }
      return try grammar(
        ofSchema: schema, strict: try wrapper.bool("strict") ?? false, at: wrapper.name("schema"))
    case "regex":
      let pattern = try format.required("regex")
      return try compiled(format.name("regex"), bytes: pattern.utf8.count) { try .regex(pattern) }
    case "grammar":
      let text = try format.required("grammar")
      return try compiled(format.name("grammar"), bytes: text.utf8.count) { try .gbnf(text) }
    case let type:
      throw APIError.outOfRange(
        format.name("type"), expected: "text, json_object, json_schema, regex or grammar",
        found: InputError.excerpt(type))
    }
  }

  static func grammar(ofSchema schema: JSON, strict: Bool, at place: String) throws -> Grammar {
    try compiled(place, bytes: 0) { try .jsonSchema(schema, strict: strict) }
  }

  private static func compiled(_ place: String, bytes: Int, _ compile: () throws -> Grammar) throws
    -> Grammar
  {
    guard bytes <= sourceBytes else {
      throw APIError.outOfRange(place, expected: "at most \(sourceBytes) bytes", found: "\(bytes)")
    }
    do { return try compile() } catch let error as InputError {
      throw APIError(.badRequest, "\(place): \(error.description)", param: place)
    }
  }

  /// Behind reasoning, models write line breaks before they answer; those are not part of the answer.
  static func behindReasoning(_ grammar: Grammar) throws -> Grammar {
    try .sequence([try .regex("\\n{0,2}"), grammar])
  }
}
