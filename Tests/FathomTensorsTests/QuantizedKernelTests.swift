import CFathomKernels
import FathomTensors
import Testing

/// Products with rounded activations: every variant gives the bits of the reference, and packing changes nothing.
@Suite struct QuantizedKernelTests {
  static let variants = KernelVariantTests.variants
  static let formats = DType.allCases.filter {
    $0.blockElements > 1 && $0 != .q4Panel && $0 != .q8Panel
  }

  private static func codes(
    _ kernels: UnsafePointer<fk_kernels>, _ x: [Float], columns: Int, inParts: Bool = false
  ) -> [UInt8] {
    let cut = inParts ? min(columns, 96) : columns
    let stride = fk_codes_stride(columns)
    var bytes = [UInt8](repeating: 0, count: x.count / columns * stride)
    bytes.withUnsafeMutableBufferPointer { bytes in
      x.withUnsafeBufferPointer { x in
        guard let to = bytes.baseAddress, let from = x.baseAddress else { return }
        for t in 0..<x.count / columns {
          for (begin, end) in [(cut, columns), (0, cut)] {
            kernels.pointee.encode_codes(to + t * stride, from + t * columns, columns, begin, end)
          }
        }
      }
    }
    return bytes
  }

  private static func product(
    _ kernels: UnsafePointer<fk_kernels>, _ codes: [UInt8], _ w: Matrix, tokens: Int
  ) -> [UInt32] {
    var y = [Float](repeating: 0, count: tokens * w.rows)
    codes.withUnsafeBufferPointer {
      var x = fk_codes(
        rows: $0.baseAddress, stride: fk_codes_stride(w.columns), columns: w.columns)
      kernels.pointee.matmul_codes(&y, w.rows, &x, tokens, w.storage, 0, w.rows)
    }
    return y.map(\.bitPattern)
  }

  @Test(arguments: variants)
  func `rounding to 8 bits equals the reference`(variant: InstructionSet) throws {
    var random = SeededNumbers(seed: 31)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for columns in [32, 64, 256, 1408] {
      var x = random.floats(3 * columns, scale: 20)
      for index in 0..<32 { x[index] = 0 }
      let expected = Self.codes(plain, x, columns: columns)
      #expect(Self.codes(fast, x, columns: columns) == expected)
      #expect(Self.codes(fast, x, columns: columns, inParts: true) == expected)
      #expect(Self.codes(plain, x, columns: columns, inParts: true) == expected)
    }
  }

  @Test(arguments: variants, formats)
  func `products of blocks equal the reference bit for bit`(variant: InstructionSet, dtype: DType)
    throws
  {
    var random = SeededNumbers(seed: 32)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for blocks in [1, 3] {
      let columns = blocks * dtype.blockElements
      for (rows, tokens) in [(1, 1), (80, 1), (17, 2), (144, 2), (80, 3), (32, 13)] {
        let w = random.quantized(rows: rows, columns: columns, dtype: dtype)
        let x = Self.codes(plain, random.floats(tokens * columns, scale: 3), columns: columns)
        let expected = Self.product(plain, x, w, tokens: tokens)
        #expect(expected.allSatisfy { Float(bitPattern: $0).isFinite })
        #expect(Self.product(fast, x, w, tokens: tokens) == expected, "\(rows) × \(columns)")
        guard dtype == .q4_0 || dtype == .q8_0 else { continue }
        for streams in [1, 4] {
          let packed = w.packed(streams: streams)
          #expect(Self.product(plain, x, packed, tokens: tokens) == expected, "packed, reference")
          #expect(Self.product(fast, x, packed, tokens: tokens) == expected, "\(streams) streams")
        }
      }
    }
  }

  @Test(arguments: variants, [DType.bf16, .f8e4m3])
  func `products of bf16 pairs equal the reference bit for bit`(
    variant: InstructionSet, dtype: DType
  ) throws {
    var random = SeededNumbers(seed: 33)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for columns in KernelVariantTests.widths {
      for (rows, tokens) in [(1, 1), (9, 5), (17, 9)] {
        let w = random.matrix(rows: rows, columns: columns, dtype: dtype)
        var x = random.floats(tokens * columns)
        // Subnormal numbers count as zero on every machine.
        for index in stride(from: 0, to: x.count, by: 7) { x[index] *= 0x1p-130 }
        func product(_ kernels: UnsafePointer<fk_kernels>) -> [UInt32] {
          var pairs = [UInt16](repeating: 0, count: x.count)
          kernels.pointee.encode_bf16(&pairs, x, x.count)
          var y = [Float](repeating: 0, count: tokens * rows)
          kernels.pointee.matmul_bf16(&y, rows, pairs, columns, tokens, w.storage, 0, rows)
          return y.map(\.bitPattern)
        }
        #expect(product(fast) == product(plain), "\(rows) × \(columns), \(tokens) tokens")
      }
    }
  }
}
