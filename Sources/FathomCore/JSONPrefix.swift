/// Follows one JSON value byte by byte, as long as the bytes are the beginning of one.
///
/// It takes the beginnings of what `JSON.parse` reads; only that a key comes twice, or that a number is beyond a double, does
/// not show in a beginning.
package struct JSONPrefix: Sendable {
  private enum State {
    case value, firstElement, firstKey, key, colon
    /// Behind a value.
    case ended
    case string, escape, hex
    case literal(StaticString, next: Int)
    case number(Number)
  }

  /// Which part of a number the last byte belongs to.
  private enum Number {
    case sign, zero, integer, point, fraction, exponent, exponentSign, exponentDigits

    var canEnd: Bool {
      switch self {
      case .zero, .integer, .fraction, .exponentDigits: true
      case .sign, .point, .exponent, .exponentSign: false
      }
    }

    /// The part that a byte leads to.
    func next(_ byte: UInt8) -> Number? {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      switch self {
      case .sign where isDigit: return byte == UInt8(ascii: "0") ? .zero : .integer
      case .integer where isDigit: return .integer
      case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."):
        return .point
      case .point where isDigit, .fraction where isDigit: return .fraction
      case .exponent where byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"):
        return .exponentSign
      case .exponent where isDigit, .exponentSign where isDigit, .exponentDigits where isDigit:
        return .exponentDigits
      case .zero where byte | 0x20 == UInt8(ascii: "e"),
        .integer where byte | 0x20 == UInt8(ascii: "e"),
        .fraction where byte | 0x20 == UInt8(ascii: "e"):
        return .exponent
      default: return nil
      }
    }
  }

  private var state = State.value
  /// The open containers; true for an object.
  private var open: [Bool] = []
  private var isKey = false
  private var hex: (digits: Int, value: UInt16) = (0, 0)
  /// Behind the first half of a surrogate pair.
  private var needsLow = false
  /// Bytes taken so far.
  package private(set) var count = 0
  /// Bytes up to the end of the last value that is whole, and the containers open there.
  private var whole = (count: 0, depth: 0)

  package init() {}

  /// Whether the bytes are a whole value; digits may still follow a number.
  package var isComplete: Bool {
    switch state {
    case .ended: open.isEmpty
    case .number(let part): open.isEmpty && part.canEnd
    default: false
    }
  }

  /// Takes the next byte; false if no JSON begins like that, and nothing has changed then.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard isFreeSpace(byte) || advance(byte) else { return false }
    count += 1
    return true
  }

  /// Space between the parts of a value.
  private func isFreeSpace(_ byte: UInt8) -> Bool {
    switch state {
    case .value, .firstElement, .firstKey, .key, .colon, .ended: byte.isJSONSpace
    case .string, .escape, .hex, .literal, .number: false
    }
  }

  private mutating func advance(_ byte: UInt8) -> Bool {
    switch state {
    case .value: return begin(byte)
    case .firstElement: return byte == UInt8(ascii: "]") ? close() : begin(byte)
    case .firstKey where byte == UInt8(ascii: "}"): return close()
    case .firstKey, .key:
      guard byte == UInt8(ascii: "\"") else { return false }
      isKey = true
      state = .string
    case .colon:
      guard byte == UInt8(ascii: ":") else { return false }
      state = .value
    case .ended: return goOn(byte)
    case .string: return string(byte)
    case .escape: return escape(byte)
    case .hex: return hexDigit(byte)
    case .literal(let word, let next):
      guard word.utf8Start[next] == byte else { return false }
      if next + 1 == word.utf8CodeUnitCount {
        end(at: count + 1)
      } else {
        state = .literal(word, next: next + 1)
      }
    case .number(let part):
      if let next = part.next(byte) {
        state = .number(next)
        return true
      }
      guard part.canEnd, byte.isJSONSpace || canGoOn(byte) else { return false }
      end(at: count)
      return byte.isJSONSpace || goOn(byte)
    }
    return true
  }

  private mutating func begin(_ byte: UInt8) -> Bool {
    guard open.count <= JSONLimits().depth else { return false }
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      open.append(byte == UInt8(ascii: "{"))
      state = byte == UInt8(ascii: "{") ? .firstKey : .firstElement
      whole = (count + 1, open.count)
    case UInt8(ascii: "\""):
      isKey = false
      state = .string
    case UInt8(ascii: "t"): state = .literal("true", next: 1)
    case UInt8(ascii: "f"): state = .literal("false", next: 1)
    case UInt8(ascii: "n"): state = .literal("null", next: 1)
    case UInt8(ascii: "-"): state = .number(.sign)
    case UInt8(ascii: "0"): state = .number(.zero)
    case UInt8(ascii: "1")...UInt8(ascii: "9"): state = .number(.integer)
    default: return false
    }
    return true
  }

  private mutating func end(at place: Int) {
    state = .ended
    whole = (place, open.count)
  }

  private mutating func close() -> Bool {
    open.removeLast()
    end(at: count + 1)
    return true
  }

  private func canGoOn(_ byte: UInt8) -> Bool {
    guard let isObject = open.last else { return false }
    return byte == UInt8(ascii: ",") || byte == UInt8(ascii: isObject ? "}" : "]")
  }

  private mutating func goOn(_ byte: UInt8) -> Bool {
    guard canGoOn(byte), let isObject = open.last else { return false }
    guard byte == UInt8(ascii: ",") else { return close() }
    state = isObject ? .key : .value
    return true
  }

  // MARK: Strings

  private mutating func string(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\\") {
      state = .escape
      return true
    }
    guard byte >= 0x20, !needsLow else { return false }
    guard byte == UInt8(ascii: "\"") else { return true }
    if isKey { state = .colon } else { end(at: count + 1) }
    return true
  }

  private mutating func escape(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "u") {
      hex = (0, 0)
      state = .hex
      return true
    }
    guard !needsLow, "\"\\/bfnrt".utf8.contains(byte) else { return false }
    state = .string
    return true
  }

  private mutating func hexDigit(_ byte: UInt8) -> Bool {
    guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
      return false
    }
    let value = hex.value << 4 | UInt16(digit)
    // D800…DBFF is the first half of a pair, DC00…DFFF the second.
    switch hex.digits {
    case 0: guard !needsLow || value == 0xD else { return false }
    case 1: guard (value >> 2 == 0xDC >> 2) == needsLow else { return false }
    case 3:
      needsLow = !needsLow && value >> 10 == 0xD800 >> 10
      state = .string
    default: break
    }
    hex = (hex.digits + 1, value)
    return true
  }

  /// Bytes of what is whole, and the brackets that close it.
  fileprivate var closing: (count: Int, brackets: String) {
    (whole.count, String(open[..<whole.depth].reversed().map { $0 ? "}" : "]" }))
  }
}

extension JSON {
  /// What the beginning of a document says: all of its values that are whole. Of equal keys the last counts.
  package static func parse(beginning text: String) -> JSON? {
    var prefix = JSONPrefix()
    for byte in text.utf8 { guard prefix.take(byte) else { break } }
    let (count, brackets) = prefix.isComplete ? (prefix.count, "") : prefix.closing
    var limits = JSONLimits()
    limits.takesLastOfEqualKeys = true
    return try? parse(Array(text.utf8.prefix(count)) + Array(brackets.utf8), limits: limits)
  }
}

extension UInt8 {
  fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
