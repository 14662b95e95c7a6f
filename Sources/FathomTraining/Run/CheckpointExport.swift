import FathomCheckpoints
import FathomTensors

/// A checkpoint in the official layout, stored another way: that of a finished run as a model to give away.
public enum CheckpointExport {
  /// Writes the weights that stand in the folder, `config.json`, and of tokenizer and `generation_config.json` what there is.
  ///
  /// - Throws: `InputError` for what is no checkpoint that training can open, and for files that can't be written.
  public static func write(_ checkpoint: String, to folder: String, format: CheckpointFormat) throws
  {
    let model = try RunModel(try Checkpoint.open(checkpoint), adapters: nil, seed: 0) { _ in false }
    try model.export(to: folder, beside: try RunText.everything(beside: checkpoint), format: format)
  }
}
