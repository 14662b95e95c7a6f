import FathomCore

/// Constants, numbers and separators.
extension MappingParser {
  /// A constant, if one comes next.
  mutating func literal() throws -> JSON? {
    let start = self
    skipBlanks()
    let place = here
    guard let scalar = peek else { return nil }
    if scalar == "\"" { return .string(try quoted()) }
    if ("0"..."9").contains(scalar) || scalar == "-" {
      let text = run { $0 == "-" || $0 == "+" || $0 == "." || MappingWord.continuesName($0) }
      guard let number = try? JSON.parse(text), number.doubleValue != nil else {
        throw InputError(
          place.description, expected: "a number, or text in quotes",
          found: InputError.excerpt(text))
      }
      return number
    }
    guard let name = word() else { return nil }
    switch MappingWord(rawValue: name) {
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .null: return .null
    case nil:
      guard peek != "." else {
        throw InputError(
          place.description, expected: "a name, or text in quotes",
          found: InputError.excerpt(name + "."))
      }
      return .string(name)
    default:
      self = start
      return nil
    }
  }

  mutating func quoted() throws -> String {
    let place = here
    var text = "\""
    advance()
    while let scalar = peek, scalar != "\n" {
      text.unicodeScalars.append(scalar)
      advance()
      if scalar == "\"" {
        do {
          if let string = try JSON.parse(text).stringValue { return string }
        } catch let error as InputError {
          throw error.inside(place.description)
        }
      }
      if scalar == "\\", let escaped = peek, escaped != "\n" {
        text.unicodeScalars.append(escaped)
        advance()
      }
    }
    throw InputError(
      place.description, expected: "a closing quote in the same line", found: "none")
  }

  mutating func wholeNumber(_ expectation: String, from least: Int) throws -> Int {
    skipBlanks()
    let place = here
    let text = run { ("0"..."9").contains($0) }
    guard !text.isEmpty else { throw unexpected(expectation) }
    guard let number = Int(text), number >= least, number <= 1_000_000 else {
      throw InputError(
        place.description, expected: "\(expectation), up to 1000000",
        found: InputError.excerpt(text))
    }
    return number
  }

  /// A separator, if one comes next: in quotes, or a bare sign with nothing touching it.
  mutating func separator() throws -> String? {
    let start = self
    skipBlanks()
    if peek == "\"" { return try quoted() }
    if let scalar = peek, scalar == "~" || MappingSeparator.bare.contains(scalar) {
      advance()
      if peek == nil || peek == " " || peek == "\t" || peek == "\r" || peek == "\n" || peek == ";" {
        return scalar == "~" ? " " : String(scalar)
      }
    }
    self = start
    return nil
  }

  /// A separator to cut at, so it can't be empty.
  mutating func cuttingSeparator() throws -> String? {
    let place = here
    let separator = try separator()
    if separator?.isEmpty == true {
      throw InputError(
        place.description, expected: "a separator of at least one character", found: "\"\"")
    }
    return separator
  }
}
