import FathomCore

/// A place in a record: a label such as `f1`, or the way through objects and arrays such as `patient.name[0].given`.
///
/// Both are the same thing. A label is a path of one step.
public struct MappingPath: Sendable, Hashable {
  public enum Step: Sendable, Hashable {
    case key(String)
    case index(Int)

    /// Keys are equal when their UTF-8 bytes are, as in `JSONObject`.
    public static func == (a: Step, b: Step) -> Bool {
      switch (a, b) {
      case (.key(let a), .key(let b)): a.utf8.elementsEqual(b.utf8)
      case (.index(let a), .index(let b)): a == b
      default: false
      }
    }

    public func hash(into hasher: inout Hasher) {
      switch self {
      case .key(let key): hasher.combine(key)
      case .index(let index): hasher.combine(index)
      }
    }
  }

  public var steps: [Step]

  public init(_ steps: [Step]) { self.steps = steps }

  /// A path of one key.
  public init(label: String) { steps = [.key(label)] }

  /// What is there; `nil` if nothing is, or `null`.
  public func value(in record: JSON) -> JSON? {
    var value = record
    for step in steps {
      switch (step, value) {
      case (.key(let key), .object(let object)):
        guard let member = object[key] else { return nil }
        value = member
      case (.index(let index), .array(let elements)):
        guard elements.indices.contains(index) else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value.isNull ? nil : value
  }
}

extension MappingPath: CustomStringConvertible {
  /// The path as it stands to the left of `=`.
  public var description: String { text(quotesReserved: false) }

  /// The path as it stands to the right of `=`, where a bare `first` would be an operator.
  var sourceText: String { text(quotesReserved: true) }

  private func text(quotesReserved: Bool) -> String {
    var text = ""
    for (number, step) in steps.enumerated() {
      switch step {
      case .index(let index): text += "[\(index)]"
      case .key(let key):
        let isReserved = quotesReserved && number == 0 && MappingWord.isReserved(key)
        let isBare = MappingWord.isName(key) && !isReserved
        if isBare {
          text += number == 0 ? key : ".\(key)"
        } else {
          text += "[\(JSON.string(key).text())]"
        }
      }
    }
    return text
  }
}

/// A value that holds no other: what a row of a flat record is made of.
package struct MappingLeaf: Sendable {
  package let path: MappingPath
  package let value: JSON
}

extension MappingPath {
  /// Everything in a record that holds nothing else, in order: text, numbers, truth values, and empty objects and
  /// arrays. `null` counts as missing and is left out.
  ///
  /// - Throws: `InputError` for more than `limits.leaves` of them or for nesting beyond `limits.depth`.
  package static func leaves(of record: JSON, limits: MappingLimits = .standard) throws
    -> [MappingLeaf]
  {
    var leaves: [MappingLeaf] = []
    func visit(_ value: JSON, _ path: MappingPath) throws {
      guard path.steps.count <= limits.depth else {
        throw InputError(
          path.description, expected: "at most \(limits.depth) levels of nesting", found: "more")
      }
      switch value {
      case .null: return
      case .object(let object) where !object.isEmpty:
        for member in object.members {
          try visit(member.value, MappingPath(path.steps + [.key(member.key)]))
        }
      case .array(let elements) where !elements.isEmpty:
        for (index, element) in elements.enumerated() {
          try visit(element, MappingPath(path.steps + [.index(index)]))
        }
      default:
        guard leaves.count < limits.leaves else {
          throw InputError(
            path.description, expected: "at most \(limits.leaves) values in a record", found: "more"
          )
        }
        leaves.append(MappingLeaf(path: path, value: value))
      }
    }
    try visit(record, MappingPath([]))
    return leaves
  }
}
