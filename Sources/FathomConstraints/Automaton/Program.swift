import FathomCore

/// A compiled grammar: a pushdown automaton over bytes.
///
/// Every rule is a nondeterministic automaton whose edges read a byte, read nothing, or call another
/// rule. Only edges that can lead to the end of a whole text within `GrammarLimits.stack` are kept,
/// so whoever follows kept edges never finds himself at a dead end.
struct Program: Sendable {
  enum Step: Sendable, Equatable {
    /// Reads one byte of the classes `low...high`.
    case byte(low: UInt8, high: UInt8, isLiteral: Bool)
    /// Reads nothing.
    case free
    /// Reads a text of the rule that starts at this node. A tail call has nothing left to do after
    /// it and leaves nothing on the stack.
    case call(start: Int32, isTail: Bool)
  }

  struct Edge: Sendable {
    var step: Step
    var target: Int32
  }

  /// All edges, those of one node beside each other.
  var edges: [Edge]
  /// Where the edges of each node start; one more element than nodes.
  var firstEdge: [Int32]
  /// Whether a rule may end here.
  var isFinal: [Bool]
  /// How many waiting rules it takes at least from here to the end of the rule.
  var need: [UInt8]
  var start: Int32
  /// Bytes that no edge tells apart are one class. Classes ascend with their bytes.
  var byteClass: [UInt8]
  /// A byte of each class.
  var classByte: [UInt8]

  var nodeCount: Int { isFinal.count }
  var classCount: Int { classByte.count }
}

extension Program {
  /// Compiles `rules`, of which the first is the whole text.
  ///
  /// - Parameter bytes: the bytes that can be written, 256 of them; the rest is as if it did not
  ///   exist.
  /// - Throws: `InputError` for a grammar that is too large, refers to itself before any text, or
  ///   allows no text.
  init(_ rules: [Rule], bytes: [Bool] = [Bool](repeating: true, count: 256)) throws {
    var builder = ProgramBuilder(rules, bytes: bytes)
    try builder.build()
    try self.init(builder)
  }

  private init(_ builder: ProgramBuilder) throws {
    let analysis = ProgramAnalysis(builder)
    if let rule = analysis.leftRecursiveRule {
      throw InputError(
        builder.rules[rule].name, expected: "a rule that starts with some text",
        found: "a rule that refers to itself before any text")
    }
    guard analysis.need[Int(builder.starts[0] ?? 0)] <= GrammarLimits.stack else {
      throw InputError(
        builder.rules[0].name, expected: "a grammar that allows some finite text",
        found: "one that allows none")
    }
    var cuts = [Bool](repeating: false, count: 257)
    var kept: [Edge] = []
    firstEdge = [0]
    for node in builder.nodeEdges.indices {
      for index in builder.nodeEdges[node] where analysis.isKept(index) {
        let edge = builder.edges[Int(index)]
        switch edge.step {
        case .byte(let low, let high):
          cuts[Int(low)] = true
          cuts[Int(high) + 1] = true
          kept.append(
            Edge(
              step: .byte(low: low, high: high, isLiteral: low == high), target: edge.target))
        case .free: kept.append(Edge(step: .free, target: edge.target))
        case .call(let rule):
          guard let start = builder.starts[rule] else { continue }
          kept.append(
            Edge(
              step: .call(start: start, isTail: analysis.isTail(edge.target)),
              target: edge.target))
        }
      }
      firstEdge.append(Int32(kept.count))
    }
    edges = kept
    isFinal = builder.isFinal
    need = analysis.need.map { UInt8(min($0, GrammarLimits.stack + 1)) }
    start = builder.starts[0] ?? 0

    byteClass = []
    classByte = []
    for byte in 0..<256 {
      if byte == 0 || cuts[byte] { classByte.append(UInt8(byte)) }
      byteClass.append(UInt8(classByte.count - 1))
    }
    for index in edges.indices {
      if case .byte(let low, let high, let isLiteral) = edges[index].step {
        edges[index].step = .byte(
          low: byteClass[Int(low)], high: byteClass[Int(high)], isLiteral: isLiteral)
      }
    }
  }
}
