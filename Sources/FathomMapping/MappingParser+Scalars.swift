import FathomCore

/// The walk over the text.
extension MappingParser {
  var peek: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

  var here: MappingPlace { MappingPlace(line: line, column: offset - lineStart + 1) }

  mutating func advance() {
    guard let scalar = peek else { return }
    offset += 1
    if scalar == "\n" {
      line += 1
      lineStart = offset
    }
  }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    advance()
    return true
  }

  mutating func run(while holds: (Unicode.Scalar) -> Bool) -> String {
    let start = offset
    while let scalar = peek, holds(scalar) { advance() }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[start..<offset])
    return String(text)
  }

  mutating func word() -> String? {
    guard let scalar = peek, MappingWord.beginsName(scalar) else { return nil }
    return run(while: MappingWord.continuesName)
  }

  mutating func takeWord(_ expected: String) -> Bool {
    let start = self
    skipBlanks()
    if word() == expected { return true }
    self = start
    return false
  }

  /// Spaces and comments, but no line ends.
  mutating func skipBlanks() {
    while let scalar = peek {
      if scalar == "/", offset + 1 < scalars.count, scalars[offset + 1] == "/" {
        while let scalar = peek, scalar != "\n" { advance() }
      } else if scalar == " " || scalar == "\t" || scalar == "\r" {
        advance()
      } else {
        return
      }
    }
  }

  mutating func skipBlanksAndLines() {
    repeat { skipBlanks() } while take("\n")
  }

  mutating func skipSeparators() {
    repeat { skipBlanks() } while take("\n") || take(";")
  }

  func unexpected(_ expectation: String) -> InputError {
    let found: String
    switch peek {
    case nil: found = "the end of the program"
    case "\n": found = "the end of the line"
    case let scalar?: found = InputError.excerpt(String(scalar))
    }
    return InputError(here.description, expected: expectation, found: found)
  }
}
