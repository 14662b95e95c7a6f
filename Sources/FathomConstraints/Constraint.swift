/// The state of one answer that has to obey a grammar. A value: a copy goes its own way.
///
/// ```swift
/// var constraint = try Constraint(grammar, cache: cache)
/// while !constraint.mustStop {
///   let token = pick(logits, allowed: constraint.mask())
///   guard constraint.accept(token) else { … }
/// }
/// ```
///
/// There is always a way on: a mask is empty only when the text is complete and there are no stop
/// tokens.
public struct Constraint: Sendable {
  private let automaton: Automaton
  private let stopTokens: [Int32]
  private var position: Automaton.Position
  private var hasStopped = false

  /// - Throws: `InputError` if the vocabulary cannot write any text of the grammar.
  public init(_ grammar: Grammar, cache: ConstraintCache) throws {
    automaton = try cache.automaton(for: grammar)
    stopTokens = cache.stopTokens
    position = automaton.start
  }

  /// The tokens that may come next. Stop tokens are among them only where `isComplete`.
  public func mask() -> TokenMask {
    hasStopped
      ? TokenMask(vocabularySize: automaton.trie.vocabularySize) : automaton.mask(at: position)
  }

  /// Goes on by a token; says whether the grammar allows it, and changes nothing if not.
  public mutating func accept(_ token: Int32) -> Bool {
    guard !hasStopped else { return false }
    if stopTokens.contains(token) {
      hasStopped = isComplete
      return hasStopped
    }
    if automaton.trie.isMark(token), !mask()[token] { return false }
    let bytes = automaton.trie.bytes(of: token)
    return !bytes.isEmpty && automaton.advance(&position, by: bytes)
  }

  /// The text so far is a whole text of the grammar.
  public var isComplete: Bool { position.isComplete }

  /// Nothing may follow but a stop token.
  public var mustStop: Bool { hasStopped || position.isAtEnd }

  /// The bytes that come next in every text that goes on from here, `limit` of them at most: what
  /// a grammar dictates need not be computed by a model.
  public func forcedBytes(limit: Int = 256) -> [UInt8] {
    hasStopped ? [] : automaton.forcedBytes(at: position, limit: limit)
  }
}
