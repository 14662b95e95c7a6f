/// Reads `(8-3)*7+2` as a text from outside: what it comes to, and the numbers that stand in it.
///
/// Whole numbers, `+ - * /` (or `x`), brackets, spaces. A division has to leave nothing. Nil for anything else; the
/// text is at most 80 bytes, so neither its depth nor its values can grow out of bounds.
struct Expression: Equatable {
  let value: Int
  let numbers: [Int]

  init?(_ text: String) {
    guard text.utf8.count <= 80 else { return nil }
    var reader = Reader(bytes: text.utf8.filter { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }[...])
    // A space between two digits would join them.
    guard !Self.splitsNumber(text), let value = reader.sum(), reader.bytes.isEmpty else {
      return nil
    }
    self.value = value
    numbers = reader.numbers
  }

  private static func splitsNumber(_ text: String) -> Bool {
    var last: UInt8 = 0
    var isSpaced = false
    for byte in text.utf8 {
      if [0x09, 0x0A, 0x0D, 0x20].contains(byte) {
        isSpaced = true
        continue
      }
      if isSpaced, isDigit(last), isDigit(byte) { return true }
      (last, isSpaced) = (byte, false)
    }
    return false
  }

  fileprivate static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private struct Reader {
    var bytes: ArraySlice<UInt8>
    var numbers: [Int] = []

    init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func sum() -> Int? {
      guard var value = product() else { return nil }
      while let sign = take("+-") {
        guard let next = product(),
          let result = Self.kept(sign == UInt8(ascii: "+") ? value + next : value - next)
        else { return nil }
        value = result
      }
      return value
    }

    private mutating func product() -> Int? {
      guard var value = factor() else { return nil }
      while let sign = take("*x/") {
        guard let next = factor() else { return nil }
        if sign == UInt8(ascii: "/") {
          guard next != 0, value % next == 0 else { return nil }
          value /= next
        } else {
          guard let result = Self.kept(value * next) else { return nil }
          value = result
        }
      }
      return value
    }

    private mutating func factor() -> Int? {
      if take("(") != nil {
        guard let value = sum(), take(")") != nil else { return nil }
        return value
      }
      var value: Int?
      while let byte = bytes.first, Expression.isDigit(byte) {
        guard let longer = Self.kept((value ?? 0) * 10 + Int(byte) - 0x30) else { return nil }
        value = longer
        bytes.removeFirst()
      }
      if let value { numbers.append(value) }
      return value
    }

    private mutating func take(_ signs: StaticString) -> UInt8? {
      guard let first = bytes.first,
        UnsafeBufferPointer(start: signs.utf8Start, count: signs.utf8CodeUnitCount).contains(first)
      else { return nil }
      bytes.removeFirst()
      return first
    }

    /// A value below a million in size: two of them multiply without overflow.
    private static func kept(_ value: Int) -> Int? { abs(value) < 1_000_000 ? value : nil }
  }
}
