/// The words and marks of the mapping language.
enum MappingWord: String, CaseIterable {
  case copy, const, upper, lower, first, last, split, join, cat, date, num, text
  case `enum`
  case `default`
  case `if`
  case `is`
  case `else`
  case `true`
  case `false`
  case null

  /// Whether a name must be quoted to stand where an operator could.
  static func isReserved(_ text: String) -> Bool { MappingWord(rawValue: text) != nil }

  static func beginsName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "_", "$", "@": true
    case "\0"..."\u{7F}": false
    default: scalar.properties.isAlphabetic
    }
  }

  static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "0"..."9", "-": true
    case "\0"..."\u{7F}": beginsName(scalar)
    default:
      switch scalar.properties.generalCategory {
      case .decimalNumber, .nonspacingMark, .spacingMark: true
      default: beginsName(scalar)
      }
    }
  }

  /// Whether text can stand in a program without quotes.
  static func isName(_ text: String) -> Bool {
    guard let start = text.unicodeScalars.first, beginsName(start) else { return false }
    return text.unicodeScalars.allSatisfy(continuesName)
  }
}

/// Separators that have a sign of their own in programs, so that they need no quotes: `cat /`, `first -`.
public enum MappingSeparator {
  /// Where `first`, `last` and `split` cut if they are not told.
  public static let usual: [Unicode.Scalar] = [
    " ", "_", "-", "/", ",", ";", ":", ".", "|", "@", "#",
  ]

  /// Separators that are written bare. A space is written `~`.
  static let bare: [Unicode.Scalar] = ["_", "-", "/", ".", ",", ":", "|", "#", "@", "+", "&", "*"]

  static func isUsual(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x80 && usual.contains(scalar)
  }
}
