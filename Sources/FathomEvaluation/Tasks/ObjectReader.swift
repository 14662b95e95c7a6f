import FathomCore

/// Reads the members of a JSON object one by one. Those that nobody asked for are errors in the end.
struct ObjectReader {
  let object: JSONObject
  /// `task.json, "grader"`
  let place: String
  private var known: [String] = []

  init(_ json: JSON, at place: String) throws {
    guard let object = json.objectValue else {
      throw InputError(place, expected: "an object", found: json.kind)
    }
    self.object = object
    self.place = place
  }

  /// The value of a key, unless it is missing or null.
  mutating func value(_ key: String) -> JSON? {
    known.append(key)
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  func error(_ key: String, expected expectation: String) -> InputError {
    InputError(
      "\(place), \"\(key)\"", expected: expectation, found: object[key]?.kind ?? "no such key")
  }

  private func required<Value>(_ key: String, _ value: Value?, _ expectation: String) throws
    -> Value
  {
    guard let value else { throw error(key, expected: expectation) }
    return value
  }

  mutating func text(_ key: String) throws -> String? {
    try value(key).map { try required(key, $0.stringValue, "a string") }
  }

  mutating func requiredText(_ key: String) throws -> String {
    try required(key, try text(key), "a string")
  }

  /// A string, or a number as JSON spells it.
  mutating func requiredAnswer(_ key: String) throws -> String {
    let value = value(key)
    switch value {
    case .string(let text): return text
    case .integer, .double: return value?.text() ?? ""
    default: throw error(key, expected: "a string or a number")
    }
  }

  mutating func texts(_ key: String) throws -> [String]? {
    try value(key).map { value in
      try required(
        key,
        value.arrayValue.flatMap { list in
          let texts = list.compactMap(\.stringValue)
          return texts.count == list.count && !texts.isEmpty ? texts : nil
        }, "a list of strings")
    }
  }

  mutating func flag(_ key: String) throws -> Bool? {
    try value(key).map { try required(key, $0.boolValue, "true or false") }
  }

  mutating func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
    try value(key).map {
      try required(
        key, $0.intValue.flatMap { range.contains($0) ? $0 : nil },
        "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  mutating func number(_ key: String, _ range: ClosedRange<Double>) throws -> Double? {
    try value(key).map {
      try required(
        key, $0.doubleValue.flatMap { range.contains($0) ? $0 : nil },
        "a number from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// - Throws: `InputError` for the first key that was not asked for.
  func finish() throws {
    for (key, _) in object.members where !known.contains(key) {
      throw InputError(
        place, expected: "keys among \(known.joined(separator: ", "))",
        found: InputError.excerpt(key))
    }
  }
}
