/// One unit in terms of another: hours in minutes, weeks in days, kilometres in metres, and back.
enum UnitStories {
  static let frames: [Frame] = [smaller, smaller, larger, total]

  private struct Pair: Sendable {
    let big: Unit
    let small: Unit
    let factor: Int
  }

  private static let pairs: [Pair] = [
    Pair(big: Unit(one: "hour", many: "hours"), small: minutes, factor: 60),
    Pair(big: Unit(one: "hour", many: "hours"), small: minutes, factor: 60),
    Pair(
      big: Unit(one: "minute", many: "minutes"),
      small: Unit(one: "second", many: "seconds", also: ["s"]), factor: 60),
    Pair(
      big: Unit(one: "day", many: "days"), small: Unit(one: "hour", many: "hours", also: ["h"]),
      factor: 24),
    Pair(big: Unit(one: "week", many: "weeks"), small: Unit(one: "day", many: "days"), factor: 7),
    Pair(
      big: Unit(one: "year", many: "years"), small: Unit(one: "month", many: "months"), factor: 12),
    Pair(
      big: Unit(one: "km", many: "km"),
      small: Unit(one: "m", many: "m", also: ["metres", "meters"]), factor: 1000),
    Pair(big: Unit(one: "m", many: "m"), small: Unit(one: "cm", many: "cm"), factor: 100),
    Pair(big: Unit(one: "cm", many: "cm"), small: Unit(one: "mm", many: "mm"), factor: 10),
    Pair(
      big: Unit(one: "kg", many: "kg"), small: Unit(one: "g", many: "g", also: ["grams"]),
      factor: 1000),
    Pair(big: Unit(one: "litre", many: "litres"), small: Unit(one: "ml", many: "ml"), factor: 1000),
    Pair(
      big: Unit(one: "dollar", many: "dollars"), small: Unit(one: "cent", many: "cents"),
      factor: 100),
    Pair(big: Unit(one: "dozen", many: "dozen"), small: Unit(one: "egg", many: "eggs"), factor: 12),
  ]

  private static let minutes = Unit(one: "minute", many: "minutes", also: ["min"])

  /// `How many minutes are 3 hours and 25 minutes?`
  private static let smaller = Frame("smaller unit", 1...3) { teller, steps in
    let pair = teller.pick(pairs)
    let count = teller.count(2...9)
    guard pair.factor * (count + 1) <= teller.limit + 1 else { return nil }
    let values = ["big": pair.big.many, "small": pair.small.many, "s": teller.person().name]
    var total = teller.pad.product(count, pair.factor)
    if steps == 1 {
      let story = teller.say(
        [
          "How many {small} are {n} {big}?", "How many {small} are there in {n} {big}?",
          "Convert {n} {big} to {small}.", "{n} {big} in {small}?",
        ],
        ["n": count], values)
      return Told(prompt: story, answer: .whole(total, pair.small))
    }
    let rest = teller.count(2...max(2, pair.factor - 1))
    total = teller.pad.sum(total, rest)
    let both = teller.say(
      ["{n} {big} and {m} {small}"],
      ["n": "\(count)", "m": "\(rest)"].merging(values) { old, _ in old })
    guard steps == 3 else {
      let story = teller.say(
        [
          "How many {small} are {both}?", "Write {both} in {small}.",
          "{s} needs {both}. How many {small} is that?",
        ],
        values.merging(["both": both]) { old, _ in old })
      return Told(prompt: story, answer: .whole(total, pair.small))
    }
    let part = teller.amount(upTo: total - 1)
    let story = teller.say(
      [
        "Of {both}, {m} {small} are over. How many {small} are left?",
        "{s} has {both} and uses {m} {small}. How many {small} remain?",
      ],
      values.merging(["both": both, "m": "\(part)"]) { old, _ in old })
    return Told(prompt: story, answer: .whole(teller.pad.difference(total, part), pair.small))
  }

  /// `How many hours are 420 minutes?`
  private static let larger = Frame("larger unit", 1...2) { teller, steps in
    let pair = teller.pick(pairs.filter { $0.factor == 7 || $0.factor % 10 == 0 })
    let count = teller.amount(upTo: max(2, teller.limit / pair.factor))
    let total = count * pair.factor
    guard total <= teller.limit + 1 else { return nil }
    var values = ["big": pair.big.many, "small": pair.small.many, "n": "\(total)"]
    if steps == 2 {
      let first = teller.amount(upTo: total - 1)
      guard total - first > 0 else { return nil }
      values["a"] = "\(first)"
      values["b"] = "\(total - first)"
      let story = teller.say(
        [
          "How many {big} are {a} {small} and {b} {small} together?",
          "One part takes {a} {small}, the other {b}. How many {big} is that in all?",
        ], values)
      guard teller.pad.sum(first, total - first) == total else { return nil }
      return Told(prompt: story, answer: .whole(teller.pad.quotient(total, pair.factor), pair.big))
    }
    let story = teller.say(
      [
        "How many {big} are {n} {small}?", "Convert {n} {small} to {big}.",
        "{n} {small} are how many {big}?",
      ], values)
    return Told(prompt: story, answer: .whole(teller.pad.quotient(total, pair.factor), pair.big))
  }

  /// Several times a day, so many minutes each.
  private static let total = Frame("minutes in all", 2...3) { teller, steps in
    let (times, each, days) = (teller.count(2...5), teller.count(3...45), teller.count(2...7))
    guard times * each * (steps == 3 ? days : 1) <= teller.limit else { return nil }
    let person = teller.person()
    let activity = teller.pick([
      "reads", "runs", "rests", "plays the piano", "practises", "swims", "cycles",
    ])
    let extra = teller.count(2...40)
    var sum = teller.pad.product(each, times)
    var story = "\(person.name) \(activity) \(times) times a day for \(each) minutes."
    if steps == 3 {
      story += teller.say(
        [" How many minutes is that in {n} days", " In {n} days, how many minutes is that"],
        ["n": days])
      sum = teller.pad.product(sum, days)
    } else {
      story += " How many minutes is that a day"
    }
    guard sum + extra <= teller.limit else { return nil }
    if steps == 2 {
      story += ", with another \(extra) minutes for a warm-up"
      sum = teller.pad.sum(sum, extra)
    }
    return Told(prompt: story + "?", answer: .whole(sum, minutes))
  }
}
