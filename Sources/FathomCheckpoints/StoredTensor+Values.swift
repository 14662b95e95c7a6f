import CFathomKernels
import FathomCore
import FathomTensors

extension StoredTensor {
  /// All values as f32, for the small tensors that are kept that way; nil for dtypes that hold no floats.
  package func floats() -> [Float]? {
    withBytes { bytes in
      func values<Bits>(_ type: Bits.Type, _ decode: (Bits) -> Float) -> [Float] {
        let width = MemoryLayout<Bits>.size
        return (0..<elementCount).map {
          decode(bytes.loadUnaligned(fromByteOffset: $0 * width, as: Bits.self))
        }
      }
      return switch dtype {
      case .f32: values(Float.self) { $0 }
      case .bf16: values(UInt16.self, fk_decode_bf16)
      case .f16: values(UInt16.self, fk_decode_f16)
      case .f8e8m0: values(UInt8.self, fk_decode_e8m0)
      default: nil
      }
    }
  }
}

extension Checkpoint {
  /// A weight `[rows, columns]` as kernels read it, with the scales it needs.
  ///
  /// - Throws: `InputError` if it is no weight, or an FP8 weight whose scales are missing or misshapen.
  package func matrix(_ stored: StoredTensor) throws -> Matrix {
    let place = "tensor \(InputError.excerpt(stored.name, limit: 200))"
    guard stored.shape.count == 2, stored.dtype.isWeight, stored.elementCount > 0,
      stored.shape[1] % stored.dtype.blockElements == 0
    else {
      throw InputError(place, expected: "a matrix of weights", found: stored.summary)
    }
    var scales: Matrix.BlockScales?
    if stored.dtype == .f8e4m3 {
      guard let quantization else {
        throw InputError(
          place, expected: "a quantization_config that explains FP8", found: stored.summary)
      }
      let shape = quantization.scaleShape(rows: stored.shape[0], columns: stored.shape[1])
      guard let scale = scale(of: stored), scale.shape == shape, let values = scale.floats() else {
        throw InputError(
          place + "_scale_inv", expected: "\(shape) scales",
          found: scale(of: stored)?.summary ?? "none")
      }
      scales = Matrix.BlockScales(
        values, blockRows: quantization.blockRows, blockColumns: quantization.blockColumns)
    }
    return Matrix(
      stored.pointer, rows: stored.shape[0], columns: stored.shape[1], dtype: stored.dtype,
      scales: scales, owner: stored.file)
  }

  /// Names the weights: the same for the same configuration, tensor table and first bytes of some tensors.
  package var fingerprint: String {
    var description = Array(JSON.object(config.fields).text().utf8)
    let tensors = tensors.sorted { $0.key < $1.key }
    // Looking into each of 90,000 tensors would read much of a large checkpoint.
    let sampled = max(1, tensors.count / 512)
    for (index, (name, tensor)) in tensors.enumerated() {
      description += Array("\(name) \(tensor.summary) \(tensor.byteRange)".utf8)
      if index % sampled == 0 {
        tensor.withBytes { description.append(contentsOf: $0.prefix(64)) }
      }
    }
    return Checksum.name(of: description)
  }
}

extension DType {
  /// Whether matrices of weights can have this type.
  package var isWeight: Bool {
    [.f32, .f16, .bf16, .f8e4m3].contains(self) || isQuantizedInteger
  }
}
