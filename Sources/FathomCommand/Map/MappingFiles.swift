import Fathom

/// What `fathom map` reads.
enum MappingFiles {
  /// Pairs of records.
  ///
  /// - Parameter path: `-` reads standard input.
  static func examples(_ path: String) throws -> [MappingExample] {
    let place = path == "-" ? "standard input" : path
    let form = "[{\"input\": …, \"output\": …}, …]"
    let json = try json(path)
    guard let pairs = json.arrayValue else {
      throw InputError(place, expected: form, found: shown(json))
    }
    guard !pairs.isEmpty else {
      throw InputError(place, expected: "two or three pairs", found: "none")
    }
    return try pairs.enumerated().map { number, pair in
      guard let input = pair["input"], let output = pair["output"] else {
        throw InputError(
          "\(place), pair \(number + 1)", expected: "an object with \"input\" and \"output\"",
          found: shown(pair))
      }
      return MappingExample(input: input, output: output)
    }
  }

  /// One record.
  static func record(_ path: String) throws -> JSON { try json(path) }

  private static func json(_ path: String) throws -> JSON {
    guard path != "-" else {
      do {
        return try JSON.parse(try StandardInput.readAll())
      } catch let error as InputError where !error.place.hasPrefix("standard input") {
        throw InputError(
          "standard input, \(error.place)", expected: error.expectation, found: error.finding)
      }
    }
    let bytes = try FileBytes.read(path)
    do {
      return try JSON.parse(bytes)
    } catch let error as InputError {
      throw InputError("\(path), \(error.place)", expected: error.expectation, found: error.finding)
    }
  }

  private static func shown(_ json: JSON) -> String {
    if let object = json.objectValue {
      return object.isEmpty
        ? "an empty object"
        : "an object with "
          + object.members.prefix(5).map { "\"\($0.key.prefix(40))\"" }
          .joined(separator: ", ")
    }
    return json.arrayValue.map { "an array of \($0.count)" } ?? InputError.excerpt(json.text())
  }
}
