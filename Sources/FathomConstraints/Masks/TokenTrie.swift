import FathomText

/// The tokens of a vocabulary by their bytes, in the form that masks are made from.
///
/// Built once for each tokenizer; about a tenth of a second for 128,000 tokens.
public final class TokenTrie: Sendable {
  /// One more than the greatest token id.
  public let vocabularySize: Int
  /// Ordinary tokens.
  let words: ByteTrie
  /// Added tokens that are not special: `<think>`, the marks of tool calls. They may be written
  /// only where a grammar spells them out, never as a part of free text.
  let marks: ByteTrie
  private let markTokens: Set<Int32>
  /// Ordinary tokens that are not in `plain`.
  let rest: ByteTrie
  /// `plain[n]`: tokens that are nothing but plain text of at most n characters. Plain text is
  /// well-formed UTF-8 without control characters, `"` and `\`; its last character may be unfinished.
  let plain: [TokenMask]
  /// Plain tokens of more than `over` characters, `over` descending: what is left to walk where
  /// `plain[over]` or more is allowed as a whole.
  let longPlain: [(over: Int, trie: ByteTrie)]
  /// Bytes that are a token on their own.
  let hasByte: [Bool]
  private let bytes: [[UInt8]]

  typealias Entry = (bytes: [UInt8], token: Int32)

  static let longestPlain = 32

  public convenience init(_ tokenizer: Tokenizer) {
    let added = Set(tokenizer.addedTokens.map(\.id))
    var ordinary: [Entry] = []
    var marks: [Entry] = []
    for id in 0..<Int32(tokenizer.vocabularySize)
    where tokenizer.contains(id) && !tokenizer.isSpecial(id) {
      let entry = (bytes: tokenizer.bytes(of: id), token: id) as Entry
      if added.contains(id) { marks.append(entry) } else { ordinary.append(entry) }
    }
    self.init(ordinary, marks: marks, vocabularySize: tokenizer.vocabularySize)
  }

  init(_ ordinary: [Entry], marks: [Entry], vocabularySize: Int) {
    var bytes = [[UInt8]](repeating: [], count: vocabularySize)
    for entry in ordinary + marks { bytes[Int(entry.token)] = entry.bytes }
    var hasByte = [Bool](repeating: false, count: 256)
    for entry in ordinary where entry.bytes.count == 1 { hasByte[Int(entry.bytes[0])] = true }
    var plain = [TokenMask](
      repeating: TokenMask(vocabularySize: vocabularySize), count: Self.longestPlain + 1)
    var rest: [Entry] = []
    var long: [(over: Int, entries: [Entry])] = [(16, []), (8, []), (4, [])]
    for entry in ordinary {
      if let count = PlainText.characterCount(entry.bytes), count <= Self.longestPlain {
        plain[count].insert(entry.token)
        for index in long.indices where count > long[index].over {
          long[index].entries.append(entry)
        }
      } else {
        rest.append(entry)
      }
    }
    for count in plain.indices.dropFirst() { plain[count].formUnion(plain[count - 1]) }
    self.vocabularySize = vocabularySize
    self.bytes = bytes
    self.words = ByteTrie(ordinary)
    self.marks = ByteTrie(marks)
    markTokens = Set(marks.map(\.token))
    self.rest = ByteTrie(rest)
    self.plain = plain
    longPlain = long.map { ($0.over, ByteTrie($0.entries)) }
    self.hasByte = hasByte
  }

  /// The bytes of an ordinary token or a mark; none for any other id.
  func bytes(of token: Int32) -> [UInt8] {
    token >= 0 && Int(token) < bytes.count ? bytes[Int(token)] : []
  }

  func isMark(_ token: Int32) -> Bool { markTokens.contains(token) }

  /// Whether every text can be written, if need be byte for byte.
  var writesAllText: Bool {
    PlainText.textBytes.allSatisfy { $0.allSatisfy { hasByte[Int($0)] } }
  }
}
