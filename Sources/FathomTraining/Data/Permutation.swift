import FathomTensors

/// An order of `0..<count`, any place of which is known without the others.
///
/// A Feistel network over the next even power of two, walked until it lands inside.
struct Permutation {
  let count: UInt64
  private let keys: [UInt64]
  private let halfBits: UInt64

  init(count: UInt64, seed: UInt64) {
    precondition(count > 0, "nothing to permute")
    self.count = count
    let bits = UInt64(UInt64.bitWidth - (count - 1).leadingZeroBitCount)
    halfBits = max(1, (bits + 1) / 2)
    let random = CounterRandom(seed: seed)
    keys = (0..<6).map { random.bits(at: $0) }
  }

  subscript(place: UInt64) -> UInt64 {
    var value = place
    repeat { value = encrypted(value) } while value >= count
    return value
  }

  private func encrypted(_ value: UInt64) -> UInt64 {
    let mask = (1 << halfBits) - 1 as UInt64
    var (left, right) = (value >> halfBits, value & mask)
    for key in keys {
      (left, right) = (right, left ^ (CounterRandom(seed: key).bits(at: right) & mask))
    }
    return left << halfBits | right
  }
}
