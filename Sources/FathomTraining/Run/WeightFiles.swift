import CFathomKernels
import FathomCheckpoints
import FathomCore
import FathomTensors

/// How a trained network is stored.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  case f32
  case bf16
  /// The official FP8 layout: matrices of the layers as e4m3 with `weight_scale_inv` for each 128 × 128 block.
  case fp8
}

extension ParameterStore {
  /// Takes over the weights of a checkpoint, whatever they are stored as.
  ///
  /// - Parameter keeps: whether a parameter keeps its value, whatever is stored.
  /// - Throws: `InputError` naming the tensor that is missing or misshapen.
  package func load(_ checkpoint: Checkpoint, keeps: (Parameter) -> Bool = { _ in false }) throws {
    let kernels = try InstructionSet.chosen().kernels
    for id in ids {
      let parameter = self[id]
      if keeps(parameter) { continue }
      let stored = try checkpoint.tensor(parameter.name)
      guard stored.shape == parameter.shape else {
        throw InputError(
          "tensor \(parameter.name)", expected: "\(parameter.shape)", found: stored.summary)
      }
      let value = value(id)
      if stored.shape.count == 2, let kernels {
        let matrix = try checkpoint.matrix(stored)
        for row in 0..<value.count {
          kernels.pointee.decode_row(value[row], matrix.storage, row)
        }
      } else if let floats = stored.floats() {
        value.pointer.update(from: floats, count: floats.count)
      } else {
        throw InputError(
          "tensor \(parameter.name)", expected: "floating-point values", found: stored.summary)
      }
    }
  }

  /// The parameters as tensors of a checkpoint, under the official names.
  ///
  /// - Parameter values: where to read from, laid out like `values`; an average of them, for one.
  package func tensors(_ format: CheckpointFormat) -> [SafetensorsWriter.Tensor] {
    ids.flatMap { id -> [SafetensorsWriter.Tensor] in
      let parameter = self[id]
      let floats = UnsafePointer(value(id).pointer)
      if format == .f32 || parameter.role == .balance {
        return [.init(parameter.name, parameter.shape, floats: floats)]
      }
      let isFP8 =
        format == .fp8 && parameter.role == .matrix && !parameter.name.hasSuffix("eh_proj.weight")
      return isFP8 ? Self.fp8(parameter, floats) : [Self.bf16(parameter, floats)]
    }
  }

  private static func bf16(_ parameter: Parameter, _ floats: UnsafePointer<Float>)
    -> SafetensorsWriter.Tensor
  {
    .init(parameter.name, .bf16, parameter.shape) { use in
      let halves = (0..<parameter.count).map { fk_encode_bf16(floats[$0]) }
      try halves.withUnsafeBytes(use)
    }
  }

  /// Codes and the scale of each block: largest magnitude / 448.
  private static func fp8(_ parameter: Parameter, _ floats: UnsafePointer<Float>)
    -> [SafetensorsWriter.Tensor]
  {
    let (rows, columns, block) = (parameter.rows, parameter.columns, 128)
    let (tileRows, tileColumns) = ((rows + block - 1) / block, (columns + block - 1) / block)
    var scales = [Float](repeating: 0, count: tileRows * tileColumns)
    for row in 0..<rows {
      for column in 0..<columns {
        let tile = row / block * tileColumns + column / block
        scales[tile] = max(scales[tile], abs(floats[row * columns + column]))
      }
    }
    for tile in scales.indices { scales[tile] = scales[tile] > 0 ? scales[tile] / 448 : 1 }
    let finished = scales
    return [
      .init(parameter.name, .f8e4m3, parameter.shape) { use in
        let codes = (0..<rows * columns).map { index -> UInt8 in
          let tile = index / columns / block * tileColumns + index % columns / block
          return fk_encode_e4m3(floats[index] / finished[tile])
        }
        try codes.withUnsafeBytes(use)
      },
      .init("\(parameter.name)_scale_inv", .f32, [tileRows, tileColumns]) { use in
        try finished.withUnsafeBytes(use)
      },
    ]
  }
}
