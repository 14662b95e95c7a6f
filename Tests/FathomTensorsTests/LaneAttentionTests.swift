import CFathomKernels
import FathomTensors
import Testing

/// Attention of 16 lanes: every variant gives the bits of the reference, wherever the rows are and however they are stored.
@Suite struct LaneAttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var latent: Int
    var rope: Int
    var count: Int
    var dtype: DType
    var chosen = false
    var testDescription: String {
      "\(latent) + \(rope), \(count) rows, \(dtype), chosen: \(chosen)"
    }
  }

  static let cases: [Case] = [
    Case(latent: 64, rope: 16, count: 1, dtype: .bf16),
    Case(latent: 64, rope: 16, count: 300, dtype: .bf16),
    Case(latent: 33, rope: 6, count: 65, dtype: .bf16),
    // More spans than are joined at a time.
    Case(latent: 21, rope: 2, count: 16_500, dtype: .bf16),
    Case(latent: 48, rope: 16, count: 200, dtype: .bf16),
    Case(latent: 40, rope: 8, count: 130, dtype: .f8e4m3),
    Case(latent: 32, rope: 0, count: 70, dtype: .bf16),
    Case(latent: 48, rope: 16, count: 600, dtype: .bf16, chosen: true),
    Case(latent: 48, rope: 16, count: 200, dtype: .f8e4m3, chosen: true),
  ]

  @Test(arguments: KernelVariantTests.variants, cases)
  func `lanes equal the reference bit for bit`(variant: InstructionSet, test: Case) throws {
    var random = SeededNumbers(seed: 41)
    let fast = try #require(variant.kernels)
    let plain = try #require(InstructionSet.reference.kernels)
    let rows = CachedRows(test, &random)
    var limits = (0..<16).map { _ in Int32.random(in: 1...Int32(rows.visible), using: &random) }
    limits[3] = Int32(rows.visible)
    let queries = (0..<16).map { _ in random.floats(test.latent + test.rope) }
    let expected = rows.attend(plain, queries, limits)
    #expect(expected.allSatisfy { Float(bitPattern: $0).isFinite })
    #expect(rows.attend(fast, queries, limits) == expected)
  }

  @Test func `lanes are attention in double precision up to the rounding of queries and weights`()
    throws
  {
    var random = SeededNumbers(seed: 42)
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let test = Case(latent: 64, rope: 16, count: 300, dtype: .bf16)
    let rows = CachedRows(test, &random)
    let queries = (0..<16).map { _ in random.floats(80) }
    let found = rows.attend(kernels, queries, [Int32](repeating: 300, count: 16))
    for lane in 0..<16 {
      let scores = rows.values.map { row in
        zip(row, queries[lane]).reduce(0) { $0 + Double($1.0) * Double($1.1) } * 0.2
      }
      let weights = scores.map { exponential($0 - (scores.max() ?? 0)) }
      let sum = weights.reduce(0, +)
      for c in 0..<64 {
        let expected = zip(weights, rows.values).reduce(0) { $0 + $1.0 * Double($1.1[c]) } / sum
        #expect(abs(Double(Float(bitPattern: found[lane * 64 + c])) - expected) < 0.02)
      }
    }
  }
}

/// Random rows of one layer of a cache.
private final class CachedRows {
  let test: LaneAttentionTests.Case
  /// What the rows hold, rounded as they are stored.
  private(set) var values: [[Float]] = []
  private(set) var chosen: [Int32] = []
  private var pages: [UnsafeMutablePointer<UInt8>] = []
  private let rowBytes: Int

  var visible: Int { test.chosen ? chosen.count : test.count }

  init(_ test: LaneAttentionTests.Case, _ random: inout SeededNumbers) {
    self.test = test
    rowBytes = (test.latent + test.rope) * test.dtype.blockBytes + 2
    pages = (0...test.count / 64).map { _ in
      let page = UnsafeMutablePointer<UInt8>.allocate(capacity: 64 * rowBytes)
      page.initialize(repeating: 0, count: 64 * rowBytes)
      return page
    }
    for t in 0..<test.count {
      var row: [Float] = []
      for part in parts where part.width > 0 {
        let numbers = random.floats(part.width, scale: 3)
        fk_cache_store(
          pages[t / 64] + t % 64 * rowBytes, test.dtype.kernelType, part, rowBytes - 2, numbers)
        row += numbers.map { fk_decode_bf16(fk_encode_bf16($0)) }
      }
      values.append(row)
      if t % 3 != 1 { chosen.append(Int32(t)) }
    }
  }

  deinit { for page in pages { page.deallocate() } }

  private var parts: [fk_part] {
    [
      fk_part(begin: 0, width: test.latent, index: 0),
      fk_part(begin: test.latent, width: test.rope, index: 1),
    ]
  }

  /// `[16, latent]`
  func attend(_ kernels: UnsafePointer<fk_kernels>, _ queries: [[Float]], _ limits: [Int32])
    -> [UInt32]
  {
    let width = test.latent + test.rope
    var packed = [UInt32](repeating: 0, count: (width + 1) / 2 * 16)
    let flat = UnsafeMutablePointer<Float>.allocate(capacity: 16 * width)
    defer { flat.deallocate() }
    for lane in 0..<16 { (flat + lane * width).update(from: queries[lane], count: width) }
    kernels.pointee.pack_queries(
      &packed, (0..<16).map { UnsafePointer<Float>?(flat + $0 * width) }, width)
    let stride = fk_mixed_stride(test.latent)
    let spans = fk_span_count(visible)
    let mixed = UnsafeMutablePointer<Float>.allocate(capacity: spans * 16 * stride)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: fk_attend_scratch(width, test.latent), alignment: 64)
    let out = UnsafeMutablePointer<Float>.allocate(capacity: 16 * test.latent)
    defer {
      mixed.deallocate()
      scratch.deallocate()
      out.deallocate()
    }
    var mixes = [fk_mix](repeating: fk_mix(), count: spans)
    let table = pages.map { UnsafePointer<UInt8>?(UnsafePointer($0)) }
    for span in 0..<spans {
      mixes[span].mixed = mixed + span * 16 * stride
      packed.withUnsafeBufferPointer { packed in
        chosen.withUnsafeBufferPointer { chosen in
          table.withUnsafeBufferPointer { table in
            var cache = fk_cache(
              dtype: test.dtype.kernelType, pages: table.baseAddress, page_tokens: 64,
              layer_offset: 0, row_bytes: rowBytes, scale_offset: rowBytes - 2)
            var lanes = fk_lanes()
            lanes.key_a = parts[0]
            lanes.key_b = parts[1]
            lanes.value = parts[0]
            lanes.query = packed.baseAddress
            lanes.rows = test.chosen ? chosen.baseAddress : nil
            lanes.begin = fk_span_begin(span)
            lanes.end = min(visible, fk_span_begin(span + 1))
            lanes.scale = 0.2
            withUnsafeMutableBytes(of: &lanes.limits) {
              $0.copyBytes(from: limits.withUnsafeBytes(Array.init))
            }
            kernels.pointee.attend_lanes(&lanes, &cache, &mixes[span], scratch)
          }
        }
      }
    }
    let places = (0..<16).map { UnsafeMutablePointer<Float>?(out + $0 * test.latent) }
    kernels.pointee.join_mixes(places, mixes, spans, test.latent, 0, 7)
    kernels.pointee.join_mixes(places, mixes, spans, test.latent, 7, 16)
    return (0..<16 * test.latent).map { out[$0].bitPattern }
  }
}
