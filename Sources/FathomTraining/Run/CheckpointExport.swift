import FathomCheckpoints
import FathomTensors

/// A checkpoint in the official layout, stored another way: that of a finished run as a model to give away.
public enum CheckpointExport {
  /// Writes weights, `config.json`, tokenizer and `generation_config.json`.
  ///
  /// - Throws: `InputError` for what is no checkpoint that training can open, and for files that can't be written.
  public static func write(_ checkpoint: String, to folder: String, format: CheckpointFormat) throws
  {
    let model = try RunModel(try Checkpoint.open(checkpoint), adapters: nil, seed: 0) { _ in false }
    try model.export(to: folder, beside: try RunText.files(of: checkpoint), format: format)
  }
}
