/// Which tokens may come next: one bit for each id of the vocabulary.
public struct TokenMask: Sendable, Equatable {
  /// Bit `id % 64` of word `id / 64` is set where the token is allowed.
  public internal(set) var words: [UInt64]

  init(vocabularySize: Int) {
    words = [UInt64](repeating: 0, count: (vocabularySize + 63) / 64)
  }

  /// Whether `token` is allowed; ids outside the vocabulary never are.
  public subscript(_ token: Int32) -> Bool {
    guard token >= 0, Int(token) < words.count * 64 else { return false }
    return words[Int(token) / 64] >> UInt64(token % 64) & 1 == 1
  }

  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// How many tokens are allowed.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The allowed tokens, ascending.
  public var tokens: [Int32] {
    var tokens: [Int32] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        tokens.append(Int32(index * 64 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return tokens
  }

  package mutating func insert(_ token: Int32) {
    guard token >= 0, Int(token) < words.count * 64 else { return }
    words[Int(token) / 64] |= 1 << UInt64(token % 64)
  }

  mutating func remove(_ token: Int32) {
    guard token >= 0, Int(token) < words.count * 64 else { return }
    words[Int(token) / 64] &= ~(1 << UInt64(token % 64))
  }

  mutating func formUnion(_ other: TokenMask) {
    for index in words.indices where index < other.words.count {
      words[index] |= other.words[index]
    }
  }
}
