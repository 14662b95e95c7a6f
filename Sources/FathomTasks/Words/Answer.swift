/// What a quantity counts: its words after a number, or the money sign before it.
struct Unit: Sendable {
  var one: String
  var many: String
  /// Further words that mean the same: `min`.
  var also: [String] = []
  var isMoney = false

  static let money = Unit(one: "dollar", many: "dollars", also: ["$", "usd"], isMoney: true)
  static let none = Unit(one: "", many: "")

  func names(_ word: some StringProtocol) -> Bool {
    word == one.lowercased() || word == many.lowercased() || also.contains(String(word))
  }
}

/// The answer of a word problem: how it is written, and which texts say the same.
enum Answer: Sendable {
  /// A number in thousandths.
  case amount(thousandths: Int, Unit)
  /// Who is ahead, by how much.
  case winner(String, by: Int, Unit)
  case word(String)
  case date(day: Int, month: Int)
  case time(hour: Int, minute: Int)

  static func whole(_ value: Int, _ unit: Unit) -> Answer {
    .amount(thousandths: value * 1000, unit)
  }

  var text: String {
    switch self {
    case .amount(let thousandths, let unit): return Self.written(thousandths, unit)
    case .winner(let name, let difference, let unit):
      return "\(name) by \(Self.written(difference * 1000, unit))"
    case .word(let word): return word
    case .date(let day, let month): return "\(day) \(Calendar.months[month - 1])"
    case .time(let hour, let minute): return "\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
  }

  /// `64 apples`, `1 apple`, `157.5 mg`, `$20.70`, `$12`.
  private static func written(_ thousandths: Int, _ unit: Unit) -> String {
    let (whole, part) = (thousandths / 1000, thousandths % 1000)
    var number = "\(whole)"
    if part > 0 {
      var digits = String(String(part + 1000).dropFirst())
      while digits.last == "0", !(unit.isMoney && digits.count == 2) { digits.removeLast() }
      number += ".\(digits)"
    }
    if unit.isMoney { return "$" + number }
    let word = thousandths == 1000 ? unit.one : unit.many
    return word.isEmpty ? number : "\(number) \(word)"
  }

  /// Never traps: a text longer than an answer can be is wrong before it is read.
  func accepts(_ text: String) -> Bool {
    guard let answer = AnswerText(text) else { return false }
    switch self {
    case .amount(let thousandths, let unit): return answer.isAmount(thousandths, unit)
    case .winner(let name, let difference, let unit):
      guard let rest = answer.afterWord(name.lowercased()) else { return false }
      return rest.isAmount(difference * 1000, unit)
    case .word(let word): return answer.text == word.lowercased()
    case .date(let day, let month):
      let month = Calendar.months[month - 1].lowercased()
      return answer.text == "\(day) \(month)" || answer.text == "\(month) \(day)"
    case .time(let hour, let minute):
      let minutes = "\(minute < 10 ? "0" : "")\(minute)"
      return answer.text == "\(hour):\(minutes)" || answer.text == "0\(hour):\(minutes)"
    }
  }
}
