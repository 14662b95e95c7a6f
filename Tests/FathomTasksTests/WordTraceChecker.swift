/// Follows the trace of a word problem: each line is true, takes its numbers from the prompt, from facts or from
/// earlier lines, and the last result is the answer.
struct WordTraceChecker {
  private var known: Set<Int> = []
  private var isLeap = false
  private var result: Int?

  /// Factors of units, halves, pairs, legs, weeks.
  private static let facts: Set<Int> = [2, 3, 4, 7, 10, 12, 24, 60, 100, 1000]
  private static let words = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
  ]
  private static let months = [
    "January": (0, 31), "February": (31, 28), "March": (59, 31), "April": (90, 30),
    "May": (120, 31),
    "June": (151, 30), "July": (181, 31), "August": (212, 31), "September": (243, 30),
    "October": (273, 31),
    "November": (304, 30), "December": (334, 31),
  ]
  private static let weekdays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  static func complaint(prompt: String, reasoning: String, answer: String) -> String? {
    var checker = WordTraceChecker()
    checker.known = facts.union(numbers(in: prompt))
    for (index, word) in words.enumerated() where prompt.lowercased().contains(word) {
      checker.known.insert(index + 2)
    }
    for line in reasoning.split(separator: "\n").map(String.init) {
      if let complaint = checker.complaint(about: line) { return complaint }
    }
    return checker.complaint(aboutAnswer: answer, prompt: prompt, reasoning: reasoning)
  }

  private static func numbers(in text: String) -> [Int] {
    text.split { !$0.isNumber }.compactMap { Int($0) }
  }

  private mutating func complaint(about line: String) -> String? {
    let words = line.split(separator: " ").map(String.init)
    if words.last == "leap" || words.last == "common" {
      isLeap = words.last == "leap"
      let year = Int(words[0])
      return year.map { isLeap == ($0 % 4 == 0 && $0 % 100 != 0) } ?? !isLeap
        ? nil : "wrong year: \(line)"
    }
    if words.count == 4, words[1] == "before", let month = Self.months[words[2]],
      let days = Int(words[3])
    {
      guard words[0] == (isLeap ? "leap" : "common") else { return "another year: \(line)" }
      known.insert(days)
      return days == month.0 + (isLeap && month.0 > 31 ? 1 : 0) ? nil : "wrong month: \(line)"
    }
    if words.count == 3, let month = Self.months[words[1]], let days = Int(words[2]) {
      guard words[0] == (isLeap ? "leap" : "common") else { return "another year: \(line)" }
      known.insert(days)
      return days == month.1 + (isLeap && month.1 == 28 ? 1 : 0) ? nil : "wrong month: \(line)"
    }
    if words.count == 2, words[0] == "hour" {
      return Int(words[1]) == nil ? "no hour: \(line)" : nil
    }
    if words[0] == "on" || words[0] == "back" { return complaint(aboutDays: words) }
    if words.last == "cents" || words.last == "tenths" || line.contains(" cents=")
      || line.contains(" tenths=")
    {
      return complaint(aboutScale: line)
    }
    if let complaint = TraceChecker.complaint(aboutArithmetic: line) { return complaint }
    guard let colon = line.range(of: ": "),
      let (a, sign, b) = TraceChecker.operands(line[..<colon.lowerBound])
    else {
      // A product or a quotient taken apart: its parts may be used.
      known.formUnion(Self.numbers(in: line))
      return nil
    }
    let padded = sign == "?"
    guard padded || (known.contains(a) && known.contains(b)) else {
      return "number from nowhere: \(line)"
    }
    result =
      Self.numbers(in: line[colon.upperBound...].split(separator: " ").last.map(String.init)!).first
    known.insert(result!)
    return nil
  }

  private func complaint(aboutDays words: [String]) -> String? {
    guard let count = Int(words[1].dropLast()), count == words.count - 3 else {
      return "wrong count of days: \(words)"
    }
    let places = words.dropFirst(2).map { Self.weekdays.firstIndex(of: $0)! }
    for (a, b) in zip(places, places.dropFirst()) {
      guard words[0] == "on" ? (a + 1) % 7 == b : (b + 1) % 7 == a else {
        return "wrong order of days: \(words)"
      }
    }
    return nil
  }

  /// `$3.45=345 cents`, `2070 cents=$20.70`, `2.5=25 tenths`, `1550 tenths=155.0`
  private mutating func complaint(aboutScale line: String) -> String? {
    let sides = line.split(separator: "=").map(String.init)
    guard sides.count == 2 else { return "wrong scale: \(line)" }
    let places = line.contains("cents") ? 2 : 1
    let isOut = sides[1].hasSuffix("cents") || sides[1].hasSuffix("tenths")
    let (decimal, whole) = isOut ? (sides[0], sides[1]) : (sides[1], sides[0])
    let parts = decimal.split { !$0.isNumber }
    let fraction = parts.count == 2 ? String(parts[1]) : String(repeating: "0", count: places)
    guard fraction.count == places, let value = Int(parts[0] + fraction),
      value == Self.numbers(in: whole).first
    else { return "wrong scale: \(line)" }
    if isOut {
      known.insert(value)
    } else if value != result {
      return "not the last result: \(line)"
    }
    return nil
  }

  private func complaint(aboutAnswer answer: String, prompt: String, reasoning: String) -> String? {
    let last = reasoning.split(separator: "\n").last.map(String.init) ?? ""
    if last.hasPrefix("on ") || last.hasPrefix("back ") {
      return last.hasSuffix(" " + answer) ? nil : "wrong day: \(answer)"
    }
    if answer.contains(":") {
      let parts = Self.numbers(in: answer)
      return parts.count == 2 && parts[1] == result ? nil : "wrong time: \(answer)"
    }
    if last.contains(" cents=") || last.contains(" tenths=") {
      let value = last.split(separator: "=")[1].filter { $0.isNumber || $0 == "." }
      let found = answer.filter { $0.isNumber || $0 == "." }
      return Double(String(value)) == Double(String(found)) ? nil : "wrong amount: \(answer)"
    }
    if let month = answer.split(separator: " ").last, Self.months[String(month)] != nil {
      let days = Self.numbers(in: answer)
      return days.count == 1 && known.contains(days[0]) && reasoning.contains("\(month) ")
        ? nil : "wrong date: \(answer)"
    }
    let numbers = Self.numbers(
      in: answer.split(separator: " ").filter { $0 != "m2" }.joined(separator: " "))
    return numbers == [result ?? -1] ? nil : "the answer is not the last result: \(answer)"
  }
}
