import CFathomKernels
import FathomTensors
import Testing

/// Every variant this machine can run gives the bits of the reference loops.
@Suite struct KernelVariantTests {
  static let variants = InstructionSet.available.filter { $0 != .reference }

  /// Widths around the edges of lanes, tiles and column groups.
  static let widths = [1, 7, 15, 16, 17, 31, 48, 63, 64, 65, 100, 128, 129, 200, 264]

  @Test(arguments: variants, [DType.f32, .f16, .bf16, .f8e4m3])
  func `matmul equals the reference bit for bit`(variant: InstructionSet, dtype: DType) throws {
    var random = SeededNumbers(seed: 11)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for columns in Self.widths {
      for (rows, tokens) in [(1, 1), (3, 2), (9, 5), (17, 9)] {
        let w = random.matrix(rows: rows, columns: columns, dtype: dtype)
        let x = random.floats(tokens * columns)
        let storage = w.storage
        func product(_ kernels: UnsafePointer<fk_kernels>) -> [UInt32] {
          var y = [Float](repeating: 0, count: tokens * rows)
          kernels.pointee.matmul(&y, rows, x, columns, tokens, storage, 0, rows)
          return y.map(\.bitPattern)
        }
        #expect(product(fast) == product(plain), "\(rows) × \(columns), \(tokens) tokens")

        func summedRows(_ kernels: UnsafePointer<fk_kernels>) -> [UInt32] {
          var y = [Float](repeating: 0, count: columns)
          kernels.pointee.matmul_rows(&y, random.fixed, storage, 0, rows)
          return y.map(\.bitPattern)
        }
        #expect(summedRows(fast) == summedRows(plain), "rows of \(rows) × \(columns)")
      }
    }
  }

  @Test(arguments: variants)
  func `elementwise kernels equal the reference bit for bit`(variant: InstructionSet) throws {
    var random = SeededNumbers(seed: 12)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for width in Self.widths {
      let x = random.floats(width, scale: 8)
      let z = random.floats(width)
      func all(_ kernels: UnsafePointer<fk_kernels>) -> [[UInt32]] {
        let k = kernels.pointee
        var results: [[Float]] = []
        func collect(_ body: (inout [Float]) -> Void) {
          var y = z
          body(&y)
          results.append(y)
        }
        collect { k.rms_norm(&$0, x, z, width, 1e-6) }
        collect { k.swiglu(&$0, x, z, width, .infinity) }
        collect { k.swiglu(&$0, x, z, width, 0.5) }
        collect { k.add_scaled(&$0, x, 0.37, width) }
        collect { k.sigmoid(&$0, x, width) }
        collect { k.softmax(&$0, x, width) }
        collect { $0[0] = k.dot(x, z, width) }
        return results.map { $0.map(\.bitPattern) }
      }
      #expect(all(fast) == all(plain), "width \(width)")
    }
  }

  @Test(arguments: variants, [DType.f32, .bf16, .f8e4m3])
  func `attention equals the reference bit for bit`(variant: InstructionSet, dtype: DType) throws {
    var random = SeededNumbers(seed: 13)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    for (latent, rope, count) in [(32, 16, 1), (24, 16, 63), (64, 8, 65), (136, 20, 150)] {
      let rowBytes = (latent + rope) * dtype.blockBytes + 2
      let pages = (0...count / 64).map { _ in
        UnsafeMutablePointer<UInt8>.allocate(capacity: 64 * rowBytes)
      }
      defer { for page in pages { page.deallocate() } }
      let parts = [
        fk_part(begin: 0, width: latent, index: 0), fk_part(begin: latent, width: rope, index: 1),
      ]
      for t in 0..<count {
        for part in parts {
          fk_cache_store(
            pages[t / 64] + t % 64 * rowBytes, dtype.kernelType, part, rowBytes - 2,
            random.floats(part.width, scale: 3))
        }
      }
      let table = pages.map { UnsafePointer<UInt8>?(UnsafePointer($0)) }
      let queries = (random.floats(latent), random.floats(rope))
      func attend(_ kernels: UnsafePointer<fk_kernels>) -> [UInt32] {
        var scores = [Float](repeating: 0, count: count)
        var out = [Float](repeating: 0, count: latent)
        queries.0.withUnsafeBufferPointer { a in
          queries.1.withUnsafeBufferPointer { b in
            scores.withUnsafeMutableBufferPointer { scores in
              out.withUnsafeMutableBufferPointer { out in
                table.withUnsafeBufferPointer { table in
                  var cache = fk_cache(
                    dtype: dtype.kernelType, pages: table.baseAddress, page_tokens: 64,
                    layer_offset: 0, row_bytes: rowBytes, scale_offset: rowBytes - 2)
                  var head = fk_head(
                    key_a: parts[0], key_b: parts[1], value: parts[0], query_a: a.baseAddress,
                    query_b: b.baseAddress, count: count, scale: 0.2,
                    scores: scores.baseAddress, out: out.baseAddress, rows: nil)
                  kernels.pointee.attend(&head, &cache)
                }
              }
            }
          }
        }
        return out.map(\.bitPattern)
      }
      #expect(attend(fast) == attend(plain), "latent \(latent), rope \(rope), \(count) rows")
    }
  }

  @Test func `exp stays within two units in the last place`() throws {
    let kernels = try #require(InstructionSet.available.last?.kernels)
    for step in -870...870 {
      let x = Float(step) / 10
      // sigmoid(-x) = 1 / (1 + exp(x)) shows exp where it is small beside 1; softmax shows the rest.
      var y: [Float] = [0, x > 0 ? -x : x]
      kernels.pointee.softmax(&y, y, 2)
      let e = exponential(Double(-abs(x)))
      #expect(abs(Double(y[1]) - e / (1 + e)) <= 4e-7 * e / (1 + e) + 1e-38)
    }
  }
}
