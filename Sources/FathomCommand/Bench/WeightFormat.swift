// swift-format-ignore-file: AlwaysUseLowerCamelCase

import ArgumentParser

/// How fabricated matrices are stored; norms, biases and routers stay in f32.
enum WeightFormat: String, ExpressibleByArgument, CaseIterable {
  case q4_0, q8_0, bf16, f32

  /// The number of the encoding in a GGUF tensor table.
  var ggufType: UInt32 {
    switch self {
    case .f32: 0
    case .q4_0: 2
    case .q8_0: 8
    case .bf16: 30
    }
  }

  /// What `general.file_type` calls a file of mostly this.
  var ggufFileType: UInt32 {
    switch self {
    case .f32: 0
    case .q4_0: 2
    case .q8_0: 7
    case .bf16: 32
    }
  }

  /// Neighbouring values of a row that are stored together.
  var blockColumns: Int { self == .q4_0 || self == .q8_0 ? 32 : 1 }

  /// Bytes of a block: for the quantised formats an f16 scale and the values.
  var blockBytes: Int {
    switch self {
    case .q4_0: 18
    case .q8_0: 34
    case .bf16: 2
    case .f32: 4
    }
  }

  func byteCount(values: Int) -> Int { values / blockColumns * blockBytes }
}
