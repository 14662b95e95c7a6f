/// The deterministic form of a program, made as far as texts go.
///
/// A state is the set of all (node, stacks) that a text can have led to. States are numbered, and
/// what a byte does to a state is worked out once and then looked up. State 0 is the dead end.
struct Machine {
  struct Item: Hashable, Sendable {
    var node: Int32
    var stacks: Int32
  }

  private struct Key: Hashable {
    var items: [Item]
    var isComplete: Bool
  }

  static let dead: Int32 = 0
  private static let unknown: Int32 = -1

  let program: Program
  private(set) var stacks = StackTable()
  /// Only items that can read a byte, ascending by node.
  private(set) var items: [[Item]] = []
  private(set) var isComplete: [Bool] = []
  /// `[state, class]`: the next state, or `unknown`.
  private(set) var next: [Int32] = []
  private(set) var start: Int32 = 0
  private var numbers: [Key: Int32] = [:]

  /// How much work the call under way may still do before it settles for less than the grammar
  /// allows. Ordinary grammars use a thousandth of it.
  private var fuel = 0
  static let fuelPerCall = 1 << 21

  // Scratch of `close`: what is known of each node, and which nodes are known at all.
  private var stacksAt: [Int32]
  private var isWaiting: [Bool]
  private var touched: [Int32] = []
  private var waiting: [Int32] = []

  init(_ program: Program) {
    self.program = program
    stacksAt = [Int32](repeating: -1, count: program.nodeCount)
    isWaiting = [Bool](repeating: false, count: program.nodeCount)
    refuel()
    _ = number(Key(items: [], isComplete: false))
    start = close { $0.reach(program.start, StackTable.bottom) }
  }

  var stateCount: Int { items.count }
  /// An estimate of the memory that the states take.
  private(set) var bytes = 0
  mutating func refuel() { fuel = Self.fuelPerCall }
  var isOutOfFuel: Bool { fuel <= 0 }

  private mutating func number(_ key: Key) -> Int32 {
    if let known = numbers[key] { return known }
    let state = Int32(items.count)
    items.append(key.items)
    isComplete.append(key.isComplete)
    next.append(
      contentsOf: repeatElement(
        key.items.isEmpty ? Self.dead : Self.unknown, count: program.classCount))
    numbers[key] = state
    bytes += 16 * key.items.count + 4 * program.classCount + 128
    return state
  }
}

// One step.
extension Machine {
  /// The state after a byte; `dead` if no text goes on with it.
  mutating func step(_ state: Int32, byte: UInt8) -> Int32 {
    step(state, byteClass: program.byteClass[Int(byte)])
  }

  mutating func step(_ state: Int32, byteClass: UInt8) -> Int32 {
    let place = Int(state) * program.classCount + Int(byteClass)
    if next[place] != Self.unknown { return next[place] }
    let from = items[Int(state)]
    let after = close { machine in
      for item in from {
        for edge in machine.program.edges(of: item.node) {
          if case .byte(let low, let high, _) = edge.step, low <= byteClass, byteClass <= high {
            machine.reach(edge.target, item.stacks)
          }
        }
      }
    }
    next[place] = after
    return after
  }

  /// The state after a byte that the grammar spells out: a class of several bytes does not count.
  ///
  /// Not remembered; asked for the few tokens that stand for marks.
  mutating func spell(_ state: Int32, byte: UInt8) -> Int32 {
    let byteClass = program.byteClass[Int(byte)]
    let from = items[Int(state)]
    return close { machine in
      for item in from {
        for edge in machine.program.edges(of: item.node) where edge.step.spells(byteClass) {
          machine.reach(edge.target, item.stacks)
        }
      }
    }
  }

  /// Whether the grammar spells out some byte after this state.
  func spellsSomething(_ state: Int32) -> Bool {
    items[Int(state)].contains { item in
      program.edges(of: item.node).contains {
        if case .byte(_, _, isLiteral: true) = $0.step { true } else { false }
      }
    }
  }

  /// The state that holds what `seed` reaches and everything that can be reached from there without
  /// a byte.
  private mutating func close(_ seed: (inout Machine) -> Void) -> Int32 {
    var completes = false
    seed(&self)
    while let node = waiting.popLast() {
      isWaiting[Int(node)] = false
      let set = stacksAt[Int(node)]
      if program.isFinal[Int(node)] {
        if stacks.hasBottom(set) { completes = true }
        for link in stacks.links(of: set) { reach(link.node, link.below) }
      }
      for place in program.edgeRange(of: node) {
        let edge = program.edges[place]
        fuel -= 1
        switch edge.step {
        case .byte: break
        case .free: reach(edge.target, set)
        case .call(let start, isTail: true): reach(start, set)
        case .call(let start, isTail: false):
          // Both the rule and what comes after it must fit, or there would be no way out.
          let height = stacks.height(of: set)
          guard height + Int(program.need[Int(edge.target)]) <= GrammarLimits.stack else {
            continue
          }
          reach(start, stacks.pushing(edge.target, on: set))
        }
      }
    }
    var found: [Item] = []
    touched.sort()
    for node in touched {
      if program.readsBytes(node) {
        found.append(Item(node: node, stacks: stacksAt[Int(node)]))
      }
      stacksAt[Int(node)] = -1
    }
    touched.removeAll(keepingCapacity: true)
    return number(Key(items: found, isComplete: completes))
  }

  /// Adds a node with its stacks to the state that is being put together.
  private mutating func reach(_ node: Int32, _ set: Int32) {
    guard stacks.height(of: set) + Int(program.need[Int(node)]) <= GrammarLimits.stack else {
      return
    }
    let known = stacksAt[Int(node)]
    var all = set
    if known >= 0 {
      guard fuel > 0 else { return }
      all = stacks.union(known, set, fuel: &fuel)
      if all == known { return }
    } else {
      touched.append(node)
    }
    stacksAt[Int(node)] = all
    if !isWaiting[Int(node)] {
      isWaiting[Int(node)] = true
      waiting.append(node)
    }
  }
}

// States that outlive the machine they were made by.
extension Machine {
  /// A state in words that another machine of the same program understands.
  func snapshot(_ state: Int32) -> StateSnapshot {
    var snapshot = StateSnapshot(isComplete: isComplete[Int(state)])
    var numbers: [Int32: Int32] = [StackTable.bottom: 0]
    /// Sets below come before the sets they carry. As deep as stacks are tall.
    func write(_ set: Int32) -> Int32 {
      if let number = numbers[set] { return number }
      let links = stacks.links(of: set).map {
        StackTable.Link(node: $0.node, below: write($0.below))
      }
      snapshot.sets.append((links, stacks.hasBottom(set)))
      numbers[set] = Int32(snapshot.sets.count)
      return Int32(snapshot.sets.count)
    }
    snapshot.items = items[Int(state)].map { Item(node: $0.node, stacks: write($0.stacks)) }
    return snapshot
  }

  mutating func restore(_ snapshot: StateSnapshot) -> Int32 {
    var numbers = [StackTable.bottom]
    for (links, hasBottom) in snapshot.sets {
      numbers.append(
        stacks.number(
          links: links.map {
            StackTable.Link(node: $0.node, below: numbers[Int($0.below)])
          }, hasBottom: hasBottom))
    }
    return number(
      Key(
        items: snapshot.items.map { Item(node: $0.node, stacks: numbers[Int($0.stacks)]) },
        isComplete: snapshot.isComplete))
  }
}

/// A state of a machine, apart from it.
struct StateSnapshot: Sendable {
  var isComplete: Bool
  var sets: [(links: [StackTable.Link], hasBottom: Bool)] = []
  var items: [Machine.Item] = []
}

extension Program {
  func edgeRange(of node: Int32) -> Range<Int> {
    Int(firstEdge[Int(node)])..<Int(firstEdge[Int(node) + 1])
  }

  func edges(of node: Int32) -> ArraySlice<Edge> { edges[edgeRange(of: node)] }

  func readsBytes(_ node: Int32) -> Bool {
    edges(of: node).contains { if case .byte = $0.step { true } else { false } }
  }
}

extension Program.Step {
  /// Whether it reads this one byte and no other.
  func spells(_ byteClass: UInt8) -> Bool {
    if case .byte(let low, _, isLiteral: true) = self { low == byteClass } else { false }
  }
}
