import Crypto

/// Names a block by everything its contents depend on: model, tenant, and all tokens from the first one on.
///
/// A chain of SHA-256: `root = digest("root", identity, tenant)`, `key = digest("next", parent, tokens)`. Equal keys mean
/// equal beginnings, so a block found by its key is the right one whoever computed it; no key can be made to collide
/// with another tenant's or another model's.
package struct BlockKey: Hashable, Sendable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// - Parameter identity: whatever makes cached bytes differ for equal tokens: digest of the model, weight format,
  ///   cache type, layout, version of the arithmetic.
  package static func root(identity: [UInt8], tenant: String) -> BlockKey {
    var hash = SHA256()
    hash.update(data: Array("fathom prefix root 1".utf8))
    for field in [identity, Array(tenant.utf8)] {
      hash.update(data: UInt64(field.count).littleEndianBytes)
      hash.update(data: field)
    }
    return BlockKey(hash.finalize())
  }

  /// The key of the block behind this one.
  package func appending(_ tokens: some Collection<Int32>) -> BlockKey {
    var hash = SHA256()
    hash.update(data: Array("fathom prefix next 1".utf8))
    hash.update(data: bytes)
    hash.update(data: tokens.littleEndianBytes)
    return BlockKey(hash.finalize())
  }

  package init(_ digest: SHA256.Digest) {
    words = digest.withUnsafeBytes { digest in
      func word(_ index: Int) -> UInt64 {
        UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
      }
      return (word(0), word(1), word(2), word(3))
    }
  }

  package var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      withUnsafeBytes(of: word.bigEndian) { Array($0) }
    }
  }

  package static func == (a: BlockKey, b: BlockKey) -> Bool { a.words == b.words }

  /// The words are as random as a hash can be already.
  package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// 64 hexadecimal digits, as in the names of files.
extension BlockKey: CustomStringConvertible {
  package var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// nil unless these are exactly 64 lower-case digits.
  package init?(digits: some Collection<UInt8>) {
    guard digits.count == 64 else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (index, digit) in digits.enumerated() {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      default: return nil
      }
      words[index / 16] = words[index / 16] << 4 | UInt64(value)
    }
    self.words = (words[0], words[1], words[2], words[3])
  }

  /// The folder it lies in: one of 256.
  var folder: String { String(description.prefix(2)) }
}

extension FixedWidthInteger {
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension Collection<Int32> {
  var littleEndianBytes: [UInt8] { flatMap { $0.littleEndianBytes } }
}
