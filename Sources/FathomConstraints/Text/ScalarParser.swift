import FathomCore

/// What readers of a text scalar by scalar have in common: patterns and GBNF.
protocol ScalarParser {
  /// What the text is called in messages.
  static var subject: String { get }
  var scalars: [Unicode.Scalar] { get }
  var place: Int { get set }
  /// How a message names a place.
  func position(_ place: Int) -> String
}

extension ScalarParser {
  var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  func error(expected expectation: String, found finding: String, at place: Int? = nil)
    -> InputError
  {
    InputError(
      "\(Self.subject), \(position(place ?? self.place))", expected: expectation, found: finding)
  }

  func unexpected(_ expectation: String, at place: Int? = nil) -> InputError {
    let place = place ?? self.place
    let finding =
      place < scalars.count
      ? InputError.excerpt(String(Character(scalars[place]))) : "the end of the \(Self.subject)"
    return error(expected: expectation, found: finding, at: place)
  }

  /// Digits as a number that stops growing where no count is allowed any more.
  mutating func count() -> Int? {
    var value: Int?
    while let scalar = next, ("0"..."9").contains(scalar) {
      value = min((value ?? 0) * 10 + Int(scalar.value - 48), GrammarLimits.repetitions + 1)
      place += 1
    }
    return value
  }

  /// The character that an escape of both notations means, behind the backslash and the letter after it; nil for all others.
  mutating func commonEscape(_ letter: Unicode.Scalar) throws -> Unicode.Scalar? {
    switch letter {
    case "n": "\n"
    case "r": "\r"
    case "t": "\t"
    case "x": try hexadecimal(2)
    case "u": try hexadecimal(4)
    default: nil
    }
  }

  mutating func hexadecimal(_ count: Int) throws -> Unicode.Scalar {
    let start = place
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
        throw unexpected("\(count) hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      place += 1
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw error(
        expected: "a Unicode scalar", found: "0x\(String(value, radix: 16))", at: start)
    }
    return scalar
  }
}
