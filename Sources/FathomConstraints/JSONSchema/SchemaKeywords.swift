import FathomCore

/// Which words of JSON Schema mean something here.
///
/// Nothing is passed over in silence: a word that would forbid an answer is enforced or refused.
enum SchemaKeywords {
  /// Words that say something about any value.
  static let general: Set<String> = [
    "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "nullable",
  ]
  static let ofNumbers: Set<String> = [
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
  ]
  static let ofStrings: Set<String> = ["minLength", "maxLength", "pattern", "format"]
  static let ofArrays: Set<String> = ["items", "prefixItems", "minItems", "maxItems"]
  static let ofObjects: Set<String> = ["properties", "required", "additionalProperties"]

  /// Words that forbid nothing.
  private static let annotations: Set<String> = [
    "title", "description", "default", "examples", "example", "deprecated", "readOnly",
    "writeOnly", "contentMediaType", "contentEncoding", "discriminator", "externalDocs", "xml",
    "$schema", "$id", "id", "$comment", "$defs", "definitions", "$anchor", "$vocabulary",
  ]

  private static let enforced = general.union(ofNumbers).union(ofStrings).union(ofArrays)
    .union(ofObjects)

  /// - Throws: `InputError` that names the first word that cannot be enforced.
  static func check(_ part: SchemaPart) throws {
    guard let object = part.schema.objectValue else {
      if part.schema.boolValue != nil { return }
      throw InputError(part.pointer, expected: "a schema", found: part.schema.kind)
    }
    for (key, value) in object.members
    where !enforced.contains(key) && !annotations.contains(key) && !key.hasPrefix("x-") {
      // Said only to be false, it forbids nothing.
      if key == "uniqueItems", value == .bool(false) { continue }
      throw InputError(
        part.place(key), expected: "a keyword that can be enforced",
        found: InputError.excerpt(key))
    }
  }
}

/// The types of JSON Schema. An integer is a number, too.
enum SchemaType: String, CaseIterable {
  case object, array, string, number, integer, boolean, null

  func admits(_ value: JSON) -> Bool {
    switch (self, value) {
    case (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool),
      (.null, .null), (.number, .integer), (.number, .double), (.integer, .integer):
      true
    case (.integer, .double(let value)): value == value.rounded() && value.magnitude < 1e18
    default: false
    }
  }
}
