import CFathomKernels
import FathomCheckpoints
import FathomTensors
import GoldenSupport
import Testing

/// The block formats of GGUF files against the gguf package: `Tests/Golden/scripts/make_blocks.py`.
@Suite struct BlockFormatTests {
  static let names = [
    "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
  ]

  private static func floats(_ tensor: StoredTensor?) throws -> [Float] {
    try #require(tensor?.floats())
  }

  @Test(arguments: names, InstructionSet.available)
  func `blocks stand for the values that the gguf package gives them`(
    name: String, variant: InstructionSet
  ) throws {
    let golden = try Golden.tensors("blocks/blocks.safetensors")
    let values = try Self.floats(golden["\(name).values"])
    let stored = try #require(golden["\(name).blocks"])
    let dtype = try #require(DType(rawValue: name))
    let kernels = try #require(variant.kernels)
    let (rows, columns) = (3, 512)
    #expect(stored.byteCount == dtype.bytes(rows: rows, columns: columns))
    let w = Matrix(stored.pointer, rows: rows, columns: columns, dtype: dtype, owner: stored.file)
    var decoded = [Float](repeating: 0, count: columns)
    for row in 0..<rows {
      kernels.pointee.decode_row(&decoded, w.storage, row)
      #expect(decoded == Array(values[row * columns..<(row + 1) * columns]), "row \(row)")
    }
  }

  private static func quantized(_ values: [Float], _ dtype: DType) -> [UInt8] {
    var blocks = [UInt8](repeating: 0, count: dtype.bytes(for: values.count))
    fk_quantize_blocks(&blocks, dtype.kernelType, values, values.count)
    return blocks
  }

  @Test func `rounding to Q8_0 gives the gguf package's bytes`() throws {
    let golden = try Golden.tensors("blocks/blocks.safetensors")
    let values = try Self.floats(golden["rounded.values"])
    let expected = try #require(golden["rounded.Q8_0"]).withBytes { Array($0) }
    #expect(Self.quantized(values, .q8_0) == expected)
  }

  private static func squaredError(_ values: [Float], _ blocks: [UInt8], _ dtype: DType) -> Double {
    var codes = [Int8](repeating: 0, count: 32)
    var (scale, minimum): (Float, Float) = (0, 0)
    var sum = 0.0
    for block in 0..<values.count / 32 {
      blocks.withUnsafeBytes {
        fk_expand_block(
          dtype.kernelType, $0.baseAddress.map { $0 + block * dtype.blockBytes }, &codes, &scale,
          &minimum)
      }
      for k in 0..<32 {
        let difference = Double(values[block * 32 + k] - Float(codes[k]) * scale)
        sum += difference * difference
      }
    }
    return sum
  }

  /// The package takes the scale from the largest value; among 17 scales the best is closer.
  @Test func `rounding to Q4_0 is closer than taking the largest value as scale`() throws {
    let golden = try Golden.tensors("blocks/blocks.safetensors")
    let values = try Self.floats(golden["rounded.values"])
    let plain = try #require(golden["rounded.Q4_0"]).withBytes { Array($0) }
    let ours = Self.squaredError(values, Self.quantized(values, .q4_0), .q4_0)
    let theirs = Self.squaredError(values, plain, .q4_0)
    #expect(ours < 0.95 * theirs, "\(ours) against \(theirs)")
  }

  @Test func `half precision is rounded to nearest even, and comes back`() {
    for bits in UInt16.min...UInt16.max {
      let value = fk_decode_f16(bits)
      if value.isNaN {
        #expect(fk_decode_f16(fk_encode_f16(value)).isNaN)
      } else if fk_encode_f16(value) != bits {
        Issue.record("\(bits) became \(fk_encode_f16(value))")
      }
    }
    for value: Float in [1.00048828125, 1.0014648, 65519, 65520, 1e9, -1e9, 2.98e-8, 2.99e-8, 6e-5]
    {
      #expect(fk_encode_f16(value) == Float16(value).bitPattern, "\(value)")
    }
  }
}
