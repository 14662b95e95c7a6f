/// What a parser of outside JSON is willing to accept.
package struct JSONLimits: Sendable {
  package var bytes = 256 << 20
  package var depth = 128
  /// Numbers, strings, arrays and so on, counted together: two bytes of text can make one value of
  /// 24.
  package var values = Int.max
  /// Reads an object in which a key comes twice, as most other parsers do.
  package var takesLastOfEqualKeys = false

  package init(bytes: Int = 256 << 20, depth: Int = 128, values: Int = .max) {
    self.bytes = bytes
    self.depth = depth
    self.values = values
  }
}

extension JSON {
  /// Reads exactly one JSON document (RFC 8259) and rejects what parsers disagree about: duplicate
  /// keys, trailing bytes, invalid UTF-8, lone surrogates, numbers that are no finite double.
  ///
  /// - Throws: `InputError` whose place is `byte N`.
  public static func parse(_ text: String) throws -> JSON {
    var text = text
    return try text.withUTF8 { try parse($0) }
  }

  package static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits())
    throws -> JSON
  {
    if let document = try bytes.withContiguousStorageIfAvailable({ try parse($0, limits: limits) })
    {
      return document
    }
    return try Array(bytes).withUnsafeBufferPointer { try parse($0, limits: limits) }
  }

  package static func parse(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = JSONLimits())
    throws -> JSON
  {
    guard bytes.count <= limits.bytes else {
      throw InputError(
        "byte 0", expected: "at most \(limits.bytes) bytes of JSON", found: "\(bytes.count) bytes")
    }
    var parser = JSONParser(bytes: bytes, limits: limits)
    return try parser.document()
  }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let limits: JSONLimits
  var offset = 0
  var valueCount = 0

  init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw unexpected("the end of the document") }
    return value
  }

  private func unexpected(_ expectation: String, at place: Int? = nil) -> InputError {
    let place = place ?? offset
    guard place < bytes.count else {
      return InputError("byte \(place)", expected: expectation, found: "the end of the data")
    }
    let byte = bytes[place]
    let finding =
      byte >= 0x21 && byte < 0x7F
      ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte 0x\(String(byte, radix: 16))"
    return InputError("byte \(place)", expected: expectation, found: finding)
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  private mutating func value(depth: Int) throws -> JSON {
    skipSpace()
    guard offset < bytes.count else { throw unexpected("a JSON value") }
    guard depth <= limits.depth else {
      throw InputError(
        "byte \(offset)", expected: "at most \(limits.depth) levels of nesting",
        found: "a deeper level")
    }
    valueCount += 1
    guard valueCount <= limits.values else {
      throw InputError(
        "byte \(offset)", expected: "at most \(limits.values) JSON values", found: "one more")
    }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws -> JSON {
    let end = offset + word.utf8CodeUnitCount
    guard end <= bytes.count,
      UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        .elementsEqual(bytes[offset..<end])
    else { throw unexpected("a JSON value") }
    offset = end
    return value
  }

  private mutating func object(depth: Int) throws -> JSON {
    var object = JSONObject()
    offset += 1
    skipSpace()
    if take("}") { return .object(object) }
    while true {
      skipSpace()
      let keyOffset = offset
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
        throw unexpected("a key in quotes")
      }
      let key = try string()
      skipSpace()
      guard take(":") else { throw unexpected("\":\" after a key") }
      let value = try self.value(depth: depth + 1)
      if limits.takesLastOfEqualKeys {
        object[key] = value
      } else if !object.insert(key, value) {
        throw InputError(
          "byte \(keyOffset)", expected: "each key once",
          found: "a second \(InputError.excerpt(key))")
      }
      skipSpace()
      if take("}") { return .object(object) }
      guard take(",") else { throw unexpected("\",\" or \"}\"") }
    }
  }

  private mutating func array(depth: Int) throws -> JSON {
    var elements: [JSON] = []
    offset += 1
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw unexpected("\",\" or \"]\"") }
    }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: scalar) else { return false }
    offset += 1
    return true
  }

  private mutating func string() throws -> String {
    let start = offset + 1
    var end = start
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") {
        let text = try utf8(start..<end)
        offset = end + 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start, firstEscape: end) }
      guard byte >= 0x20 else { throw unexpected("a printable character in a string", at: end) }
      end += 1
    }
    throw unexpected("the closing quote of a string", at: end)
  }

  private func utf8(_ range: Range<Int>) throws -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw InputError(
        "byte \(range.lowerBound)", expected: "valid UTF-8 in a string", found: "invalid UTF-8")
    }
    return text
  }

  private mutating func escapedString(from start: Int, firstEscape: Int) throws -> String {
    var text: [UInt8] = Array(bytes[start..<firstEscape])
    offset = firstEscape
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        guard let string = String(validating: text, as: UTF8.self) else {
          throw InputError(
            "byte \(start)", expected: "valid UTF-8 in a string", found: "invalid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        offset += 1
        try escape(into: &text)
      case 0..<0x20:
        throw unexpected("a printable character in a string")
      default:
        text.append(byte)
        offset += 1
      }
    }
    throw unexpected("the closing quote of a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard offset < bytes.count else { throw unexpected("an escape") }
    let kind = bytes[offset]
    offset += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let place = offset - 2
      var code = UInt32(try hex4())
      if code >= 0xD800 && code < 0xDC00, offset + 1 < bytes.count,
        bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
      {
        offset += 2
        let low = UInt32(try hex4())
        guard low >= 0xDC00 && low < 0xE000 else {
          throw InputError(
            "byte \(place)", expected: "a surrogate pair", found: "an unpaired surrogate")
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw InputError(
          "byte \(place)", expected: "a surrogate pair", found: "an unpaired surrogate")
      }
      text.append(contentsOf: UTF8.encode(scalar)!)
    default: throw unexpected("an escape such as \\n or \\u0041", at: offset - 1)
    }
  }

  private mutating func hex4() throws -> UInt16 {
    guard offset + 4 <= bytes.count else { throw unexpected("four hexadecimal digits") }
    var value: UInt16 = 0
    for place in offset..<offset + 4 {
      guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue, bytes[place] < 0x80
      else { throw unexpected("four hexadecimal digits", at: place) }
      value = value << 4 | UInt16(digit)
    }
    offset += 4
    return value
  }

  private mutating func number() throws -> JSON {
    let start = offset
    var isInteger = true
    _ = take("-")
    let digitsStart = offset
    guard digits() > 0 else { throw unexpected("a JSON value", at: start) }
    guard bytes[digitsStart] != UInt8(ascii: "0") || offset == digitsStart + 1 else {
      throw unexpected("a number without leading zeros", at: digitsStart)
    }
    if take(".") {
      isInteger = false
      guard digits() > 0 else { throw unexpected("digits after the point") }
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("-") { _ = take("+") }
      guard digits() > 0 else { throw unexpected("digits in the exponent") }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw InputError(
        "byte \(start)", expected: "a number a double can hold", found: InputError.excerpt(text))
    }
    return .double(value)
  }

  private mutating func digits() -> Int {
    let start = offset
    while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"),
      bytes[offset] <= UInt8(ascii: "9")
    {
      offset += 1
    }
    return offset - start
  }
}
