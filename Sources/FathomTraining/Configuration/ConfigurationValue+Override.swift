import FathomCore

extension ConfigurationValue {
  /// Puts a value in the place that `-o key=value` names, making maps on the way: `model.hidden_size=256`,
  /// `datasets.0.path=more.jsonl`. The value is YAML.
  ///
  /// - Throws: `InputError` whose place is the argument.
  mutating func apply(override argument: String) throws {
    let origin = "-o \(argument)"
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
      throw InputError(
        "-o", expected: "key=value, such as seed=7 or model.hidden_size=256",
        found: InputError.excerpt(argument))
    }
    let keys = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false)
    guard keys.count <= 16, !keys.contains("") else {
      throw InputError(
        origin, expected: "keys separated by single dots",
        found: InputError.excerpt(argument[..<equals]))
    }
    let value = try ConfigurationValue(
      yaml: String(argument[argument.index(after: equals)...]), file: origin, isOverride: true)
    try set(keys[...], to: value, origin)
  }

  private mutating func set(
    _ keys: ArraySlice<Substring>, to value: ConfigurationValue, _ origin: String
  ) throws {
    guard let key = keys.first else {
      self = value
      return
    }
    switch content {
    case .map(var members):
      let index: Int
      if let known = members.firstIndex(where: { $0.key == key }) {
        index = known
      } else {
        index = members.count
        members.append(
          (String(key), ConfigurationValue(emptyMapFrom: origin)))
      }
      try members[index].value.set(keys.dropFirst(), to: value, origin)
      // Checked under its key, whose line is another now.
      members[index].value.origin =
        keys.count == 1 ? origin : members[index].value.origin
      content = .map(members)
    case .list(var values):
      guard let index = Int(key), values.indices.contains(index) else {
        throw InputError(
          origin, expected: "a place in the list, 0 to \(values.count - 1)",
          found: InputError.excerpt(key))
      }
      try values[index].set(keys.dropFirst(), to: value, origin)
      content = .list(values)
    case .scalar where isNull:
      self = ConfigurationValue(emptyMapFrom: origin)
      try set(keys, to: value, origin)
    case .scalar:
      throw InputError(
        origin, expected: "a map or a list that holds \(InputError.excerpt(key))", found: kind)
    }
  }

  private init(emptyMapFrom origin: String) {
    content = .map([])
    self.origin = origin
  }
}
