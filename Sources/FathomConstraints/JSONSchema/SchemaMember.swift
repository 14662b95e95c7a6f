import FathomCore

/// One member of the objects that a schema accepts, for formats that write members in a way of their own.
package struct SchemaMember: Sendable {
  /// What a value is that is a string and nothing else.
  package enum Text: Sendable, Equatable {
    case any
    case oneOf([String])
  }

  package let name: String
  package let isRequired: Bool
  /// Its value as JSON.
  package let value: Grammar
  /// Set where the value can be written as plain text.
  package let text: Text?

  /// The members in the order of `properties`; nil where a schema names none and any may come.
  ///
  /// - Parameter strict: refuses a `format` that is not enforced, instead of passing it over.
  /// - Throws: `InputError` as `Grammar.jsonSchema` does, and for a schema of anything but one kind of object.
  package static func all(ofSchema schema: JSON, strict: Bool) throws -> [SchemaMember]? {
    let document = try SchemaDocument(schema)
    var compiler = SchemaCompiler(document, strict: strict)
    let parts = try compiler.expanded([document.whole])
    let facts = try SchemaFacts(parts)
    guard facts.types.contains(.object), facts.values == nil, !parts.contains(where: \.hasChoice)
    else {
      throw InputError(
        "#", expected: "the schema of an object, without alternatives", found: "another schema")
    }
    let object = try SchemaObject(parts)
    if object.properties.isEmpty, object.additional != nil { return nil }
    return try object.properties.map { property in
      var compiler = SchemaCompiler(document, strict: strict)
      return SchemaMember(
        name: property.name, isRequired: property.isRequired,
        value: try compiler.grammar(property.parts),
        text: try text(compiler.expanded(property.parts)))
    }
  }

  private static func text(_ parts: [SchemaPart]) throws -> Text? {
    guard !parts.contains(where: \.hasChoice) else { return nil }
    let facts = try SchemaFacts(parts)
    if let values = facts.values {
      let texts = values.compactMap(\.stringValue)
      return texts.count == values.count ? .oneOf(texts) : nil
    }
    let isBounded = parts.contains { part in
      SchemaKeywords.ofStrings.contains { part[$0] != nil }
    }
    return facts.types == [.string] && !isBounded ? .any : nil
  }
}

extension SchemaPart {
  fileprivate var hasChoice: Bool { self["anyOf"] != nil || self["oneOf"] != nil }
}
