import FathomMapping

/// What an output field of a generated problem does, how often, and to which values.
enum MappingOperation: CaseIterable {
  case copy, constant, upper, lower, first, last, date, table, cat, num, text

  /// Out of 100.
  var weight: Int {
    switch self {
    case .copy: 18
    case .constant: 12
    case .upper: 12
    case .lower: 7
    case .first: 11
    case .last: 12
    case .date: 5
    case .table: 9
    case .cat: 10
    case .num: 2
    case .text: 2
    }
  }

  static func draw(_ random: inout TaskRandom) -> MappingOperation {
    var rest = Int.random(in: 0..<allCases.reduce(0) { $0 + $1.weight }, using: &random)
    for operation in allCases {
      rest -= operation.weight
      if rest < 0 { return operation }
    }
    return .copy
  }

  /// A shape of values that it works on.
  func kind(_ random: inout TaskRandom) -> MappingValueKind {
    switch self {
    case .copy, .constant: return Self.anyKind(&random)
    case .upper: return random.pick([.word, .word, .letters, .letters, .name, .mixed])
    case .lower: return random.pick([.shout, .code, .name, .code, .mixed])
    case .first, .last:
      if random.chance(0.3) { return .fullName }
      return .compound(separator: random.pick(["_", "_", "_", "-", "-", "/", ".", ":"]))
    case .date: return .date(random.pick(MappingDate.Format.allCases))
    case .table: return .table(Int.random(in: 0..<MappingTable.known.count, using: &random))
    case .cat: return random.pick([.word, .letters, .letters, .name, .code, .digits])
    case .num: return .numeral
    case .text: return random.pick([.integer, .decimal])
    }
  }

  func works(on kind: MappingValueKind) -> Bool {
    switch (self, kind) {
    case (.copy, _): true
    case (.constant, _): false
    case (.upper, .word), (.upper, .letters), (.upper, .name), (.upper, .mixed): true
    case (.upper, .realWord), (.upper, .camel): true
    case (.lower, .shout), (.lower, .code), (.lower, .name), (.lower, .mixed), (.lower, .camel):
      true
    case (.first, .compound), (.first, .fullName), (.first, .realCompound): true
    case (.last, .compound), (.last, .fullName), (.last, .realCompound): true
    case (.date, .date), (.table, .table), (.num, .numeral): true
    case (.text, .integer), (.text, .decimal): true
    case (.cat, .word), (.cat, .letters), (.cat, .name), (.cat, .code), (.cat, .digits): true
    case (.cat, .realWord), (.cat, .camel): true
    default: false
    }
  }

  /// A shape of values for a field that is copied or not used at all.
  static func anyKind(_ random: inout TaskRandom) -> MappingValueKind {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<20: .word
    case 20..<38: .letters
    case 38..<48: .name
    case 48..<54: .shout
    case 54..<63: .code
    case 63..<74: .mixed
    case 74..<81: .digits
    case 81..<86: .integer
    case 86..<90: .decimal
    case 90..<92: .date(random.pick(MappingDate.Format.allCases))
    case 92..<96: .compound(separator: random.pick(["_", "-", "/", "."]))
    case 96..<98: .fullName
    default: .table(Int.random(in: 0..<MappingTable.known.count, using: &random))
    }
  }
}
