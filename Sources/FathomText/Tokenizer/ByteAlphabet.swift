/// The 256 printable characters that byte-level vocabularies write bytes with.
///
/// Printable Latin-1 bytes stand for themselves; the 68 others follow from U+0100 on, so that a space
/// is `Ġ` and a newline is `Ċ`.
///
/// Source: `bytes_to_unicode` of GPT-2; the ByteLevel pre-tokenizer of the `tokenizers` library.
package enum ByteAlphabet {
  /// The character that stands for each byte.
  package static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? "?"
      }
    }
  }()

  /// The byte each character stands for, −1 for characters outside the alphabet.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
    return bytes
  }()

  /// Appends the bytes that `text` (UTF-8) stands for; `false` if a character is not in the alphabet.
  static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) -> Bool {
    // Every character of the alphabet has at most two bytes: a lead byte 0xC2…0xC5 and one more.
    var lead: Int?
    for byte in text {
      let value: Int
      if let head = lead {
        value = (head & 0x1F) << 6 | Int(byte & 0x3F)
        lead = nil
      } else if byte < 0x80 {
        value = Int(byte)
      } else if byte < 0xC6 {
        lead = Int(byte)
        continue
      } else {
        return false
      }
      guard value < bytes.count, bytes[value] >= 0 else { return false }
      output.append(UInt8(truncatingIfNeeded: bytes[value]))
    }
    return true
  }
}
