/// What is true of a grammar as a whole, found before its automaton runs.
struct ProgramAnalysis {
  /// How many waiting rules it takes at least from each node to the end of its rule; `unreachable`
  /// where no text leads there.
  private(set) var need: [Int]
  /// A rule that can call itself before it has read anything.
  private(set) var leftRecursiveRule: Int?
  private let builder: ProgramBuilder
  /// Whether there is more to do at a node than to end the rule.
  private var hasWork: [Bool]

  static let unreachable = Int.max / 2

  init(_ builder: ProgramBuilder) {
    self.builder = builder
    let count = builder.nodeEdges.count
    need = [Int](repeating: Self.unreachable, count: count)
    hasWork = [Bool](repeating: false, count: count)
    findWork()
    findNeed()
    leftRecursiveRule = findLeftRecursion()
  }

  func isTail(_ node: Int32) -> Bool { !hasWork[Int(node)] }

  /// Whether an edge can lead to the end of the text.
  func isKept(_ index: Int32) -> Bool {
    needThrough(builder.edges[Int(index)]) <= GrammarLimits.stack
  }

  private func needThrough(_ edge: ProgramBuilder.Edge) -> Int {
    switch edge.step {
    case .byte, .free: need[Int(edge.target)]
    case .call(let rule):
      builder.starts[rule].map { start in
        max(need[Int(start)] + (isTail(edge.target) ? 0 : 1), need[Int(edge.target)])
      } ?? Self.unreachable
    }
  }

  private mutating func findWork() {
    var pending: [Int32] = []
    var freeInto = [[Int32]](repeating: [], count: hasWork.count)
    for edge in builder.edges {
      if case .free = edge.step {
        freeInto[Int(edge.target)].append(edge.source)
      } else if !hasWork[Int(edge.source)] {
        hasWork[Int(edge.source)] = true
        pending.append(edge.source)
      }
    }
    while let node = pending.popLast() {
      for source in freeInto[Int(node)] where !hasWork[Int(source)] {
        hasWork[Int(source)] = true
        pending.append(source)
      }
    }
  }

  /// Nodes in the order of their need, each settled once: an edge never needs less than its target.
  private mutating func findNeed() {
    var dependants = [[Int32]](repeating: [], count: need.count)
    for (index, edge) in builder.edges.enumerated() {
      dependants[Int(edge.target)].append(Int32(index))
      if case .call(let rule) = edge.step, let start = builder.starts[rule], start != edge.target {
        dependants[Int(start)].append(Int32(index))
      }
    }
    var levels = [[Int32]](repeating: [], count: GrammarLimits.stack + 1)
    for node in need.indices where builder.isFinal[node] {
      need[node] = 0
      levels[0].append(Int32(node))
    }
    var level = 0
    while level < levels.count {
      guard let node = levels[level].popLast() else {
        level += 1
        continue
      }
      guard need[Int(node)] == level else { continue }
      for index in dependants[Int(node)] {
        let edge = builder.edges[Int(index)]
        let through = needThrough(edge)
        if through < need[Int(edge.source)] {
          need[Int(edge.source)] = through
          if through < levels.count { levels[through].append(edge.source) }
        }
      }
    }
  }

  private func findLeftRecursion() -> Int? {
    let isNullable = nullableRules()
    var calls = [Set<Int>](repeating: [], count: builder.rules.count)
    for rule in builder.rules.indices {
      guard let start = builder.starts[rule] else { continue }
      var seen: Set<Int32> = [start]
      var pending = [start]
      while let node = pending.popLast() {
        for index in builder.nodeEdges[Int(node)] where isKept(index) {
          let edge = builder.edges[Int(index)]
          switch edge.step {
          case .byte: continue
          case .free: break
          case .call(let callee):
            calls[rule].insert(callee)
            guard isNullable[callee] else { continue }
          }
          if seen.insert(edge.target).inserted { pending.append(edge.target) }
        }
      }
    }
    return Self.memberOfCycle(calls)
  }

  private func nullableRules() -> [Bool] {
    var isNullable = [Bool](repeating: false, count: builder.rules.count)
    // A node is nullable if the end of its rule can be reached without a byte.
    var nodeIsNullable = builder.isFinal
    var into = [[Int32]](repeating: [], count: nodeIsNullable.count)
    var callsOf = [[Int32]](repeating: [], count: builder.rules.count)
    var ruleOfStart: [Int32: Int] = [:]
    for (rule, start) in builder.starts.enumerated() {
      if let start { ruleOfStart[start] = rule }
    }
    for (index, edge) in builder.edges.enumerated() {
      switch edge.step {
      case .byte: break
      case .free: into[Int(edge.target)].append(Int32(index))
      case .call(let rule):
        into[Int(edge.target)].append(Int32(index))
        callsOf[rule].append(Int32(index))
      }
    }
    var pending = nodeIsNullable.indices.filter { nodeIsNullable[$0] }
    func settle(_ index: Int32) {
      let edge = builder.edges[Int(index)]
      if case .call(let rule) = edge.step, !isNullable[rule] { return }
      guard nodeIsNullable[Int(edge.target)], !nodeIsNullable[Int(edge.source)] else { return }
      nodeIsNullable[Int(edge.source)] = true
      pending.append(Int(edge.source))
    }
    while let node = pending.popLast() {
      if let rule = ruleOfStart[Int32(node)], !isNullable[rule] {
        isNullable[rule] = true
        callsOf[rule].forEach(settle)
      }
      into[node].forEach(settle)
    }
    return isNullable
  }

  /// A node on a cycle of the graph, if there is one.
  private static func memberOfCycle(_ graph: [Set<Int>]) -> Int? {
    var callers = [[Int]](repeating: [], count: graph.count)
    var open = graph.map(\.count)
    for (node, targets) in graph.enumerated() {
      for target in targets { callers[target].append(node) }
    }
    var done = graph.indices.filter { open[$0] == 0 }
    var isDone = [Bool](repeating: false, count: graph.count)
    while let node = done.popLast() {
      isDone[node] = true
      for caller in callers[node] {
        open[caller] -= 1
        if open[caller] == 0 { done.append(caller) }
      }
    }
    // Whatever is left leads to a cycle; walking on, one ends up in it.
    guard var node = isDone.firstIndex(of: false) else { return nil }
    var seen: Set<Int> = []
    while seen.insert(node).inserted {
      guard let next = graph[node].filter({ !isDone[$0] }).min() else { return nil }
      node = next
    }
    return node
  }
}
