import FathomCore
import FathomText

/// What training a tokenizer yields: the files, and the tokenizer that they make.
public struct TrainedTokenizer: Sendable {
  /// `tokenizer.json`
  public let json: JSON
  /// `tokenizer_config.json`
  public let configuration: JSON
  public let tokenizer: Tokenizer

  init(
    design: TokenizerDesign, tokens: [[UInt8]], merges: [(left: [UInt8], right: [UInt8])]
  ) throws {
    json = design.document(tokens: tokens, merges: merges)
    configuration = design.configuration()
    tokenizer = try Tokenizer(json: json, config: configuration)
  }

  /// Writes both files into a folder that is there.
  ///
  /// - Throws: `InputError` whose place is the path.
  public func write(to folder: String) throws {
    try AtomicFile.write(Array((json.text(.indented) + "\n").utf8), to: "\(folder)/tokenizer.json")
    try AtomicFile.write(
      Array((configuration.text(.indented) + "\n").utf8),
      to: "\(folder)/tokenizer_config.json")
  }
}
