import FathomCore
import FathomText
import Synchronization

/// Grammars at work on one vocabulary. Answers to the same grammar share what has been worked out.
///
/// It is bounded: grammars that were not used for longest are dropped when there are too many or
/// they take too much memory. Safe to use from any thread.
public final class ConstraintCache: Sendable {
  fileprivate struct Entry {
    var automaton: Automaton
    var lastUse: Int
  }

  fileprivate struct Entries {
    var byGrammar: [Grammar: Entry] = [:]
    var uses = 0
  }

  public let trie: TokenTrie
  /// Tokens that end an answer, allowed where the grammar is complete and nowhere else.
  public let stopTokens: [Int32]
  private let grammarLimit: Int
  private let memoryLimitBytes: Int
  private let entries = Mutex(Entries())

  public init(
    _ trie: TokenTrie, stopTokens: [Int32], grammarLimit: Int = 128,
    memoryLimitBytes: Int = 256 << 20
  ) {
    self.trie = trie
    self.stopTokens = stopTokens
    self.grammarLimit = max(1, grammarLimit)
    self.memoryLimitBytes = memoryLimitBytes
  }

  /// How many grammars are kept.
  public var grammarCount: Int { entries.withLock { $0.byGrammar.count } }

  /// About how many bytes they take.
  public var byteCount: Int { entries.withLock { $0.byteCount } }

  func automaton(for grammar: Grammar) throws -> Automaton {
    if let known = entries.withLock({ $0.use(grammar) }) { return known }
    let made = try Automaton(grammar, trie, stopTokens: stopTokens)
    return entries.withLock { entries in
      if let known = entries.use(grammar) { return known }
      entries.byGrammar[grammar] = Entry(automaton: made, lastUse: entries.uses)
      entries.drop(
        beyond: grammarLimit, memoryLimitBytes, keeping: grammar)
      return made
    }
  }
}

extension ConstraintCache.Entries {
  var byteCount: Int { byGrammar.values.reduce(0) { $0 + $1.automaton.byteCount } }

  mutating func use(_ grammar: Grammar) -> Automaton? {
    uses += 1
    byGrammar[grammar]?.lastUse = uses
    return byGrammar[grammar]?.automaton
  }

  mutating func drop(beyond count: Int, _ bytes: Int, keeping kept: Grammar) {
    while byGrammar.count > 1, byGrammar.count > count || byteCount > bytes {
      let oldest = byGrammar.filter { $0.key != kept }.min { $0.value.lastUse < $1.value.lastUse }
      guard let oldest else { return }
      byGrammar[oldest.key] = nil
    }
  }
}
