import FathomCore

/// Reads the fields of a request. `null` is a field that was left out; fields that nobody reads are ignored.
///
/// Every error names the field by its path and says what was found.
struct Fields {
  let object: JSONObject
  let path: String

  /// - Throws: `APIError` if the value is no object.
  init(_ json: JSON, at path: String = "") throws {
    guard case .object(let object) = json else {
      throw APIError.malformed(
        "\(path.isEmpty ? "the request" : path): expected an object, found \(json.kind)",
        param: path.isEmpty ? nil : path)
    }
    self.object = object
    self.path = path
  }

  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  subscript(key: String) -> JSON? {
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  func has(_ key: String) -> Bool { self[key] != nil }

  private func wrong(_ key: String, _ expected: String) -> APIError {
    .malformed(
      "\(name(key)): expected \(expected), found "
        + (self[key].map { InputError.excerpt($0.text()) } ?? "nothing"), param: name(key))
  }

  func string(_ key: String) throws -> String? {
    guard let value = self[key] else { return nil }
    guard let string = value.stringValue else { throw wrong(key, "a string") }
    return string
  }

  func required(_ key: String) throws -> String {
    guard let value = try string(key) else { throw wrong(key, "a string") }
    return value
  }

  func bool(_ key: String) throws -> Bool? {
    guard let value = self[key] else { return nil }
    guard let bool = value.boolValue else { throw wrong(key, "true or false") }
    return bool
  }

  func int(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
    guard let value = self[key] else { return nil }
    guard let int = value.wholeNumber else { throw wrong(key, "a whole number") }
    guard range.contains(int) else {
      throw APIError.outOfRange(
        name(key), expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(int)")
    }
    return int
  }

  func number(_ key: String, _ range: ClosedRange<Double>) throws -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.doubleValue, number.isFinite else { throw wrong(key, "a number") }
    guard range.contains(number) else {
      throw APIError.outOfRange(
        name(key), expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(number)")
    }
    return number
  }

  func array(_ key: String, atMost limit: Int) throws -> [JSON]? {
    guard let value = self[key] else { return nil }
    guard let array = value.arrayValue else { throw wrong(key, "an array") }
    guard array.count <= limit else {
      throw APIError.outOfRange(
        name(key), expected: "at most \(limit) entries", found: "\(array.count)")
    }
    return array
  }

  func fields(_ key: String) throws -> Fields? {
    try self[key].map { try Fields($0, at: name(key)) }
  }

  /// What the first of some names says; all of them are checked.
  func first<Value>(_ keys: String..., read: (String) throws -> Value?) rethrows -> Value? {
    try keys.compactMap(read).first
  }

  /// One of some words.
  func choice<Value>(_ key: String, _ values: KeyValuePairs<String, Value>) throws -> Value? {
    guard let word = try string(key) else { return nil }
    guard let value = values.first(where: { $0.key == word })?.value else {
      throw APIError.outOfRange(
        name(key), expected: "one of \(values.map(\.key).joined(separator: ", "))",
        found: InputError.excerpt(word))
    }
    return value
  }

  /// A string, or an array of them. Lengths count code points, as JSON Schema's do.
  func strings(_ key: String, atMost limit: Int, length: Int) throws -> [String] {
    guard let value = self[key] else { return [] }
    let list: [JSON] = value.arrayValue ?? [value]
    guard list.count <= limit else {
      throw APIError.outOfRange(
        name(key), expected: "at most \(limit) strings", found: "\(list.count)")
    }
    return try list.map {
      guard let string = $0.stringValue else { throw wrong(key, "a string or an array of strings") }
      let count = string.unicodeScalars.count
      guard (1...length).contains(count) else {
        throw APIError.outOfRange(
          name(key), expected: "strings of 1 to \(length) characters", found: "\(count)")
      }
      return string
    }
  }
}

extension JSON {
  /// A whole number, also one with a point, as some clients write them. Beyond 2^53 a double stands for several of them.
  var wholeNumber: Int? {
    intValue ?? doubleValue.flatMap { $0.magnitude <= 0x1p53 ? Int(exactly: $0) : nil }
  }
}
