/// Distances, speeds and times.
enum TravelStories {
  static let frames: [Frame] = [speed, duration, remaining, commute, legsOfTrip]

  private static let km = Unit(one: "km", many: "km", also: ["kilometres", "kilometers"])

  private static let speed = Frame("speed", 1...3) { teller, steps in
    let (rate, hours) = (teller.count(3...95), teller.count(2...9))
    guard rate * hours <= teller.limit else { return nil }
    let values = [
      "car": teller.pick(["A car", "A train", "A bus", "A cyclist", "A boat", "A truck", "A van"])
    ]
    var story = teller.say(
      [
        "{car} goes {n} km an hour for {k} hours.", "{car} travels at {n} km/h for {k} hours.",
        "{car} moves for {k} hours at {n} km/h.",
      ],
      ["n": rate, "k": hours], values)
    var total = teller.pad.product(rate, hours)
    if steps == 2 {
      guard total + 2 <= teller.limit else { return nil }
      let more = teller.amount(upTo: teller.limit - total)
      story += teller.say(
        [" Then it goes {n} km more.", " After a break it goes another {n} km."], ["n": more])
      total = teller.pad.sum(total, more)
    } else if steps == 3 {
      let (rate, hours) = (teller.count(3...95), teller.count(2...9))
      guard total + rate * hours <= teller.limit else { return nil }
      story += teller.say(
        [" Then it goes {n} km/h for {k} hours.", " After that it does {n} km/h for {k} hours."],
        ["n": rate, "k": hours])
      let part = teller.pad.product(rate, hours)
      total = teller.pad.sum(total, part)
    }
    story += teller.say([" How far is that?", " How many km in all?", " How far does it go?"])
    return Told(prompt: story, answer: .whole(total, km))
  }

  private static let duration = Frame("duration", 1...2) { teller, steps in
    let (total, rate, hours) = teller.division()
    let values = ["s": teller.person().name]
    var story: String
    if steps == 2 {
      guard total > 3 else { return nil }
      let first = teller.amount(upTo: total - 1)
      story = teller.say(
        [
          "{s} walks {a} km to a town and {b} km to a lake at {k} km/h.",
          "A way has parts of {a} km and {b} km. {s} goes {k} km an hour.",
        ],
        ["a": first, "b": total - first, "k": rate], values)
      guard teller.pad.sum(first, total - first) == total else { return nil }
    } else {
      story = teller.say(
        ["{s} goes {n} km at {k} km/h.", "A trail is {n} km long. {s} walks {k} km an hour."],
        ["n": total, "k": rate], values)
    }
    story += teller.say(
      [" How many hours does it take?", " How long is {s} on the way, in hours?"], values)
    guard teller.pad.quotient(total, rate) == hours else { return nil }
    return Told(prompt: story, answer: .whole(hours, Unit(one: "hour", many: "hours", also: ["h"])))
  }

  private static let remaining = Frame("remaining", 1...4) { teller, steps in
    let parts = (0..<steps).map { _ in teller.amount(upTo: teller.limit / (steps + 1)) }
    let done = parts.reduce(0, +)
    let whole = done + teller.amount(upTo: max(2, teller.limit - done))
    let days = ["on Monday", "on Tuesday", "on Wednesday", "on Thursday"]
    let list = zip(parts, days).map { "\($0) km \($1)" }
    let joined =
      list.count == 1
      ? list[0] : list.dropLast().joined(separator: ", ") + " and " + list[steps - 1]
    let story = teller.say(
      [
        "A <trip|route|tour> is {n} km long. {s} [does|did] {list}. How many km are left?",
        "{s} has {n} km to go and [covers|covered] {list}. How far is it still?",
      ],
      ["n": "\(whole)", "list": joined, "s": teller.person().name])
    var left = whole
    for part in parts { left = teller.pad.difference(left, part) }
    return Told(prompt: story, answer: .whole(left, km))
  }

  private static let commute = Frame("commute", 2...2) { teller, _ in
    let days = teller.count(3...9)
    let way = teller.amount(upTo: teller.limit / days / 2)
    guard way * 2 * days <= teller.limit else { return nil }
    let story = teller.say(
      [
        "{s} lives {n} km from work and drives there and back on {k} days. How many km is that?",
        "The way to school is {n} km. {s} goes there and back {k} times. How many km in all?",
      ],
      ["n": way, "k": days], ["s": teller.person().name])
    let both = teller.pad.product(way, 2)
    return Told(prompt: story, answer: .whole(teller.pad.product(both, days), km))
  }

  private static let legsOfTrip = Frame("legs of a trip", 1...3) { teller, steps in
    let parts = (0...steps).map { _ in teller.amount(upTo: teller.limit / (steps + 1)) }
    let names = ["by train", "by bus", "on foot", "by boat"]
    let list = zip(parts, names).map { "\($0) km \($1)" }
    let story = teller.say(
      ["{s} travels {list}. How many km in all?", "A trip has {list}. How long is it in km?"],
      [
        "s": teller.person().name,
        "list": list.dropLast().joined(separator: ", ") + " and " + list[steps],
      ])
    var sum = parts[0]
    for part in parts.dropFirst() { sum = teller.pad.sum(sum, part) }
    return Told(prompt: story, answer: .whole(sum, km))
  }
}
