import FathomCore
import FathomTensors

/// Fathom's own file: a GGUF container whose matrices lie in the order in which the kernels read them, under the names of
/// official checkpoints, with the model's small files inside.
///
/// Format: `docs/packed-format.md`.
package enum PackedModel {
  /// `general.architecture`, at which other programs stop.
  static let architecture = "fathom"
  static let layoutKey = "fathom.layout"
  static let layout = 1
  /// The configuration in the words of `config.json`.
  static let configKey = "fathom.config"
  /// Identifies the checkpoint it was made from.
  static let sourceKey = "fathom.source"
  private static let filePrefix = "fathom.file."

  /// Small files of a checkpoint's folder that are kept whole.
  static let fileNames = [
    "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
  ]

  static func fileKey(_ name: String) -> String { filePrefix + name }

  /// Rows and columns of an FP8 block that shares a scale.
  static let scaleBlock = 128
}

extension GGUFMetadata {
  /// Whether this is a file of our own.
  package var isPacked: Bool { values["general.architecture"] == .string(PackedModel.architecture) }

  /// A small file of the checkpoint that a packed model was made from.
  package func file(_ name: String) throws -> String? {
    try optionalString(PackedModel.fileKey(name))
  }

  /// The configuration of a packed model.
  func packedConfiguration() throws -> ConfigurationReader {
    _ = try int(PackedModel.layoutKey, in: PackedModel.layout...PackedModel.layout)
    var text = try string(PackedModel.configKey)
    return try text.withUTF8 {
      try ConfigurationReader.parse(
        UnsafeRawBufferPointer($0), file: "\(file), metadata \(PackedModel.configKey)")
    }
  }

  func packedGeneration() throws -> ConfigurationReader? {
    let name = "generation_config.json"
    guard var text = try file(name) else { return nil }
    return try text.withUTF8 {
      try ConfigurationReader.parse(UnsafeRawBufferPointer($0), file: "\(file), \(name)")
    }
  }
}
