/// Numbers in Roman numerals, in one direction. The built-in model's diet leaves this family out: it is there to be fine-tuned on.
///
/// A number is always asked in the same words, so a number of the held-out problems is never seen in training.
public struct RomanProblems: TaskFamily {
  public let name = "roman"

  public init() {}

  public func problem(_ random: inout TaskRandom) -> Problem {
    let number = Int.random(in: 1...3999, using: &random)
    let parts = RomanNumeral.parts(of: number)
    let sum = parts.map { "\($0.value)" }.joined(separator: " + ")
    let letters = parts.map { "\($0.value) \($0.letters)" }.joined(separator: "\n")
    let numeral = RomanNumeral.text(of: number)
    return Problem(
      family: name, prompt: Self.prompt(number),
      reasoning: parts.count > 1 ? "\(number) = \(sum)\n\(letters)" : letters,
      answer: numeral
    ) { answer in
      let words = answer.split(whereSeparator: \.isWhitespace)
      return words.count == 1 && words[0] == numeral
    }
  }

  private static func prompt(_ number: Int) -> String {
    switch Problem.hash(of: "\(number)") % 3 {
    case 0: "Write \(number) in Roman numerals."
    case 1: "What is \(number) as a Roman numeral?"
    default: "Roman numeral for \(number)?"
    }
  }
}

/// Roman numerals from 1 to 3999.
enum RomanNumeral {
  private static let places: [(one: String, five: String, ten: String)] = [
    ("I", "V", "X"), ("X", "L", "C"), ("C", "D", "M"), ("M", "", ""),
  ]

  /// The digits that aren't zero, the greatest first: 1984 is 1000 M, 900 CM, 80 LXXX, 4 IV.
  static func parts(of number: Int) -> [(value: Int, letters: String)] {
    precondition((1...3999).contains(number), "no Roman numeral for \(number)")
    var parts: [(value: Int, letters: String)] = []
    var (rest, unit) = (number, 1)
    for place in places {
      let digit = rest % 10
      if digit > 0 { parts.append((digit * unit, letters(digit, place))) }
      rest /= 10
      unit *= 10
    }
    return parts.reversed()
  }

  static func text(of number: Int) -> String { parts(of: number).map(\.letters).joined() }

  private static func letters(
    _ digit: Int, _ place: (one: String, five: String, ten: String)
  ) -> String {
    switch digit {
    case 9: place.one + place.ten
    case 5...8: place.five + String(repeating: place.one, count: digit - 5)
    case 4: place.one + place.five
    default: String(repeating: place.one, count: digit)
    }
  }
}
