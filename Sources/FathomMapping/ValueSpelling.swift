import FathomCore

/// Spells values in small pieces with a space between each two, so that a small model can copy them piece by piece.
///
/// - Letters a to z stand in pairs, the last one of an odd number alone; digits stand alone: `qiquju7` is `qi qu ju 7`.
/// - `^` says that the letters up to the next other piece are upper case, `*` that the first letter is: `WAQU` is
///   `^ wa qu`, `Anna` is `* an na`. So a value and its upper case have their pieces in common.
/// - A space is `~`; every other character stands for itself: `a_b` is `a _ b`. Signs that mean something here or in the
///   rows of a `FlatRecordSet` (`~ ^ * # \ ; < =`) have a `\` in front. Blanks, controls, combining marks and the like are
///   `\u` with their code point in hexadecimal.
/// - A number has a `#` in front, so that 72 and "72" differ; `#t`, `#f`, `#n` are true, false and missing; `\` alone
///   is the empty text.
///
/// Every piece with the space before it can be one token of a byte-level tokenizer whose words begin with a space.
public enum ValueSpelling {
  /// Spells a string, number, bool or null. Other values are spelled as their JSON text.
  public static func encode(_ value: JSON) -> String {
    switch value {
    case .null: return "#n"
    case .bool(let value): return value ? "#t" : "#f"
    case .integer, .double:
      guard value.doubleValue?.isFinite == true else { return "#n" }
      return "# " + encode(value.text())
    case .string(let text): return encode(text)
    case .array, .object: return encode(value.text())
    }
  }

  /// Spells text. `decode` gives it back, scalar by scalar.
  public static func encode(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard !scalars.isEmpty else { return "\\" }
    var pieces = ""
    func add(_ piece: some Sequence<Unicode.Scalar>) {
      if !pieces.isEmpty { pieces.unicodeScalars.append(" ") }
      pieces.unicodeScalars.append(contentsOf: piece)
    }
    var offset = 0
    while offset < scalars.count {
      guard isLetter(scalars[offset]) else {
        add(sign(scalars[offset]))
        offset += 1
        continue
      }
      let start = offset
      let letterCase = letters(in: scalars, from: &offset)
      if let flag = letterCase.flag { add(CollectionOfOne(flag)) }
      for pair in stride(from: start, to: offset, by: 2) {
        add(scalars[pair..<min(pair + 2, offset)].map(lowered))
      }
    }
    return pieces
  }

  /// The value of a spelling.
  ///
  /// - Throws: `InputError` whose place is `piece N`, for what `encode` never writes: unknown escapes, numbers that are
  ///   none, no piece at all.
  public static func decode(_ text: String) throws -> JSON {
    let pieces = text.utf8.split(separator: 0x20).map { Array(Substring($0).unicodeScalars) }
    switch pieces.first {
    case nil:
      throw InputError("piece 1", expected: "a spelled value", found: "nothing")
    case ["#"]:
      let number = try string(pieces.dropFirst())
      guard let value = try? JSON.parse(number), value.doubleValue != nil else {
        throw InputError(
          "piece 1", expected: "a number behind #", found: InputError.excerpt(number))
      }
      return value
    case ["#", "t"] where pieces.count == 1: return .bool(true)
    case ["#", "f"] where pieces.count == 1: return .bool(false)
    case ["#", "n"] where pieces.count == 1: return .null
    case ["\\"] where pieces.count == 1: return .string("")
    default: return .string(try string(pieces[...]))
    }
  }

  // MARK: Letters

  private enum LetterCase {
    case lower, upper, capitalised

    var flag: Unicode.Scalar? {
      switch self {
      case .lower: nil
      case .upper: "^"
      case .capitalised: "*"
      }
    }
  }

  /// Moves behind the letters that share a case: `Mc|Donald`, `AB|Cd`, `ab|C`.
  private static func letters(in scalars: [Unicode.Scalar], from offset: inout Int) -> LetterCase {
    func isLower(_ place: Int) -> Bool { place < scalars.count && isLowerLetter(scalars[place]) }
    func isUpper(_ place: Int) -> Bool { place < scalars.count && isUpperLetter(scalars[place]) }
    let startsLower = isLower(offset)
    let isCapitalised = !startsLower && isLower(offset + 1)
    offset += 1
    if startsLower || isCapitalised {
      while isLower(offset) { offset += 1 }
      return startsLower ? .lower : .capitalised
    }
    while isUpper(offset), !isLower(offset + 1) { offset += 1 }
    return .upper
  }

  private static func isLowerLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar)
  }

  private static func isUpperLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("A"..."Z").contains(scalar)
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    isLowerLetter(scalar) || isUpperLetter(scalar)
  }

  private static func lowered(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    isUpperLetter(scalar)
      ? scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar : scalar
  }

  private static func raised(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    isLowerLetter(scalar)
      ? scalar.properties.uppercaseMapping.unicodeScalars.first ?? scalar : scalar
  }

  // MARK: Other characters

  private static let escaped: [Unicode.Scalar] = ["~", "^", "*", "#", "\\", ";", "<", "="]

  private static func sign(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if scalar == " " { return ["~"] }
    if escaped.contains(scalar) { return ["\\", scalar] }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation, .dashPunctuation,
      .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
      .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
      return [scalar]
    default: return Array("\\u\(String(scalar.value, radix: 16))".unicodeScalars)
    }
  }

  private static func string(_ pieces: ArraySlice<[Unicode.Scalar]>) throws -> String {
    var text = String.UnicodeScalarView()
    var letterCase = LetterCase.lower
    for (place, piece) in zip(pieces.indices, pieces) {
      switch piece {
      case ["^"]: letterCase = .upper
      case ["*"]: letterCase = .capitalised
      case ["~"]:
        letterCase = .lower
        text.append(" ")
      case _ where piece.allSatisfy(isLetter):
        for letter in piece {
          text.append(letterCase == .lower ? letter : raised(letter))
          if letterCase == .capitalised { letterCase = .lower }
        }
      case _ where piece.first == "\\":
        letterCase = .lower
        text.append(try unescaped(piece, place))
      default:
        letterCase = .lower
        text.append(contentsOf: piece)
      }
    }
    return String(text)
  }

  private static func unescaped(_ piece: [Unicode.Scalar], _ place: Int) throws -> Unicode.Scalar {
    if piece.count == 2, escaped.contains(piece[1]) { return piece[1] }
    if piece.count > 2, piece.count <= 8, piece[1] == "u" {
      let digits = piece[2...].map { String($0) }.joined()
      if let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) { return scalar }
    }
    let shown = piece.map { String($0) }.joined()
    throw InputError(
      "piece \(place + 1)", expected: "an escape such as \\; or \\u9",
      found: InputError.excerpt(shown))
  }
}
