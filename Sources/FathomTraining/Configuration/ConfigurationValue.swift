import FathomCore
import Yams

/// A value of a configuration file, with the place it came from.
struct ConfigurationValue {
  indirect enum Content {
    /// `isText` where quotation marks say that it is no number.
    case scalar(String, isText: Bool)
    case list([ConfigurationValue])
    case map([(key: String, value: ConfigurationValue)])
  }

  var content: Content
  /// `run.yaml, line 12`, or `-o seed=7`
  var origin: String

  /// Aliases are written out, so a short file could become a large tree.
  private static let mostValues = 20_000
  private static let deepest = 32

  /// Reads a document. One that says nothing is a map without keys.
  ///
  /// - Throws: `InputError` with file and line.
  init(yaml text: String, file: String, isOverride: Bool = false) throws {
    do {
      let node = try compose(yaml: text)
      guard let node else {
        self.init(content: isOverride ? .scalar("", isText: false) : .map([]), origin: file)
        return
      }
      var remaining = Self.mostValues
      try self.init(node, file: file, isOverride: isOverride, depth: 0, remaining: &remaining)
    } catch let error as YamlError {
      throw Self.inputError(error, file: file, isOverride: isOverride)
    }
  }

  private init(content: Content, origin: String) {
    self.content = content
    self.origin = origin
  }

  private init(
    _ node: Node, file: String, isOverride: Bool, depth: Int, remaining: inout Int
  ) throws {
    let line = isOverride ? nil : node.mark?.line
    origin = line.map { "\(file), line \($0)" } ?? file
    remaining -= 1
    guard remaining >= 0, depth <= Self.deepest else {
      throw InputError(
        origin,
        expected: "at most \(Self.mostValues) values, \(Self.deepest) deep", found: "more")
    }
    func inner(_ node: Node, _ remaining: inout Int) throws -> ConfigurationValue {
      try ConfigurationValue(
        node, file: file, isOverride: isOverride, depth: depth + 1, remaining: &remaining)
    }
    switch node {
    case .scalar(let scalar):
      content = .scalar(scalar.string, isText: ![.any, .plain].contains(scalar.style))
    case .sequence(let sequence):
      var values: [ConfigurationValue] = []
      for node in sequence { values.append(try inner(node, &remaining)) }
      content = .list(values)
    case .mapping(let mapping):
      var members: [(key: String, value: ConfigurationValue)] = []
      for (key, node) in mapping {
        guard case .scalar(let name) = key else {
          throw InputError(origin, expected: "keys that are words", found: "a key of another kind")
        }
        var value = try inner(node, &remaining)
        // The line of the key is what a reader looks for: a value may begin on a later one.
        if let line = name.mark?.line, !isOverride { value.origin = "\(file), line \(line)" }
        members.append((name.string, value))
      }
      content = .map(members)
    case .alias:
      throw InputError(origin, expected: "a value", found: "an alias without an anchor")
    }
  }

  private static func inputError(
    _ error: YamlError, file: String, isOverride: Bool
  ) -> InputError {
    func at(_ line: Int, _ problem: String) -> InputError {
      InputError(
        isOverride ? file : "\(file), line \(line)", expected: "YAML", found: problem)
    }
    return switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      at(mark.line, problem)
    case .duplicatedKeysInMapping(let keys, let context):
      at(
        context.mark.line,
        "more than once: \(keys.map { InputError.excerpt($0) }.joined(separator: ", "))")
    case .reader(let problem, _, _, _): InputError(file, expected: "YAML", found: problem)
    default: InputError(file, expected: "YAML", found: InputError.excerpt("\(error)"))
    }
  }
}

extension ConfigurationValue {
  /// What kind of value it is, for error messages.
  var kind: String {
    switch content {
    case .scalar("", isText: false): "nothing"
    case .scalar(let text, _): InputError.excerpt(text)
    case .list(let values): "a list of \(values.count)"
    case .map(let members): "a map with \(members.count) keys"
    }
  }

  /// `null`, `~`, or nothing at all.
  var isNull: Bool {
    guard case .scalar(let text, isText: false) = content else { return false }
    return ["", "~", "null"].contains(text)
  }

  /// The same as JSON: plain words that look like numbers, truth values or null are these.
  var json: JSON {
    switch content {
    case .scalar(let text, let isText):
      if isText { return .string(text) }
      if isNull { return .null }
      if let flag { return .bool(flag) }
      if let integer = Int(text) { return .integer(integer) }
      if let number, number.isFinite { return .double(number) }
      return .string(text)
    case .list(let values): return .array(values.map(\.json))
    case .map(let members):
      var object = JSONObject()
      for (key, value) in members { object[key] = value.json }
      return .object(object)
    }
  }

  var flag: Bool? {
    guard case .scalar(let text, isText: false) = content else { return nil }
    return ["true": true, "True": true, "false": false, "False": false][text]
  }

  var integer: Int? {
    guard case .scalar(let text, isText: false) = content else { return nil }
    return Int(text.replacing("_", with: ""))
  }

  /// `2e-4` too, which YAML 1.1 takes for a word.
  var number: Double? {
    guard case .scalar(let text, isText: false) = content,
      text.first.map({ "+-.0123456789".contains($0) }) == true
    else { return nil }
    return Double(text)
  }

  var text: String? {
    guard case .scalar(let text, _) = content, !isNull else { return nil }
    return text
  }
}
