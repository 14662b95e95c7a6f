// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Q4_0 and its kin are the field's own names.
import CFathomKernels

/// How one element of a stored tensor is encoded.
public enum DType: String, Sendable, BitwiseCopyable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  /// e4m3fn: no infinities, ±448; a weight of this type comes with a `weight_scale_inv` tensor.
  case f8e4m3 = "F8_E4M3"
  /// ue8m0: a power of two, as scales of V3.1 checkpoints use it.
  case f8e8m0 = "F8_E8M0"
  /// The rest occurs in files, but in no tensor that our networks read.
  case f8e5m2 = "F8_E5M2"
  case f64 = "F64"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u8 = "U8"
  case bool = "BOOL"
  /// Blocks of GGUF files: small integers with a scale, and for some a minimum, for each 16 or 32 columns of a row.
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q2K = "Q2_K"
  case q3K = "Q3_K"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"
  case iq4NL = "IQ4_NL"
  /// The values of Q4_0 and Q8_0 in panels of 16 rows, the order in which the kernels read them.
  case q4Panel = "Q4_PANEL"
  case q8Panel = "Q8_PANEL"

  /// Columns that are stored together: 1 but for quantised integers.
  public var blockElements: Int {
    switch self {
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4NL, .q4Panel, .q8Panel: 32
    case .q2K, .q3K, .q4K, .q5K, .q6K: 256
    default: 1
    }
  }

  /// Bytes of `blockElements` columns.
  public var blockBytes: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .f8e4m3, .f8e5m2, .f8e8m0, .i8, .u8, .bool: 1
    case .q4_0, .iq4NL, .q4Panel: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0, .q8Panel: 34
    case .q2K: 84
    case .q3K: 110
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    }
  }

  /// Bytes of `elementCount` values, a multiple of `blockElements`.
  public func bytes(for elementCount: Int) -> Int { elementCount / blockElements * blockBytes }

  /// The kernels' word for a dtype that weights or cached values can have.
  package var kernelType: fk_dtype {
    switch self {
    case .f32: FK_F32
    case .f16: FK_F16
    case .bf16: FK_BF16
    case .f8e4m3: FK_E4M3
    case .q4_0: FK_Q4_0
    case .q4_1: FK_Q4_1
    case .q5_0: FK_Q5_0
    case .q5_1: FK_Q5_1
    case .q8_0: FK_Q8_0
    case .q2K: FK_Q2_K
    case .q3K: FK_Q3_K
    case .q4K: FK_Q4_K
    case .q5K: FK_Q5_K
    case .q6K: FK_Q6_K
    case .iq4NL: FK_IQ4_NL
    case .q4Panel: FK_Q4_PANEL
    case .q8Panel: FK_Q8_PANEL
    default: preconditionFailure("\(rawValue) is no type of weights")
    }
  }
}
