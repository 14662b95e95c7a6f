/// Days between dates, dates after so many days, weekdays.
///
/// The trace states the facts it takes from memory: `2024 leap`, `leap before March 60`, `leap March 31`.
enum DateStories {
  static let frames: [Frame] = [daysBetween, daysBetween, weekday, weekday, dateAfter]

  private static let days = Unit(one: "day", many: "days")

  private static let daysBetween = Frame("days between", 2...3) { teller, _ in
    let (year, leap) = drawYear(&teller)
    let first = teller.count(1...12)
    let second = teller.count(first...12)
    var (a, b) = (
      teller.count(1...Calendar.length(of: first, leap: leap)),
      teller.count(1...Calendar.length(of: second, leap: leap))
    )
    if first == second { (a, b) = (min(a, b), max(a, b)) }
    guard first != second || a != b else { return nil }
    let dayFirst = teller.chance(0.5)
    let story = teller.say(
      [
        "How many days are there from {a} to {b}{y}?", "How many days lie between {a} and {b}{y}?",
        "Count the days from {a} to {b}{y}.", "From {a} to {b}{y}: how many days?",
        "Today is {a}. {s}'s <birthday|holiday|exam> is on {b}{y}. How many days until then?",
        "A <course|trip|project> starts on {a} and ends on {b}{y}. How many days later is that?",
      ],
      [
        "a": date(a, first, dayFirst), "b": date(b, second, dayFirst), "s": teller.person().name,
        "y": year.map { teller.chance(0.5) ? ", \($0)" : " in \($0)" } ?? " (not a leap year)",
      ])
    if first == second {
      return Told(prompt: story, answer: .whole(teller.pad.difference(b, a), days))
    }
    teller.pad.note((year.map { "\($0) " } ?? "") + kind(leap))
    let start = dayOfYear(a, first, leap: leap, &teller)
    let end = dayOfYear(b, second, leap: leap, &teller)
    return Told(prompt: story, answer: .whole(teller.pad.difference(end, start), days))
  }

  private static let weekday = Frame("weekday", 1...1) { teller, _ in
    let today = teller.count(0...6)
    let distance = teller.amount(upTo: 999)
    let isBack = teller.chance(0.25)
    let values = ["d": Calendar.weekdays[today], "n": "\(distance)"]
    let story = teller.say(
      isBack
        ? [
          "Today is {d}. What day was it {n} days ago?",
          "It is {d}. Which weekday was {n} days ago?",
        ]
        : [
          "Today is {d}. What day is it in {n} days?",
          "It is {d}. Which weekday is it {n} days from now?",
          "If today is {d}, what day will it be in {n} days?",
          "What weekday comes {n} days after a {d}?",
        ], values)
    let rest = teller.pad.division(distance, 7).remainder
    let passed = (0...rest).map { Calendar.weekdays[(today + (isBack ? 7 - $0 : $0)) % 7] }
    teller.pad.note("\(isBack ? "back" : "on") \(rest): " + passed.joined(separator: " "))
    return Told(prompt: story, answer: .word(passed[rest]))
  }

  private static let dateAfter = Frame("date after", 2...4) { teller, steps in
    let (year, leap) = drawYear(&teller)
    var month = teller.count(1...12)
    let day = teller.count(1...Calendar.length(of: month, leap: leap))
    let distance = teller.count(2...min(95, teller.limit))
    let story = teller.say(
      [
        "What date is {n} days after {a}{y}?", "It is {a}{y}. What date is it in {n} days?",
        "{s} orders a <lamp|coat|book> on {a}{y}. It comes {n} days later. On what date?",
      ],
      [
        "a": date(day, month, teller.chance(0.5)), "n": "\(distance)", "s": teller.person().name,
        "y": year.map { ", \($0)" } ?? " (not a leap year)",
      ])
    teller.pad.note((year.map { "\($0) " } ?? "") + kind(leap))
    var left = teller.pad.sum(day, distance)
    while true {
      let length = Calendar.length(of: month, leap: leap)
      teller.pad.note("\(kind(leap)) \(Calendar.months[month - 1]) \(length)")
      guard left != length else { break }
      guard teller.pad.larger(left, length) == left else { break }
      left = teller.pad.difference(left, length)
      month += 1
      guard month <= 12 else { return nil }
    }
    return Told(prompt: story, answer: .date(day: left, month: month))
  }

  private static func drawYear(_ teller: inout Teller) -> (year: Int?, leap: Bool) {
    guard teller.chance(0.7) else { return (nil, false) }
    let year = teller.count(2001...2040)
    return (year, Calendar.isLeap(year))
  }

  private static func kind(_ leap: Bool) -> String { leap ? "leap" : "common" }

  private static func date(_ day: Int, _ month: Int, _ dayFirst: Bool) -> String {
    let month = Calendar.months[month - 1]
    return dayFirst ? "\(day) \(month)" : "\(month) \(day)"
  }

  private static func dayOfYear(_ day: Int, _ month: Int, leap: Bool, _ teller: inout Teller) -> Int
  {
    let before = Calendar.daysBefore(month, leap: leap)
    teller.pad.note("\(kind(leap)) before \(Calendar.months[month - 1]) \(before)")
    return teller.pad.sum(before, day)
  }
}
