import FathomText

/// Two texts with a gap between them, as DeepSeek models are taught to fill it: `<｜fim▁begin｜>` what stands before it, `<｜fim▁hole｜>` what
/// stands behind it, `<｜fim▁end｜>`, and then the model's text (prefix-suffix-middle, DeepSeek-V3 §4.1).
public struct FillInMiddle: Sendable {
  private let begin: Int32
  private let hole: Int32
  private let end: Int32
  private let language: LanguageModel

  /// - Returns: nil where the tokenizer has no such tokens.
  public init?(_ language: LanguageModel) {
    func control(_ name: String) -> Int32? { language.tokenizer.id(of: "<｜fim▁\(name)｜>") }
    guard let begin = control("begin"), let hole = control("hole"), let end = control("end")
    else { return nil }
    (self.begin, self.hole, self.end) = (begin, hole, end)
    self.language = language
  }

  /// - Returns: the tokens of a prompt, and which of them are those of `prefix`.
  public func encode(prefix: String, suffix: String) -> (tokens: [Int32], prefix: Range<Int>) {
    let before = language.tokenizer.encode(prefix, special: .none)
    let behind = language.tokenizer.encode(suffix, special: .none)
    let start = language.beginningOfText + [begin]
    return (
      start + before + [hole] + behind + [end], start.count..<start.count + before.count
    )
  }
}
