import FathomCore
import Foundation

/// A plain validator of JSON Schema, written apart from the compiler: what is checked here is the
/// value, not the text.
struct SchemaValidator {
  let root: JSON

  func accepts(_ value: JSON, _ schema: JSON? = nil) -> Bool {
    let schema = schema ?? root
    if let isOpen = schema.boolValue { return isOpen }
    guard let object = schema.objectValue else { return false }
    return object.members.allSatisfy { obeys(value, $0.key, $0.value, schema) }
  }

  private func obeys(_ value: JSON, _ keyword: String, _ word: JSON, _ schema: JSON) -> Bool {
    switch keyword {
    case "$ref":
      var place: JSON? = root
      for step in (word.stringValue ?? "").split(separator: "/").dropFirst() {
        place = place?[String(step)]
      }
      return place.map { accepts(value, $0) } ?? false
    case "type":
      let names = (word.arrayValue ?? [word]).compactMap(\.stringValue)
      if value.isNull, schema["nullable"] == .bool(true) { return true }
      return names.contains { isOfType(value, $0) }
    case "enum": return word.arrayValue?.contains { same($0, value) } ?? false
    case "const": return same(word, value)
    case "anyOf": return word.arrayValue?.contains { accepts(value, $0) } ?? false
    // Held to be the same; see docs/constrained-output.md.
    case "oneOf": return word.arrayValue?.contains { accepts(value, $0) } ?? false
    case "allOf": return word.arrayValue?.allSatisfy { accepts(value, $0) } ?? false
    case "minimum": return value.doubleValue.map { $0 >= (word.doubleValue ?? 0) } ?? true
    case "maximum": return value.doubleValue.map { $0 <= (word.doubleValue ?? 0) } ?? true
    case "exclusiveMinimum": return value.doubleValue.map { $0 > (word.doubleValue ?? 0) } ?? true
    case "exclusiveMaximum": return value.doubleValue.map { $0 < (word.doubleValue ?? 0) } ?? true
    case "minLength":
      return value.stringValue.map { $0.unicodeScalars.count >= word.intValue ?? 0 } ?? true
    case "maxLength":
      return value.stringValue.map { $0.unicodeScalars.count <= word.intValue ?? 0 } ?? true
    case "pattern":
      guard let text = value.stringValue, let pattern = word.stringValue else { return true }
      return text.range(of: pattern, options: .regularExpression) != nil
    case "minItems": return value.arrayValue.map { $0.count >= word.intValue ?? 0 } ?? true
    case "maxItems": return value.arrayValue.map { $0.count <= word.intValue ?? 0 } ?? true
    case "prefixItems":
      return value.arrayValue.map { zip($0, word.arrayValue ?? []).allSatisfy { accepts($0, $1) } }
        ?? true
    case "items":
      let skipped = schema["prefixItems"]?.arrayValue?.count ?? 0
      return value.arrayValue?.dropFirst(skipped).allSatisfy { accepts($0, word) } ?? true
    case "properties":
      return value.objectValue?.members.allSatisfy { member in
        word[member.key].map { accepts(member.value, $0) } ?? true
      } ?? true
    case "required":
      guard let object = value.objectValue else { return true }
      return word.arrayValue?.allSatisfy { object[$0.stringValue ?? ""] != nil } ?? false
    case "additionalProperties":
      return value.objectValue?.members.allSatisfy { member in
        schema["properties"]?[member.key] != nil || accepts(member.value, word)
      } ?? true
    default: return true
    }
  }

  private func same(_ a: JSON, _ b: JSON) -> Bool {
    if let a = a.doubleValue, let b = b.doubleValue { return a == b }
    return a == b
  }

  private func isOfType(_ value: JSON, _ name: String) -> Bool {
    switch (name, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool),
      ("null", .null), ("number", .integer), ("number", .double), ("integer", .integer):
      true
    case ("integer", .double(let value)): value == value.rounded()
    default: false
    }
  }
}
