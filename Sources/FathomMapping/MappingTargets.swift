import FathomCore

/// An output record in the making: values at paths, put together into objects and arrays at the end.
struct MappingTargets {
  private indirect enum Node {
    case value(JSON)
    /// Members in the order of their first statement.
    case object([(key: String, node: Node)])
    case array([(index: Int, node: Node)])

    var description: String {
      switch self {
      case .value: "a value there already"
      case .object: "an object there already"
      case .array: "an array there already"
      }
    }
  }

  private var root: Node?

  /// Puts a value at a path; says what is in its way, if something is.
  mutating func insert(_ value: JSON, at path: MappingPath) -> String? {
    var obstacle: String?
    root = Self.inserted(value, path.steps[...], root, &obstacle)
    return obstacle
  }

  private static func inserted(
    _ value: JSON, _ steps: ArraySlice<MappingPath.Step>, _ node: Node?, _ obstacle: inout String?
  ) -> Node {
    guard let step = steps.first else {
      guard let node else { return .value(value) }
      obstacle = node.description
      return node
    }
    let rest = steps.dropFirst()
    switch (step, node) {
    case (.key(let key), nil): return .object([(key, inserted(value, rest, nil, &obstacle))])
    case (.index(let index), nil): return .array([(index, inserted(value, rest, nil, &obstacle))])
    case (.key(let key), .object(var members)):
      if let place = members.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
        members[place].node = inserted(value, rest, members[place].node, &obstacle)
      } else {
        members.append((key, inserted(value, rest, nil, &obstacle)))
      }
      return .object(members)
    case (.index(let index), .array(var elements)):
      if let place = elements.firstIndex(where: { $0.index == index }) {
        elements[place].node = inserted(value, rest, elements[place].node, &obstacle)
      } else {
        elements.append((index, inserted(value, rest, nil, &obstacle)))
      }
      return .array(elements)
    case (_, let node?):
      obstacle = node.description
      return node
    }
  }

  /// The record. Elements of arrays stand in the order of their indices; gaps close up.
  var record: JSON { root.map(Self.json) ?? .object(JSONObject()) }

  private static func json(_ node: Node) -> JSON {
    switch node {
    case .value(let value): return value
    case .object(let members):
      var object = JSONObject()
      for member in members { object[member.key] = json(member.node) }
      return .object(object)
    case .array(let elements):
      return .array(elements.sorted { $0.index < $1.index }.map { json($0.node) })
    }
  }
}
