/// An answer as it is compared: lower case, one space between words, no full stop at the end.
struct AnswerText {
  let text: String

  /// Nil for what no right answer of these families can be: longer than 160 bytes, or not printable ASCII.
  init?(_ raw: String) {
    guard raw.utf8.count <= 160 else { return nil }
    var bytes: [UInt8] = []
    for byte in raw.utf8 {
      switch byte {
      case 0x09, 0x0A, 0x0D, 0x20: if bytes.last != 0x20 { bytes.append(0x20) }
      case 0x41...0x5A: bytes.append(byte + 32)
      case 0x21...0x7E: bytes.append(byte)
      default: return nil
      }
    }
    if bytes.first == 0x20 { bytes.removeFirst() }
    if bytes.last == 0x20 { bytes.removeLast() }
    if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
    text = String(decoding: bytes, as: UTF8.self)
  }

  private init(normal: String) { text = normal }

  /// Whether this is the number, alone or with its unit.
  func isAmount(_ thousandths: Int, _ unit: Unit) -> Bool {
    var rest = text[...]
    if unit.isMoney, rest.first == "$" { rest.removeFirst() }
    guard let found = Self.takeNumber(&rest), found == thousandths else { return false }
    if rest.first == " " { rest.removeFirst() }
    return rest.isEmpty || unit.names(rest)
  }

  /// What stands behind a word at the beginning, and behind `by`, `has`, `with`, a comma or a colon.
  func afterWord(_ word: String) -> AnswerText? {
    guard text.hasPrefix(word) else { return nil }
    var rest = text.dropFirst(word.count)
    guard let next = rest.first, next == " " || next == "," || next == ":" else { return nil }
    while let first = rest.first, first == " " || first == "," || first == ":" {
      rest.removeFirst()
    }
    for filler in ["has ", "with ", "by "] where rest.hasPrefix(filler) {
      rest = rest.dropFirst(filler.count)
    }
    let words = rest.split(separator: " ").filter { $0 != "more" }
    return AnswerText(normal: words.joined(separator: " "))
  }

  /// A number of at most nine digits before and three behind the point, in thousandths. A comma or a space may
  /// separate thousands. Nothing that starts with a needless zero.
  static func takeNumber(_ text: inout Substring) -> Int? {
    let bytes = Array(text.utf8)
    func digit(_ index: Int) -> Int? {
      guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
      return Int(bytes[index]) - 0x30
    }
    var index = 0
    var digits = 0
    var value = 0
    while index < bytes.count {
      if let next = digit(index) {
        value = value * 10 + next
        digits += 1
        guard digits <= 9 else { return nil }
      } else if digits > 0, bytes[index] == 0x2C || bytes[index] == 0x20,
        (1...3).allSatisfy({ digit(index + $0) != nil }), digit(index + 4) == nil
      {
        // A separator of thousands: three digits follow, and not a fourth.
      } else {
        break
      }
      index += 1
    }
    guard digits > 0, digits == 1 || bytes[0] != 0x30 else { return nil }
    var thousandths = value * 1000
    if index < bytes.count, bytes[index] == 0x2E, digit(index + 1) != nil {
      index += 1
      var weight = 100
      while let next = digit(index) {
        guard weight > 0 else { return nil }
        thousandths += next * weight
        weight /= 10
        index += 1
      }
    }
    text = Substring(String(decoding: bytes[index...], as: UTF8.self))
    return thousandths
  }
}
