import FathomCore

/// Turns expressions into nodes and edges.
///
/// `emit(expression, from, to)` adds edges such that exactly the texts of the expression lead from
/// one node to the other. Loops get a node of their own, so that expressions can share ends.
struct ProgramBuilder {
  enum Step {
    case byte(UInt8, UInt8)
    case free
    case call(Int)
  }

  struct Edge {
    var source: Int32
    var step: Step
    var target: Int32
  }

  private(set) var rules: [Rule]
  /// The first node of each rule; `nil` for rules that nothing refers to.
  private(set) var starts: [Int32?]
  private(set) var edges: [Edge] = []
  private(set) var nodeEdges: [[Int32]] = []
  private(set) var isFinal: [Bool] = []
  private var pendingRules: [Int] = []
  private let available: [Bool]

  init(_ rules: [Rule], bytes: [Bool]) {
    self.rules = rules
    starts = [Int32?](repeating: nil, count: rules.count)
    available = bytes
  }

  /// Emits the first rule and every rule it refers to.
  mutating func build() throws {
    guard !rules.isEmpty, rules.count <= GrammarLimits.rules else {
      throw InputError(
        "grammar", expected: "1 to \(GrammarLimits.rules) rules", found: "\(rules.count)")
    }
    _ = try start(of: 0)
    while let rule = pendingRules.popLast() {
      let end = try node()
      isFinal[Int(end)] = true
      try emit(rules[rule].expression, from: try start(of: rule), to: end)
    }
  }

  private mutating func start(of rule: Int) throws -> Int32 {
    if let start = starts[rule] { return start }
    let start = try node()
    starts[rule] = start
    pendingRules.append(rule)
    return start
  }

  private mutating func node() throws -> Int32 {
    guard nodeEdges.count < GrammarLimits.nodes else { throw tooLarge("states") }
    nodeEdges.append([])
    isFinal.append(false)
    return Int32(nodeEdges.count - 1)
  }

  private func tooLarge(_ what: String) -> InputError {
    InputError(
      rules.first?.name ?? "grammar",
      expected:
        "a grammar of at most \(GrammarLimits.nodes) states and \(GrammarLimits.edges) edges",
      found: "more \(what)")
  }

  private mutating func connect(_ source: Int32, _ step: Step, _ target: Int32) throws {
    guard edges.count < GrammarLimits.edges else { throw tooLarge("edges") }
    nodeEdges[Int(source)].append(Int32(edges.count))
    edges.append(Edge(source: source, step: step, target: target))
  }

  /// Edges for the bytes of a range that can be written.
  private mutating func connect(
    _ source: Int32, bytes: ClosedRange<UInt8>, _ target: Int32
  ) throws {
    var low = Int(bytes.lowerBound)
    while low <= Int(bytes.upperBound) {
      var high = low
      while high <= Int(bytes.upperBound), available[high] { high += 1 }
      if high > low { try connect(source, .byte(UInt8(low), UInt8(high - 1)), target) }
      low = high + 1
    }
  }
}

extension ProgramBuilder {
  private mutating func emit(
    _ expression: Expression, from source: Int32, to target: Int32
  ) throws {
    switch expression {
    case .bytes(let bytes): try emit(literals: [bytes], from: source, to: target)
    case .scalars(let set): try emit(set, from: source, to: target)
    case .rule(let rule):
      guard rules.indices.contains(rule) else { return }
      _ = try start(of: rule)
      try connect(source, .call(rule), target)
    case .sequence(let parts):
      guard let last = parts.last else { return try connect(source, .free, target) }
      var place = source
      for part in parts.dropLast() {
        let next = try node()
        try emit(part, from: place, to: next)
        place = next
      }
      try emit(last, from: place, to: target)
    case .choice(let parts):
      var literals: [[UInt8]] = []
      for part in parts {
        if case .bytes(let bytes) = part {
          literals.append(bytes)
        } else {
          try emit(part, from: source, to: target)
        }
      }
      try emit(literals: literals, from: source, to: target)
    case .repeated(let body, let min, let max):
      try emit(body, min: min, max: max, from: source, to: target)
    case .keyExcept(let names): try emit(keyExcept: names, from: source, to: target)
    }
  }

  /// Texts that start alike share their first nodes.
  private mutating func emit(
    literals: [[UInt8]], from source: Int32, to target: Int32
  ) throws {
    var path: [(byte: UInt8, node: Int32)] = []
    for literal in literals.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let last = literal.last else {
        try connect(source, .free, target)
        continue
      }
      let inner = literal.dropLast()
      let shared = zip(path, inner).prefix { $0.byte == $1 }.count
      path.removeLast(path.count - shared)
      for byte in inner.dropFirst(shared) {
        let next = try node()
        try connect(path.last?.node ?? source, bytes: byte...byte, next)
        path.append((byte, next))
      }
      try connect(path.last?.node ?? source, bytes: last...last, target)
    }
  }

  private mutating func emit(
    _ body: Expression, min: Int, max: Int?, from source: Int32, to target: Int32
  ) throws {
    guard max != 0 else { return try connect(source, .free, target) }
    var body = body
    // A body that is written down many times is a rule of its own: one call each time.
    if Swift.max(min, max ?? 0) > 4, !body.isSmall {
      guard rules.count < GrammarLimits.rules else { throw tooLarge("rules") }
      rules.append(Rule(name: rules[0].name, expression: body))
      starts.append(nil)
      body = .rule(rules.count - 1)
    }
    var place = source
    for _ in 0..<min {
      let next = try node()
      try emit(body, from: place, to: next)
      place = next
    }
    guard let max else {
      let loop = try node()
      try connect(place, .free, loop)
      try emit(body, from: loop, to: loop)
      return try connect(loop, .free, target)
    }
    try connect(place, .free, target)
    var left = max - min
    while left > 0 {
      let next = try node()
      try emit(body, from: place, to: next)
      try connect(next, .free, target)
      place = next
      left -= 1
    }
  }

  private mutating func emit(
    _ set: ScalarRanges, from source: Int32, to target: Int32
  ) throws {
    // Nodes from which 1, 2 or 3 continuation bytes lead to the target.
    var continuations = [target]
    func isAnyContinuation(_ range: ClosedRange<UInt8>) -> Bool { range == 0x80...0xBF }
    for sequence in set.byteSequences {
      var place = source
      for (index, range) in sequence.enumerated() {
        let rest = sequence.dropFirst(index + 1)
        let next: Int32
        if rest.allSatisfy(isAnyContinuation) {
          while continuations.count <= rest.count {
            let node = try node()
            if let after = continuations.last { try connect(node, bytes: 0x80...0xBF, after) }
            continuations.append(node)
          }
          next = continuations[rest.count]
        } else {
          next = try node()
        }
        try connect(place, bytes: range, next)
        place = next
        if rest.allSatisfy(isAnyContinuation) { break }
      }
    }
  }

  /// A tree of the names; a text leaves it at the first character that no name has there, and may
  /// end inside it only where no name ends.
  private mutating func emit(
    keyExcept names: [[UInt32]], from source: Int32, to target: Int32
  ) throws {
    let free = try node()
    try emit(JSONRules.plainScalars, from: free, to: free)
    try connect(free, .free, target)

    struct Branch {
      var node: Int32
      var depth: Int
      var names: [[UInt32]]
    }
    let root = try node()
    try connect(source, .free, root)
    var pending = [Branch(node: root, depth: 0, names: names)]
    while let branch = pending.popLast() {
      if !branch.names.contains(where: { $0.count == branch.depth }) {
        try connect(branch.node, .free, target)
      }
      let longer = branch.names.filter { $0.count > branch.depth }
      let children = Dictionary(grouping: longer) { $0[branch.depth] }
      let taken = ScalarRanges(children.keys.map { $0...$0 })
      try emit(JSONRules.plainScalars.subtracting(taken), from: branch.node, to: free)
      for (scalar, names) in children.sorted(by: { $0.key < $1.key })
      where JSONRules.plainScalars.contains(scalar) {
        let child = try node()
        try emit(ScalarRanges([scalar...scalar]), from: branch.node, to: child)
        pending.append(Branch(node: child, depth: branch.depth + 1, names: names))
      }
    }
  }
}

extension Expression {
  /// Whether writing it down again costs hardly more than a call.
  fileprivate var isSmall: Bool {
    switch self {
    case .rule: true
    case .bytes(let bytes): bytes.count <= 1
    case .scalars(let set): set.ranges.allSatisfy { $0.upperBound < 0x80 }
    default: false
    }
  }
}
