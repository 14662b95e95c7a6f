import FathomCore
import FathomText

/// Learns a byte-level BPE from texts: takes them one at a time, then merges what stands together most often.
///
/// Of pairs that are equally frequent, the one with the lower ids goes first, so the same texts in any order give the
/// same tokenizer.
///
/// Source: `BpeTrainer` of the `tokenizers` library, whose merges it reproduces.
public struct TokenizerTrainer {
  public let design: TokenizerDesign
  /// How many tokens to end with, control tokens and the 256 bytes included.
  public let vocabularySize: Int
  /// Pairs that are rarer than this are never merged.
  public let minimumCount: Int

  /// The tokenizer without merges: it cuts texts as the trained one will.
  private let untrained: Tokenizer
  private var words = WordCounts()

  /// - Throws: `InputError` for a vocabulary with no room for the bytes, and for control tokens that contradict
  ///   each other.
  public init(vocabularySize: Int, design: TokenizerDesign = .deepSeek, minimumCount: Int = 2)
    throws
  {
    let smallest = design.controls.count + 256
    guard vocabularySize >= smallest else {
      throw InputError(
        "vocabulary size",
        expected: "at least \(smallest): \(design.controls.count) control tokens and 256 bytes",
        found: "\(vocabularySize)")
    }
    self.design = design
    self.vocabularySize = vocabularySize
    self.minimumCount = max(1, minimumCount)
    untrained = try Tokenizer(
      json: design.document(tokens: PairMerger.bytesInOrder.map { [$0] }, merges: []),
      config: design.configuration())
  }

  /// Counts the words of a text. Control tokens in it are passed over.
  public mutating func add(_ text: String) {
    var words = words
    self.words = WordCounts()  // Not shared while it grows.
    untrained.forEachPiece(of: text) { words.add($0) }
    self.words = words
  }

  /// The bytes of all texts so far, without control tokens.
  public var byteCount: Int { words.byteCount }
  /// How many different words they hold.
  public var wordCount: Int { words.count }

  /// Learns the merges. The vocabulary stays smaller than was asked for where no pair is left that is frequent enough.
  public func train() throws -> TrainedTokenizer {
    var merger = PairMerger(
      words: words, firstID: Int32(design.controls.count),
      reserved: Set(design.controls.map(\.text)))
    merger.grow(to: vocabularySize, minimumCount: minimumCount)
    return try TrainedTokenizer(design: design, tokens: merger.tokens, merges: merger.merges)
  }
}
