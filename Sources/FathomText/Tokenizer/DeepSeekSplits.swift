/// The expressions by which DeepSeek-V3 cuts text, one for each step.
///
/// Source: `pre_tokenizer` in the `tokenizer.json` of `deepseek-ai/DeepSeek-V3`.
package enum DeepSeekSplits {
  package static let ideographs = "[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+"
  package static let words = WordPattern.deepseekV3.rawValue
}
