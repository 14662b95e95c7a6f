import FathomCore

/// What `enum` looks up: a value for each code.
public struct MappingTable: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public let code: JSON
    public let value: JSON

    public init(_ code: JSON, _ value: JSON) {
      self.code = code
      self.value = value
    }
  }

  public var entries: [Entry]
  /// For codes that aren't listed. Without it they are an error.
  public var otherwise: JSON?

  public init(_ entries: [Entry] = [], otherwise: JSON? = nil) {
    self.entries = entries
    self.otherwise = otherwise
  }

  func entry(for code: JSON) -> Entry? { entries.first { JSON.sameValue($0.code, code) } }

  /// Whether it gives this value for this code, `otherwise` left aside.
  package func contains(_ code: JSON, _ value: JSON) -> Bool {
    entry(for: code).map { JSON.sameValue($0.value, value) } ?? false
  }
}

extension MappingTable: CustomStringConvertible {
  public var description: String {
    var parts = entries.map {
      "\(MappingPrinter.literal($0.code)): \(MappingPrinter.literal($0.value))"
    }
    if let otherwise { parts.append("else: \(MappingPrinter.literal(otherwise))") }
    return "{\(parts.joined(separator: ", "))}"
  }
}

extension MappingTable {
  private init(_ texts: KeyValuePairs<String, String>) {
    self.init(texts.map { Entry(.string($0.key), .string($0.value)) })
  }

  /// Tables in wide use. An open `enum` whose examples agree with one of them becomes the whole table, so that it also
  /// knows codes that no example shows.
  public static let known: [MappingTable] = [
    MappingTable(["M": "male", "F": "female", "O": "other", "U": "unknown"]),
    MappingTable(["m": "male", "f": "female", "o": "other", "u": "unknown"]),
    MappingTable(["A": "active", "I": "inactive", "P": "pending"]),
    MappingTable(["P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled"]),
    MappingTable(["S": "single", "M": "married", "D": "divorced", "W": "widowed"]),
    MappingTable(["R": "routine", "U": "urgent", "A": "asap", "S": "stat"]),
    MappingTable(["I": "inpatient", "O": "outpatient", "E": "emergency"]),
    MappingTable(["H": "high", "L": "low", "N": "normal"]),
    MappingTable(["Y": "yes", "N": "no"]),
    MappingTable(["H": "home", "W": "work", "T": "temp"]),
    MappingTable(["O": "open", "P": "paid", "S": "shipped", "C": "closed"]),
  ]
}

extension JSON {
  /// Equality of values: `1` and `1.0` are the same number, members of an object may stand in any order.
  package static func sameValue(_ a: JSON, _ b: JSON) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a == b
    case (.integer, .double), (.double, .integer), (.double, .double):
      a.doubleValue == b.doubleValue
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)):
      a.count == b.count && zip(a, b).allSatisfy { sameValue($0, $1) }
    case (.object(let a), .object(let b)):
      a.count == b.count
        && a.members.allSatisfy { member in
          b[member.key].map { sameValue(member.value, $0) } ?? false
        }
    default: a == b
    }
  }

  /// Equality where either may be missing.
  package static func sameValue(_ a: JSON?, _ b: JSON?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): sameValue(a, b)
    default: false
    }
  }
}
