/// Fills sentences with holes: `{s} [buys|bought] {n} <more|further> {things}`.
///
/// `{name}` is a value, `[now|then]` is chosen by the tense of the story, `<a|b|c>` by chance; they nest.
struct Template {
  private let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  func filled(_ values: [String: String], past: Bool = false, _ random: inout TaskRandom) -> String
  {
    var index = 0
    var output: [UInt8] = []
    expand(&index, into: &output, values, past, &random)
    precondition(
      index == bytes.count, "unbalanced template: \(String(decoding: bytes, as: UTF8.self))")
    return String(decoding: output, as: UTF8.self)
  }

  /// Up to the `|`, `]` or `>` that ends the part, or to the end.
  private func expand(
    _ index: inout Int, into output: inout [UInt8], _ values: [String: String], _ past: Bool,
    _ random: inout TaskRandom
  ) {
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "|"), UInt8(ascii: "]"), UInt8(ascii: ">"): return
      case UInt8(ascii: "["), UInt8(ascii: "<"):
        let parts = alternatives(&index, values, past, &random)
        let isTense = byte == UInt8(ascii: "[")
        output += isTense ? parts[past ? parts.count - 1 : 0] : random.pick(parts)
      case UInt8(ascii: "{"):
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "}"))!
        let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
        guard let value = values[name] else { preconditionFailure("template without \(name)") }
        output += value.utf8
        index = end + 1
      default:
        output.append(byte)
        index += 1
      }
    }
  }

  private func alternatives(
    _ index: inout Int, _ values: [String: String], _ past: Bool, _ random: inout TaskRandom
  ) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    repeat {
      index += 1
      var part: [UInt8] = []
      expand(&index, into: &part, values, past, &random)
      parts.append(part)
    } while bytes[index] == UInt8(ascii: "|")
    index += 1
    return parts
  }
}

extension String {
  /// The same with a capital at its beginning.
  var capitalizedFirst: String {
    guard let first = utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
      return self
    }
    return String(decoding: [first - 32] + Array(utf8.dropFirst()), as: UTF8.self)
  }
}
