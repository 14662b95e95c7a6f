/// The expressions by which small tokenizers cut text, one for each step: words, numbers and signs with the space before them,
/// then numbers into digits, so that every digit is a token, with a space before it or without.
///
/// DeepSeek-V3's own steps would make a token of each space before a digit.
package enum SingleDigitSplits {
  package static let words = WordPattern.gpt2.rawValue
  package static let digits = #"\s?\p{N}"#
}
