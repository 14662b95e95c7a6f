import FathomTensors

/// The number by which GGUF files name an encoding.
///
/// Panels are Fathom's own; their numbers lie far beyond those of the format, so that other programs refuse such files.
package struct GGUFTensorType: Sendable {
  package let number: UInt32
  package let dtype: DType

  private static let all: [(UInt32, DType)] = [
    (0, .f32), (1, .f16), (2, .q4_0), (3, .q4_1), (6, .q5_0), (7, .q5_1), (8, .q8_0), (10, .q2K),
    (11, .q3K), (12, .q4K), (13, .q5K), (14, .q6K), (20, .iq4NL), (30, .bf16),
    (0xFA00, .q4Panel), (0xFA01, .q8Panel), (0xFA02, .f8e4m3),
  ]

  package init?(_ number: UInt32) {
    guard let entry = Self.all.first(where: { $0.0 == number }) else { return nil }
    (self.number, dtype) = entry
  }

  package init?(_ dtype: DType) {
    guard let entry = Self.all.first(where: { $0.1 == dtype }) else { return nil }
    (number, self.dtype) = entry
  }

  package static var names: String { all.map(\.1.rawValue).joined(separator: ", ") }

  /// What the format calls an encoding that is not supported.
  package static func name(ofUnknown number: UInt32) -> String {
    let names: [UInt32: String] = [
      9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
      22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
      29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
    return names[number] ?? "type \(number)"
  }
}
