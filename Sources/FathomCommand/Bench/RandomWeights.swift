/// Random weights in their stored encoding, as fast as memory takes them.
///
/// Every block follows from (seed, stream, index of the block), so a file is the same however it is cut.
struct RandomWeights {
  /// Where the values of a tensor lie: around `mean`, with standard deviation `deviation`.
  struct Distribution {
    var mean: Float = 0
    var deviation: Float
  }

  private let key: UInt64

  /// - Parameter stream: which tensor.
  init(seed: UInt64, stream: UInt64) {
    key = Self.mix(Self.mix(seed) &+ stream &* 0xD1B5_4A32_D192_ED03)
  }

  /// Fills `bytes` with the blocks from `firstBlock` on. Only unquantised formats have a mean.
  func fill(
    _ bytes: UnsafeMutableRawBufferPointer, format: WeightFormat, firstBlock: Int,
    _ distribution: Distribution
  ) {
    let blocks = bytes.count / format.blockBytes
    let counter = UInt64(firstBlock)
    switch format {
    case .q4_0: fillQ4(bytes, blocks, counter, distribution.deviation)
    case .q8_0: fillQ8(bytes, blocks, counter, distribution.deviation)
    case .bf16:
      // Uniform, wide enough for the deviation; rounded to nearest even.
      let step = distribution.deviation * Float(3).squareRoot() / 32768
      for block in 0..<blocks {
        let value = distribution.mean + Float(draw16(counter &+ UInt64(block))) * step
        let bits = value.bitPattern
        let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
        bytes.storeBytes(of: rounded.littleEndian, toByteOffset: block * 2, as: UInt16.self)
      }
    case .f32:
      let step = distribution.deviation * Float(3).squareRoot() / 32768
      for block in 0..<blocks {
        let value = distribution.mean + Float(draw16(counter &+ UInt64(block))) * step
        bytes.storeBytes(
          of: value.bitPattern.littleEndian, toByteOffset: block * 4, as: UInt32.self)
      }
    }
  }

  /// Nibbles stand for −8…7, so their mean is −0.5 and their deviation 4.61; a scale of random sign takes the mean
  /// out of the weights, where it would drive all outputs the same way.
  private func fillQ4(
    _ bytes: UnsafeMutableRawBufferPointer, _ blocks: Int, _ counter: UInt64, _ deviation: Float
  ) {
    let scales = Self.scales(around: deviation / 4.61)
    for block in 0..<blocks {
      let first = (counter &+ UInt64(block)) &* 3
      let scale = scales[Int(draw(first) >> 56)]
      let low = draw(first &+ 1)
      let high = draw(first &+ 2)
      let at = block * 18
      bytes.storeBytes(of: scale.littleEndian, toByteOffset: at, as: UInt16.self)
      bytes.storeBytes(of: low.littleEndian, toByteOffset: at + 2, as: UInt64.self)
      bytes.storeBytes(of: high.littleEndian, toByteOffset: at + 10, as: UInt64.self)
    }
  }

  private func fillQ8(
    _ bytes: UnsafeMutableRawBufferPointer, _ blocks: Int, _ counter: UInt64, _ deviation: Float
  ) {
    let scales = Self.scales(around: deviation / 73.6)
    for block in 0..<blocks {
      let first = (counter &+ UInt64(block)) &* 5
      let at = block * 34
      bytes.storeBytes(
        of: scales[Int(draw(first) >> 56)].littleEndian, toByteOffset: at, as: UInt16.self)
      for word in 0..<4 {
        // Quantisers never write −128; the lowest bit of bytes 0x80 is set, which makes them −127.
        let bits = draw(first &+ 1 &+ UInt64(word))
        let low = bits & 0x7F7F_7F7F_7F7F_7F7F
        let isZero = ~((low &+ 0x7F7F_7F7F_7F7F_7F7F) | 0x7F7F_7F7F_7F7F_7F7F) & bits
        bytes.storeBytes(
          of: (bits | (isZero & 0x8080_8080_8080_8080) >> 7).littleEndian,
          toByteOffset: at + 2 + word * 8, as: UInt64.self)
      }
    }
  }

  /// Fills `bytes`, a multiple of 8, with e4m3 codes of numbers below 2: none that is no number.
  func fillCodes(_ bytes: UnsafeMutableRawBufferPointer) {
    for word in 0..<bytes.count / 8 {
      bytes.storeBytes(
        of: draw(UInt64(word)) & 0xBFBF_BFBF_BFBF_BFBF, toByteOffset: word * 8, as: UInt64.self)
    }
  }

  /// f16 bits of 256 scales: between 0.75 and 1.25 times `magnitude`, of either sign.
  private static func scales(around magnitude: Float) -> [UInt16] {
    (0..<256).map { index in
      let bits = (magnitude * (0.75 + 0.5 * Float(index & 127) / 127)).bitPattern
      precondition(bits >> 23 >= 113, "a scale of \(magnitude) is no normal f16")
      let half = UInt16(truncatingIfNeeded: (bits &- 112 << 23 &+ 0x1000) >> 13)
      return half | (index >= 128 ? 0x8000 : 0)
    }
  }

  private func draw(_ counter: UInt64) -> UInt64 {
    Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
  }

  /// One of the four 16-bit numbers in each 64 random bits.
  private func draw16(_ counter: UInt64) -> Int16 {
    Int16(truncatingIfNeeded: draw(counter >> 2) >> ((counter & 3) * 16))
  }

  /// The finaliser of SplitMix64.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
