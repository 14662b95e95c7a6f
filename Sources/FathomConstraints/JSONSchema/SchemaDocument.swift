import FathomCore

/// A schema whose size is known to be bounded, and the places in it.
struct SchemaDocument {
  let root: JSON
  /// The longest pointer, roughly.
  private static let placeBytes = 1024

  /// - Throws: `InputError` for a document that is too large or too deep.
  init(_ root: JSON) throws {
    self.root = root
    var pending: [(value: JSON, depth: Int, place: Int)] = [(root, 1, 1)]
    var bytes = 0
    while let (value, depth, place) = pending.popLast() {
      guard depth <= GrammarLimits.depth else {
        throw InputError(
          "#", expected: "a schema of at most \(GrammarLimits.depth) levels",
          found: "a deeper level")
      }
      guard place <= Self.placeBytes else {
        throw InputError(
          "#", expected: "names of at most \(Self.placeBytes) bytes from the root to a value",
          found: "longer ones")
      }
      switch value {
      case .string(let text): bytes += text.utf8.count + 2
      case .array(let values):
        bytes += 2 * values.count
        for value in values { pending.append((value, depth + 1, place + 2)) }
      case .object(let object):
        for (key, value) in object.members {
          bytes += key.utf8.count + 4
          pending.append((value, depth + 1, place + key.utf8.count + 1))
        }
      default: bytes += 4
      }
      guard bytes <= GrammarLimits.sourceBytes else {
        throw InputError(
          "#", expected: "a schema of at most \(GrammarLimits.sourceBytes) bytes", found: "more")
      }
    }
  }

  var whole: SchemaPart { SchemaPart(pointer: "#", schema: root) }

  /// The schema that a `$ref` means: a place in this document, as `#/$defs/Name`.
  func part(at reference: String, from place: String) throws -> SchemaPart {
    func error(_ finding: String) -> InputError {
      InputError(
        place, expected: "a place in this schema such as \"#/$defs/Name\"", found: finding)
    }
    guard reference.utf8.first == UInt8(ascii: "#") else {
      throw error(InputError.excerpt(reference))
    }
    var value = root
    var pointer = "#"
    let steps = reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard steps.first?.isEmpty ?? true else { throw error(InputError.excerpt(reference)) }
    for step in steps.dropFirst() {
      let key = Self.unescaped(String(step))
      let next: JSON? =
        if case .array(let values) = value {
          Int(key).flatMap { values.indices.contains($0) ? values[$0] : nil }
        } else {
          value[key]
        }
      guard let next else { throw error("\(InputError.excerpt(reference)), which is not there") }
      value = next
      pointer = Self.pointer(pointer, key)
    }
    return SchemaPart(pointer: pointer, schema: value)
  }

  /// The place of a member.
  static func pointer(_ place: String, _ key: String) -> String {
    var escaped = ""
    for scalar in key.unicodeScalars {
      switch scalar {
      case "~": escaped += "~0"
      case "/": escaped += "~1"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return "\(place)/\(escaped)"
  }

  /// A step of a reference, freed of `%41`, `~1` and `~0`.
  private static func unescaped(_ step: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(step.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else if byte == UInt8(ascii: "~"), let digit = rest.first, digit == 48 || digit == 49 {
        bytes.append(digit == 48 ? UInt8(ascii: "~") : UInt8(ascii: "/"))
        rest = rest.dropFirst()
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A schema at a place.
struct SchemaPart {
  var pointer: String
  var schema: JSON
  /// Set where its `anyOf` or `oneOf` has been taken care of.
  var isWithoutChoice = false
  /// Set where its `$ref` and `allOf` stand beside it as parts of their own.
  var isExpanded = false

  subscript(keyword: String) -> JSON? { schema[keyword] }

  func place(_ keyword: String) -> String { SchemaDocument.pointer(pointer, keyword) }

  func expected(_ expectation: String, at keyword: String) -> InputError {
    InputError(
      place(keyword), expected: expectation, found: self[keyword]?.kind ?? "nothing")
  }

  /// The schema that stands under `keyword`, or an element of it.
  func part(_ keyword: String, _ index: Int? = nil) throws -> SchemaPart? {
    guard var value = self[keyword] else { return nil }
    var pointer = place(keyword)
    if let index {
      guard let values = value.arrayValue, values.indices.contains(index) else { return nil }
      value = values[index]
      pointer += "/\(index)"
    }
    return SchemaPart(pointer: pointer, schema: value)
  }
}
