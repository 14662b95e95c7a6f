import FathomCore

/// Puts the fields of a row into texts: `{{question}}`.
enum Template {
  /// A text with its fields filled in. Values that are no strings stand as JSON.
  ///
  /// - Throws: `InputError` that names the field if the row has none of its name.
  static func fill(_ text: String, from row: JSONObject) throws -> String {
    var filled = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"),
      let close = rest[open.upperBound...].firstRange(of: "}}")
    {
      filled += rest[..<open.lowerBound]
      let value = try field(rest[open.upperBound..<close.lowerBound], row)
      filled += value.stringValue ?? value.text()
      rest = rest[close.upperBound...]
    }
    return filled + rest
  }

  /// A document with the fields of all its texts filled in. A text that is one field becomes the field's value, of whatever kind.
  static func fill(_ json: JSON, from row: JSONObject) throws -> JSON {
    switch json {
    case .string(let text):
      if text.hasPrefix("{{"), text.hasSuffix("}}"), text.ranges(of: "{{").count == 1 {
        return try field(text.dropFirst(2).dropLast(2), row)
      }
      return .string(try fill(text, from: row))
    case .array(let values): return .array(try values.map { try fill($0, from: row) })
    case .object(let object):
      var filled = JSONObject()
      for (key, value) in object.members { filled[key] = try fill(value, from: row) }
      return .object(filled)
    default: return json
    }
  }

  private static func field(_ name: Substring, _ row: JSONObject) throws -> JSON {
    let key = String(name).trimmed
    guard let value = row[key] else {
      let keys = row.members.prefix(12).map(\.key).joined(separator: ", ")
      throw InputError("{{\(key)}}", expected: "a field among \(keys)", found: "none of this name")
    }
    return value
  }
}
