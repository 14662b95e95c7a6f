import Foundation

/// Finds the answer in what a model wrote.
public enum FinalAnswer {
  /// What is looked through: the end of longer texts.
  static let mostCharacters = 20_000

  /// The answer that a text marks as its final one; the whole text, trimmed, where it marks none.
  public static func of(_ text: String) -> String {
    marked(text) ?? text.trimmed
  }

  /// What a text marks as its final answer: in the last `\boxed{}`, else behind the last `####`, else in the last
  /// `<answer>` tag, else behind the last "answer is" or "answer:". `nil` where there is no such mark.
  public static func marked(_ text: String) -> String? {
    let text = String(text.suffix(mostCharacters))
    return boxed(text) ?? line(behind: "####", in: text) ?? tagged(text)
      ?? (line(behind: "answer is", in: text) ?? line(behind: "answer:", in: text)).map(unadorned)
  }

  /// What the last `\boxed{…}` or `\fbox{…}` whose braces match holds: the one that begins last. One pass, whatever the text.
  private static func boxed(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    let marks = ["\\boxed", "\\fbox"].map { Array($0.utf8) }
    var open: [Int] = []
    var last: Range<Int>?
    for (place, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "{") {
        open.append(place)
      } else if byte == UInt8(ascii: "}"), let start = open.popLast(),
        marks.contains(where: { bytes[..<start].suffix($0.count).elementsEqual($0) }),
        start > last?.lowerBound ?? -1
      {
        last = (start + 1)..<place
      }
    }
    return last.map { String(decoding: bytes[$0], as: UTF8.self).trimmed }
  }

  private static func tagged(_ text: String) -> String? {
    guard let end = text.range(of: "</answer>", options: .backwards),
      let start = text.range(
        of: "<answer>", options: .backwards, range: text.startIndex..<end.lowerBound)
    else { return nil }
    return String(text[start.upperBound..<end.lowerBound]).trimmed
  }

  /// The rest of the line behind the last place of a mark, letter case aside; `nil` if it is empty.
  private static func line(behind mark: String, in text: String) -> String? {
    guard let place = text.range(of: mark, options: [.backwards, .caseInsensitive]) else {
      return nil
    }
    let line = String(text[place.upperBound...].prefix { !$0.isNewline }).trimmed
    return line.isEmpty ? nil : line
  }

  /// Without a colon before, and without emphasis and a full stop around.
  private static func unadorned(_ line: String) -> String {
    var line = Substring(line)
    while let first = line.first, first == ":" || first == "*" || first.isWhitespace {
      line.removeFirst()
    }
    while let last = line.last, last == "." || last == "*" || last.isWhitespace {
      line.removeLast()
    }
    return String(line)
  }

  /// The last number in a text, with sign, digits, separators and a percent sign.
  static func lastNumber(in text: String) -> String? {
    var characters = Array(text.suffix(mostCharacters))
    while let last = characters.last, !last.isASCIIDigit, last != "%" { characters.removeLast() }
    var start = characters.count
    if characters.last == "%" { start -= 1 }
    while start > 0, characters[start - 1].isASCIIDigit || ",./".contains(characters[start - 1]) {
      start -= 1
    }
    while start < characters.count, ",/".contains(characters[start]) { start += 1 }
    if start > 0, "-−".contains(characters[start - 1]),
      start < 2 || !(characters[start - 2].isLetter || characters[start - 2].isASCIIDigit)
    {
      start -= 1
    }
    let number = String(characters[start...])
    return number.contains(where: \.isASCIIDigit) ? number : nil
  }
}

extension Character {
  var isASCIIDigit: Bool { isASCII && isWholeNumber }
}

extension String {
  /// Without white space at either end.
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }

  /// Runs of white space as one space, none at the ends.
  var collapsed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }

  /// What stands in a text's only code fence, or the text itself.
  var withoutFence: String {
    let lines = split(separator: "\n", omittingEmptySubsequences: false)
    let fences = lines.indices.filter { lines[$0].drop(while: \.isWhitespace).hasPrefix("```") }
    guard let first = fences.first else { return self }
    let end = fences.dropFirst().first ?? lines.endIndex
    return lines[(first + 1)..<end].joined(separator: "\n")
  }
}
