import FathomCore

/// What all parts of a schema say together about an object.
struct SchemaObject {
  struct Property {
    var name: String
    /// All schemas that its value must obey; none for any value.
    var parts: [SchemaPart]
    var isRequired: Bool
  }

  private(set) var properties: [Property] = []
  /// The schemas of values under other names; `nil` if there must be none.
  private(set) var additional: [SchemaPart]?

  init(_ parts: [SchemaPart]) throws {
    var places: [String: Int] = [:]
    for part in parts {
      guard let stated = part["properties"] else { continue }
      guard let object = stated.objectValue else {
        throw part.expected("an object of schemas", at: "properties")
      }
      for (name, schema) in object.members {
        let pointer = SchemaDocument.pointer(part.place("properties"), name)
        let value = SchemaPart(pointer: pointer, schema: schema)
        if let place = places[name] {
          properties[place].parts.append(value)
        } else {
          places[name] = properties.count
          properties.append(Property(name: name, parts: [value], isRequired: false))
        }
      }
    }
    let saysAdditional = parts.contains { $0["additionalProperties"] != nil }
    // Without a word about other names there are none: an answer then says what was asked for.
    additional = saysAdditional || properties.isEmpty ? [] : nil
    try require(parts, places)
    try restrict(parts)
  }

  private mutating func require(_ parts: [SchemaPart], _ places: [String: Int]) throws {
    var places = places
    for part in parts {
      guard let stated = part["required"] else { continue }
      guard let names = stated.arrayValue else {
        throw part.expected("an array of names", at: "required")
      }
      for name in names {
        guard let name = name.stringValue else {
          throw part.expected("an array of names", at: "required")
        }
        if let place = places[name] {
          properties[place].isRequired = true
        } else {
          places[name] = properties.count
          properties.append(Property(name: name, parts: [], isRequired: true))
        }
      }
    }
  }

  /// `additionalProperties` speaks about the names that its own part does not list.
  private mutating func restrict(_ parts: [SchemaPart]) throws {
    for part in parts {
      guard let rest = try part.part("additionalProperties") else { continue }
      let isOpen = rest.schema == .bool(true)
      let isClosed = rest.schema == .bool(false)
      var kept: [Property] = []
      for var property in properties {
        if part["properties"]?[property.name] == nil, !isOpen {
          if isClosed {
            if property.isRequired {
              throw part.expected(
                "room for \(InputError.excerpt(property.name)), which is required",
                at: "additionalProperties")
            }
            continue
          }
          property.parts.append(rest)
        }
        kept.append(property)
      }
      properties = kept
      if isClosed {
        additional = nil
      } else if !isOpen {
        additional?.append(rest)
      }
    }
  }
}
