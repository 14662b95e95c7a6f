import FathomCore

/// An operator met a value that it can't take.
struct MappingMismatch: Error {
  let expectation: String
  let found: JSON
}

extension MappingOperator {
  /// Applies an operator to the newest value. `cat` isn't asked here: it takes all values, see `concatenated(_:separator:)`.
  ///
  /// A missing value stays missing, except for `default`.
  func apply(to value: JSON?) throws(MappingMismatch) -> JSON? {
    guard let value else {
      if case .fallback(let value) = self { return value.isNull ? nil : value }
      return nil
    }
    switch self {
    case .copy, .fallback: return value
    case .upper: return .string(try string(value).uppercased())
    case .lower: return .string(try string(value).lowercased())
    case .first(let separator): return .string(Cutter(separator).first(of: try string(value)))
    case .last(let separator): return .string(Cutter(separator).last(of: try string(value)))
    case .split(let part, let separator):
      return Cutter(separator).part(part, of: try string(value)).map { .string($0) }
    case .join(let separator):
      guard case .array(let elements) = value else {
        throw MappingMismatch(expectation: "an array for join", found: value)
      }
      return try Self.concatenated(elements, separator: separator)
    case .cat(let separator): return try Self.concatenated([value], separator: separator)
    case .date(let format):
      guard let text = Self.plainText(value), let date = MappingDate(text) else {
        let forms = MappingDate.Format.allCases.map(\.pattern).joined(separator: ", ")
        throw MappingMismatch(expectation: "a date (\(forms))", found: value)
      }
      return .string(date.text(format))
    case .num: return try number(value)
    case .text:
      guard let text = Self.plainText(value) else {
        throw MappingMismatch(expectation: "a string, number or bool for text", found: value)
      }
      return .string(text)
    case .table(nil):
      throw MappingMismatch(expectation: "an enum with a table", found: value)
    case .table(let table?):
      if let entry = table.entry(for: value) { return entry.value.isNull ? nil : entry.value }
      guard let otherwise = table.otherwise else {
        let codes = table.entries.prefix(12).map { MappingPrinter.literal($0.code) }
        throw MappingMismatch(
          expectation: "one of the codes \(codes.joined(separator: ", "))", found: value)
      }
      return otherwise.isNull ? nil : otherwise
    }
  }

  /// Values one behind the other. Missing ones are left out; nothing but missing ones is missing.
  static func concatenated(_ values: [JSON?], separator: String) throws(MappingMismatch) -> JSON? {
    var joined = ""
    var isFirst = true
    for value in values {
      guard let value, !value.isNull else { continue }
      guard let text = plainText(value) else {
        throw MappingMismatch(expectation: "strings, numbers or bools to join", found: value)
      }
      if !isFirst { joined += separator }
      joined += text
      isFirst = false
    }
    return isFirst ? nil : .string(joined)
  }

  /// A value as text: a string as it is, a number or bool as JSON writes it.
  static func plainText(_ value: JSON) -> String? {
    switch value {
    case .string(let text): text
    case .integer, .double, .bool: value.text()
    case .null, .array, .object: nil
    }
  }

  private func string(_ value: JSON) throws(MappingMismatch) -> String {
    guard case .string(let text) = value else {
      let word = description.prefix { $0 != " " }
      throw MappingMismatch(expectation: "a string for \(word)", found: value)
    }
    return text
  }

  /// Decimal digits with sign, point and exponent as in JSON; zeros in front are allowed.
  private func number(_ value: JSON) throws(MappingMismatch) -> JSON {
    guard case .string(let text) = value else {
      if value.doubleValue != nil { return value }
      throw MappingMismatch(expectation: "a string or number for num", found: value)
    }
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
    var digits = text.utf8.prefix(401)
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    while digits.first == UInt8(ascii: "0"), isDigit(digits.dropFirst().first) {
      digits.removeFirst()
    }
    guard text.utf8.count <= 400, isDigit(digits.first),
      let number = try? JSON.parse((isNegative ? "-" : "") + Substring(digits)),
      number.doubleValue != nil
    else { throw MappingMismatch(expectation: "a number in text", found: value) }
    return number
  }
}

/// Cuts text at a separator, or at any of the usual ones.
private struct Cutter {
  private let separator: [UInt8]?

  init(_ separator: String?) { self.separator = separator.map { Array($0.utf8) } }

  func first(of text: String) -> String {
    let bytes = Array(text.utf8)
    guard let cut = cuts(in: bytes, atMost: 1).first else { return text }
    return String(decoding: bytes[..<cut.lowerBound], as: UTF8.self)
  }

  func last(of text: String) -> String {
    let bytes = Array(text.utf8)
    guard let cut = cuts(in: bytes, atMost: .max).last else { return text }
    return String(decoding: bytes[cut.upperBound...], as: UTF8.self)
  }

  func part(_ number: Int, of text: String) -> String? {
    let bytes = Array(text.utf8)
    let cuts = cuts(in: bytes, atMost: number)
    guard number >= 1, number <= cuts.count + 1 else { return nil }
    let start = number == 1 ? 0 : cuts[number - 2].upperBound
    let end = number <= cuts.count ? cuts[number - 1].lowerBound : bytes.count
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// Where separators stand, without overlap. UTF-8 can be searched bytewise: no character begins inside another.
  private func cuts(in bytes: [UInt8], atMost limit: Int) -> [Range<Int>] {
    var cuts: [Range<Int>] = []
    var offset = 0
    let width = separator?.count ?? 1
    while offset + width <= bytes.count, cuts.count < limit {
      let isCut =
        if let separator {
          bytes[offset..<offset + width].elementsEqual(separator)
        } else {
          MappingSeparator.isUsual(Unicode.Scalar(bytes[offset]))
        }
      if isCut {
        cuts.append(offset..<offset + width)
        offset += width
      } else {
        offset += 1
      }
    }
    return cuts
  }
}
