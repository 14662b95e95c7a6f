import Testing

@testable import FathomConstraints

// Shared with the tests of the server by a link.

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// How many bytes a text still needs, node by node; found apart from the program's own analysis.
struct Distances {
  let machine: Machine
  private var ofNode: [Int]

  init(_ program: Program) {
    machine = Machine(program)
    let far = Int.max / 4
    var distance = program.isFinal.map { $0 ? 0 : far }
    var changed = true
    while changed {
      changed = false
      for node in (0..<Int32(program.nodeCount)).reversed() {
        for edge in program.edges(of: node) {
          let through =
            switch edge.step {
            case .byte: distance[Int(edge.target)] + 1
            case .free: distance[Int(edge.target)]
            case .call(let start, _): distance[Int(start)] + distance[Int(edge.target)]
            }
          if through < distance[Int(node)] {
            distance[Int(node)] = through
            changed = true
          }
        }
      }
    }
    ofNode = distance
  }

  func bytes(from state: Int32, of machine: Machine) -> Int {
    if machine.isComplete[Int(state)] { return 0 }
    var known: [Int32: Int] = [:]
    func below(_ set: Int32) -> Int {
      if let known = known[set] { return known }
      var least = machine.stacks.hasBottom(set) ? 0 : Int.max / 2
      for link in machine.stacks.links(of: set) {
        least = min(least, ofNode[Int(link.node)] + below(link.below))
      }
      known[set] = least
      return least
    }
    return machine.items[Int(state)].map { ofNode[Int($0.node)] + below($0.stacks) }.min()
      ?? Int.max
  }
}

/// Writes a random text through masks: `free` tokens of any kind, then the shortest way to the end.
///
/// Fails the test at a mask that is empty before the end, a token that is allowed and then refused,
/// and a text that does not end.
func randomText(
  _ grammar: Grammar, _ cache: ConstraintCache, seed: UInt64, free: Int = 30,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> [UInt8] {
  var random = SplitMix(seed: seed)
  var constraint = try Constraint(grammar, cache: cache)
  let automaton = try cache.automaton(for: grammar)
  let distances = Distances(try Program(grammar.rules, bytes: cache.trie.hasByte))
  var machine = distances.machine
  var state = machine.start
  var bytes: [UInt8] = []
  for step in 0..<10_000 {
    if constraint.isComplete, constraint.mustStop || step > free || random.next() % 8 == 0 {
      #expect(cache.stopTokens.allSatisfy { constraint.mask()[$0] })
      return bytes
    }
    let mask = constraint.mask()
    let tokens = mask.tokens.filter { !cache.stopTokens.contains($0) }
    guard !tokens.isEmpty else {
      Issue.record(
        "seed \(seed): nothing may follow \(String(decoding: bytes, as: UTF8.self))",
        sourceLocation: sourceLocation)
      return bytes
    }
    #expect(constraint.isComplete || cache.stopTokens.allSatisfy { !mask[$0] })
    var token = tokens[Int(random.next() % UInt64(tokens.count))]
    if step >= free {
      // The single byte that comes nearest to the end.
      var best = Int.max
      for candidate in tokens {
        let piece = cache.trie.bytes(of: candidate)
        guard piece.count == 1, !cache.trie.isMark(candidate) else { continue }
        let after = machine.step(state, byte: piece[0])
        let distance = after == Machine.dead ? Int.max : distances.bytes(from: after, of: machine)
        if distance < best { (best, token) = (distance, candidate) }
      }
    }
    guard constraint.accept(token) else {
      Issue.record(
        "seed \(seed): token \(token) is allowed and refused after \(String(decoding: bytes, as: UTF8.self))",
        sourceLocation: sourceLocation)
      return bytes
    }
    let piece = automaton.trie.bytes(of: token)
    for byte in piece { state = machine.step(state, byte: byte) }
    bytes += piece
  }
  Issue.record("seed \(seed): no end", sourceLocation: sourceLocation)
  return bytes
}
