import FathomCheckpoints
import FathomCore
import FathomText

/// The text half of a checkpoint: tokenizer and chat format. It needs no weights.
public struct CheckpointText: Sendable {
  public let tokenizer: Tokenizer
  /// `model_type` of the configuration; empty if there is none.
  public let modelType: String

  /// - Parameter path: the folder, a file in it, or a GGUF file.
  public init(path: String) throws {
    if GGUFFile.isGGUF(path) {
      let file = try GGUFFile(path: path)
      tokenizer = try Tokenizer(file)
      modelType = try file.configuration().modelType()
    } else {
      let folder = try Checkpoint.folder(at: path)
      tokenizer = try Tokenizer(folder: folder)
      modelType = try Checkpoint.configuration(at: path)?.modelType() ?? ""
    }
  }

  /// The format of that name, or the one that the checkpoint's own template tells.
  ///
  /// - Throws: `InputError` that names the formats.
  public func chatFormat(named name: String? = nil) throws -> ChatFormat {
    if let name { return try ChatFormat.named(name) }
    return try ChatFormat.detect(
      chatTemplate: tokenizer.chatTemplate, modelType: modelType,
      vocabularyHas: { tokenizer.id(of: $0) != nil })
  }
}

extension Tokenizer {
  /// The tokenizer that the metadata of a GGUF file describes.
  convenience init(_ file: GGUFFile) throws {
    let metadata = file.metadata
    if let text = try metadata.file("tokenizer.json") {
      try self.init(
        tokenizerJSON: text, tokenizerConfig: try metadata.file("tokenizer_config.json"),
        chatTemplate: try metadata.file("chat_template.jinja"), origin: metadata.origin)
      return
    }
    let ids = 0...Int(Int32.max)
    let model = try metadata.string("tokenizer.ggml.model")
    guard model == "gpt2" else {
      throw InputError(
        "\(file.path), metadata tokenizer.ggml.model", expected: "\"gpt2\", a byte-level BPE",
        found: InputError.excerpt(model))
    }
    do {
      try self.init(
        TokenTable(
          tokens: try metadata.strings("tokenizer.ggml.tokens"),
          types: try metadata.optionalIntegers("tokenizer.ggml.token_type"),
          merges: try metadata.strings("tokenizer.ggml.merges"),
          preTokenizer: try metadata.optionalString("tokenizer.ggml.pre") ?? "default",
          bosID: try metadata.optionalInt("tokenizer.ggml.bos_token_id", in: ids),
          eosID: try metadata.optionalInt("tokenizer.ggml.eos_token_id", in: ids),
          padID: try metadata.optionalInt("tokenizer.ggml.padding_token_id", in: ids),
          addsBosToken: try metadata.optionalBool("tokenizer.ggml.add_bos_token"),
          chatTemplate: try metadata.optionalString("tokenizer.chat_template")))
    } catch let error as InputError {
      throw error.place.hasPrefix(file.path) ? error : error.inside(file.path)
    }
  }
}
