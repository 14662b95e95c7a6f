import FathomCore

/// Reads the keys of a map one by one. Those that nobody asked for are errors in the end.
package struct ConfigurationMap {
  private let members: [(key: String, value: ConfigurationValue)]
  /// `tasks[1].`; empty for the whole file.
  private let path: String
  private let origin: String
  private var known: [String] = []

  /// - Parameters:
  ///   - file: the name for error messages.
  ///   - overrides: `key=value`, put over the file.
  package init(yaml: String, file: String, overrides: [String] = []) throws {
    var value = try ConfigurationValue(yaml: yaml, file: file)
    for override in overrides { try value.apply(override: override) }
    try self.init(value)
  }

  init(_ value: ConfigurationValue, path: String = "") throws {
    guard case .map(let members) = value.content else {
      throw InputError(
        path.isEmpty ? value.origin : "\(value.origin), \"\(path)\"", expected: "a map",
        found: value.kind)
    }
    self.members = members
    self.path = path.isEmpty ? "" : path + "."
    origin = value.origin
  }

  /// All of it as it was written, overrides included.
  package var json: JSONObject {
    var object = JSONObject()
    for (key, value) in members { object[key] = value.json }
    return object
  }

  package func isMissing(_ key: String) -> Bool { !members.contains { $0.key == key } }

  /// The value of a key, unless it is missing or null.
  mutating func value(_ key: String) -> ConfigurationValue? {
    known.append(key)
    guard let value = members.first(where: { $0.key == key })?.value, !value.isNull else {
      return nil
    }
    return value
  }

  package func error(_ key: String, expected expectation: String, found finding: String? = nil)
    -> InputError
  {
    let value = members.first { $0.key == key }?.value
    return InputError(
      "\(value?.origin ?? origin), \"\(path)\(key)\"", expected: expectation,
      found: finding ?? value?.kind ?? "no such key")
  }

  /// - Throws: `InputError` for the first key that was not asked for.
  package func finish() throws {
    for (key, value) in members where !known.contains(key) {
      let nearest = NearestWord.to(key, among: known).map { "perhaps \"\(path)\($0)\"" }
      throw InputError(
        "\(value.origin), \"\(path)\(key)\"",
        expected: "a known key" + (nearest.map { ", \($0)" } ?? ""),
        found: InputError.excerpt(key))
    }
  }
}

// Values by kind.
extension ConfigurationMap {
  package mutating func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.integer, range.contains(integer) else {
      let limits =
        range.upperBound == .max
        ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw error(key, expected: "a whole number \(limits)")
    }
    return integer
  }

  package mutating func number(_ key: String, _ range: ClosedRange<Double>) throws -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.number, range.contains(number) else {
      let limits =
        range.upperBound == .infinity
        ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw error(key, expected: "a number \(limits)")
    }
    return number
  }

  package mutating func flag(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.flag else { throw error(key, expected: "true or false") }
    return flag
  }

  package mutating func text(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.text, !text.isEmpty else { throw error(key, expected: "text") }
    return text
  }

  package mutating func word<Word: RawRepresentable<String> & CaseIterable>(
    _ key: String, of type: Word.Type = Word.self
  ) throws -> Word? {
    guard let value = value(key) else { return nil }
    guard let word = value.text.flatMap({ Word(rawValue: $0) }) else {
      throw error(
        key, expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  /// The maps of a list; none where the key is missing.
  package mutating func maps(_ key: String) throws -> [ConfigurationMap] {
    guard let value = value(key) else { return [] }
    guard case .list(let values) = value.content else {
      throw error(key, expected: "a list of maps")
    }
    return try values.enumerated().map {
      try ConfigurationMap($1, path: "\(path)\(key)[\($0)]")
    }
  }

  /// The texts of a list; none where the key is missing.
  package mutating func texts(_ key: String) throws -> [String] {
    guard let value = value(key) else { return [] }
    guard case .list(let values) = value.content, values.allSatisfy({ $0.text != nil }) else {
      throw error(key, expected: "a list of texts")
    }
    return values.compactMap(\.text)
  }

  package mutating func object(_ key: String) throws -> JSONObject? {
    guard let value = value(key) else { return nil }
    guard let object = value.json.objectValue else { throw error(key, expected: "a map") }
    return object
  }
}
