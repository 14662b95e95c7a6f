/// FNV-1a over 64-bit words: finds damage.
package enum Checksum {
  package static func of(_ bytes: some Collection<UInt8>) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    var word: UInt64 = 0
    var filled = 0
    for byte in bytes {
      word = word << 8 | UInt64(byte)
      filled += 1
      if filled == 8 {
        sum = (sum ^ word) &* 0x0000_0100_0000_01B3
        sum ^= sum >> 29
        (word, filled) = (0, 0)
      }
    }
    sum = (sum ^ word ^ UInt64(filled) << 56) &* 0x0000_0100_0000_01B3
    return sum ^ sum >> 32
  }

  /// The sum as 16 hexadecimal digits.
  package static func name(of bytes: some Collection<UInt8>) -> String {
    let digits = String(of(bytes), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
