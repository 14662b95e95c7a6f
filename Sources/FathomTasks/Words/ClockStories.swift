/// Times of the day: when something ends, how many minutes lie between.
enum ClockStories {
  static let frames: [Frame] = [ends, between]

  private static let ends = Frame("ends at", 1...3) { teller, steps in
    var (hour, minute) = (teller.count(6...20), teller.count(0...59))
    let length = steps == 1 ? teller.count(2...max(2, 59 - minute)) : teller.count(5...150)
    let start = time(hour, minute)
    let story = teller.say(
      [
        "A <film|lesson|concert|meeting> starts at {t} and takes {n} minutes. When does it end?",
        "{s} leaves at {t} and travels for {n} minutes. When does {s} arrive?",
        "What time is it {n} minutes after {t}?",
        "It is {t}. What time is it in {n} minutes?",
      ], ["t": start, "n": "\(length)", "s": teller.person().name])
    minute = teller.pad.sum(minute, length)
    while minute >= 60 {
      minute = teller.pad.difference(minute, 60)
      hour += 1
      teller.pad.note("hour \(hour)")
    }
    guard hour < 24 else { return nil }
    return Told(prompt: story, answer: .time(hour: hour, minute: minute))
  }

  private static let between = Frame("minutes between", 1...4) { teller, steps in
    let start = (hour: teller.count(5...20), minute: teller.count(0...59))
    let hours = steps == 1 ? 0 : teller.count(1...6)
    let end = (hour: start.hour + hours, minute: teller.count(0...59))
    guard end.hour < 24, hours > 0 || end.minute > start.minute else { return nil }
    let story = teller.say(
      [
        "A <train|bus|ferry> leaves at {a} and arrives at {b}. How many minutes does it take?",
        "How many minutes are there from {a} to {b}?",
        "{s} works from {a} to {b}. How many minutes is that?",
        "A <lesson|film|walk> goes from {a} to {b}. How long is it in minutes?",
      ],
      [
        "a": time(start.hour, start.minute), "b": time(end.hour, end.minute),
        "s": teller.person().name,
      ])
    var total = end.minute
    if hours > 0 {
      let whole = teller.pad.difference(end.hour, start.hour)
      let minutes = teller.pad.product(whole, 60)
      total = teller.pad.sum(minutes, end.minute)
    }
    guard total > start.minute else { return nil }
    total = teller.pad.difference(total, start.minute)
    return Told(
      prompt: story, answer: .whole(total, Unit(one: "minute", many: "minutes", also: ["min"])))
  }

  private static func time(_ hour: Int, _ minute: Int) -> String {
    "\(hour):\(minute < 10 ? "0" : "")\(minute)"
  }
}
