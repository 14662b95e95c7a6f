import FathomCore
import Synchronization

/// A grammar at work on one vocabulary, shared by all answers that have to obey it.
///
/// It remembers states, steps and masks; when they take too much memory it forgets them, and
/// answers under way find their place again by the snapshot they carry.
final class Automaton: Sendable {
  /// Where an answer is.
  struct Position: Sendable {
    fileprivate var generation: Int
    fileprivate var state: Int32
    fileprivate var snapshot: StateSnapshot
    var isComplete: Bool { snapshot.isComplete }
    /// Whether no byte may follow.
    var isAtEnd: Bool { snapshot.items.isEmpty }
  }

  fileprivate struct Memory {
    var machine: Machine
    /// How often everything has been forgotten.
    var generation = 0
    var masks: [Int32: TokenMask] = [:]
    var snapshots: [Int32: StateSnapshot] = [:]
  }

  let trie: TokenTrie
  private let program: Program
  private let stopTokens: [Int32]
  private let memory: Mutex<Memory>
  private let usedBytes: Atomic<Int>

  /// What states and masks may take each, in bytes.
  private static let stateLimit = 16 << 20
  private static let maskLimit = 16 << 20

  /// - Throws: `InputError` if the vocabulary has not the bytes that the grammar needs.
  init(_ grammar: Grammar, _ trie: TokenTrie, stopTokens: [Int32]) throws {
    self.trie = trie
    self.stopTokens = stopTokens
    program =
      trie.writesAllText ? grammar.program : try Program(grammar.rules, bytes: trie.hasByte)
    memory = Mutex(Memory(machine: Machine(program)))
    usedBytes = Atomic(program.byteCount)
  }

  /// An estimate of the memory it takes.
  var byteCount: Int { usedBytes.load(ordering: .relaxed) }

  var start: Position {
    memory.withLock { memory in
      let state = memory.machine.start
      return Position(
        generation: memory.generation, state: state, snapshot: memory.snapshot(of: state))
    }
  }

  /// The tokens that may come next. Stop tokens are among them where the text may end.
  func mask(at position: Position) -> TokenMask {
    var position = position
    return memory.withLock { memory in
      find(&position, &memory)
      if let known = memory.masks[position.state] { return known }
      var mask = memory.machine.mask(from: position.state, trie)
      for token in stopTokens {
        if position.isComplete { mask.insert(token) } else { mask.remove(token) }
      }
      if memory.masks.count * mask.byteCount > Self.maskLimit {
        memory.masks.removeAll(keepingCapacity: true)
      }
      memory.masks[position.state] = mask
      usedBytes.store(
        program.byteCount + memory.byteCount + memory.masks.count * mask.byteCount,
        ordering: .relaxed)
      return mask
    }
  }

  /// Goes on by these bytes; says whether any text does, and stays where it is if none does.
  func advance(_ position: inout Position, by bytes: [UInt8]) -> Bool {
    memory.withLock { memory in
      find(&position, &memory)
      var state = position.state
      for byte in bytes {
        state = memory.machine.step(state, byte: byte)
        if state == Machine.dead { return false }
      }
      position.state = state
      position.snapshot = memory.snapshot(of: state)
      return true
    }
  }

  /// The bytes that have to come next, whatever else does: at most `limit`.
  func forcedBytes(at position: Position, limit: Int) -> [UInt8] {
    var position = position
    return memory.withLock { memory in
      find(&position, &memory)
      var bytes: [UInt8] = []
      var state = position.state
      while bytes.count < limit, !memory.machine.isComplete[Int(state)],
        let byte = memory.machine.onlyByte(state)
      {
        bytes.append(byte)
        state = memory.machine.step(state, byte: byte)
      }
      return bytes
    }
  }

  /// Makes room, and makes sure that the position's state is one of the present machine.
  private func find(_ position: inout Position, _ memory: inout Memory) {
    if memory.byteCount > Self.stateLimit {
      memory = Memory(
        machine: Machine(program), generation: memory.generation + 1)
    }
    memory.machine.refuel()
    if position.generation != memory.generation {
      position.state = memory.machine.restore(position.snapshot)
      position.generation = memory.generation
    }
  }
}

extension Automaton.Memory {
  var byteCount: Int { machine.byteCount }

  mutating func snapshot(of state: Int32) -> StateSnapshot {
    if let known = snapshots[state] { return known }
    let snapshot = machine.snapshot(state)
    snapshots[state] = snapshot
    return snapshot
  }
}

extension Machine {
  /// An estimate of the memory it takes.
  var byteCount: Int { bytes + 192 * stacks.count }

  /// The byte that has to come next, if there is just one.
  mutating func onlyByte(_ state: Int32) -> UInt8? {
    var only: UInt8?
    for byteClass in 0..<program.classCount {
      guard step(state, byteClass: UInt8(byteClass)) != Self.dead else { continue }
      guard only == nil, program.isSingle(byteClass) else { return nil }
      only = program.classByte[byteClass]
    }
    return only
  }
}

extension Program {
  var byteCount: Int { 24 * edges.count + 8 * nodeCount + 512 }

  /// Whether a class has just one byte.
  fileprivate func isSingle(_ byteClass: Int) -> Bool {
    let after = byteClass + 1 < classCount ? Int(classByte[byteClass + 1]) : 256
    return after == Int(classByte[byteClass]) + 1
  }
}

extension TokenMask {
  fileprivate var byteCount: Int { words.count * 8 + 64 }
}
