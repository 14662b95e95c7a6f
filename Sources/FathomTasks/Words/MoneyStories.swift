/// Prices, change, wages and savings, in dollars or in dollars and cents.
enum MoneyStories {
  static let frames: [Frame] = [price, wages, saving, cents, change, discount]

  private static let price = Frame("price", 1...4) { teller, steps in
    let (many, few) = teller.factors()
    let noun = teller.belonging()
    let values = ["s": teller.person().name, "things": noun.many, "thing": noun.one]
    var story = teller.say(
      [
        "{s} [buys|bought] {k} {things} at ${n} each.",
        "One {thing} costs ${n}. {s} [buys|bought] {k}.",
        "{s} [buys|bought] {k} {things} for {n} dollars each.",
      ], ["k": few, "n": many], values)
    var total = teller.pad.product(many, few)
    if steps >= 3 {
      let (other, count) = teller.factors()
      let second = teller.belonging()
      guard second.many != noun.many, total + other * count <= teller.limit else { return nil }
      story += teller.say(
        [
          " Then {s} [buys|bought] {k} {more} at ${n} each.",
          " {s} also [buys|bought] {k} {more} for ${n} each.",
        ],
        ["k": count, "n": other], values.merging(["more": second.many]) { old, _ in old })
      let part = teller.pad.product(other, count)
      total = teller.pad.sum(total, part)
    }
    guard steps % 2 == 0 else {
      story += teller.say([
        " How much is that in all?", " What does it cost in total?", " How many dollars is that?",
      ])
      return Told(prompt: story, answer: .whole(total, .money))
    }
    guard total + 1 <= teller.limit else { return nil }
    let paid = teller.pick(
      [10, 20, 50, 100, 200, 500, 1000, 2000].filter { $0 > total } + [total + teller.count(1...9)])
    guard paid <= teller.limit + 1 else { return nil }
    story += teller.say(
      [" {s} [pays|paid] with ${p}. How much change?", " What change is given for ${p}?"],
      ["p": "\(paid)", "s": values["s"]!])
    return Told(prompt: story, answer: .whole(teller.pad.difference(paid, total), .money))
  }

  private static let wages = Frame("wages", 1...3) { teller, steps in
    let (rate, hours) = (teller.count(8...48), teller.count(2...9))
    let person = teller.person()
    let values = ["s": person.name, "they": person.they]
    guard rate * hours <= teller.limit else { return nil }
    var story = teller.say(
      [
        "{s} earns ${n} an hour and works {k} hours.", "{s} works {k} hours for ${n} an hour.",
        "{s} is paid {n} dollars per hour and works {k} hours.",
      ],
      ["n": rate, "k": hours], values)
    var total = teller.pad.product(rate, hours)
    if steps == 3 {
      let days = teller.count(2...6)
      guard total * days <= teller.limit else { return nil }
      story += teller.say(
        [" This goes on for {n} days.", " {s} does this on {n} days."], ["n": days], values)
      total = teller.pad.product(total, days)
    }
    if steps >= 2 {
      let spent = teller.amount(upTo: total - 1)
      story += teller.say(
        [" {s} spends ${n}. How much is left?", " ${n} goes to rent. How much remains?"],
        ["n": spent], values)
      total = teller.pad.difference(total, spent)
    } else {
      story += teller.say([" How much is that?", " How much does {they} earn?"], values)
    }
    return Told(prompt: story, answer: .whole(total, .money))
  }

  /// How many weeks until the price is saved.
  private static let saving = Frame("saving", 1...2) { teller, steps in
    let (rest, weekly, weeks) = teller.division()
    let period = teller.pick(["week", "month", "day"])
    let thing = teller.pick(["bike", "phone", "guitar", "tent", "camera", "skateboard"])
    let values = ["s": teller.person().name, "thing": thing, "week": period]
    var goal = rest
    var story = ""
    if steps == 2 {
      guard rest + 2 <= teller.limit else { return nil }
      let has = teller.amount(upTo: teller.limit - rest)
      goal += has
      story = teller.say(
        [
          "A \(thing) costs ${p}. {s} has ${n} and saves ${k} a {week}.",
          "{s} wants a {thing} for ${p}, has ${n} and saves ${k} each {week}.",
        ],
        ["p": goal, "n": has, "k": weekly], values)
      guard teller.pad.difference(goal, has) == rest else { return nil }
    } else {
      story = teller.say(
        [
          "{s} saves ${k} a {week} for a {thing} that costs ${p}.",
          "A {thing} costs ${p}. {s} saves {k} dollars each {week}.",
        ],
        ["p": goal, "k": weekly], values)
    }
    story += teller.say(
      [" How many {week}s does it take?", " After how many {week}s is it enough?"], values)
    guard teller.pad.quotient(rest, weekly) == weeks else { return nil }
    return Told(prompt: story, answer: .whole(weeks, Unit(one: period, many: period + "s")))
  }

  /// A price with cents, times a count; the trace works in cents.
  private static let cents = Frame("cents", 1...2) { teller, steps in
    guard teller.limit > 99 else { return nil }
    let count = teller.count(2...9)
    let price = teller.count(1...min(teller.limit / count / 5, 190)) * 5
    let noun = teller.pick(Vocabulary.food + Vocabulary.fruit)
    let values = [
      "s": teller.person().name, "things": noun.many, "thing": noun.one, "p": dollars(price),
    ]
    var story = teller.say(
      [
        "{s} buys {k} {things} at {p} each.", "One {thing} costs {p}. {s} takes {k}.",
        "{k} {things} cost {p} each.",
      ],
      ["k": count], values)
    teller.pad.note("\(dollars(price))=\(price) cents")
    var total = teller.pad.product(price, count)
    if steps == 2 {
      guard let note = [500, 1000, 2000, 5000].first(where: { $0 > total }) else { return nil }
      story += teller.say(
        [" How much change from ${n}?", " {s} pays with ${n}. How much comes back?"],
        ["n": "\(note / 100)", "s": values["s"]!])
      teller.pad.note("\(dollars(note))=\(note) cents")
      total = teller.pad.difference(note, total)
    } else {
      story += teller.say([" How much is that?", " What is the total?", " How much to pay?"])
    }
    teller.pad.note("\(total) cents=\(dollars(total))")
    return Told(prompt: story, answer: .amount(thousandths: total * 10, .money))
  }

  private static let change = Frame("change", 2...3) { teller, steps in
    let prices = (0..<steps).map { _ in teller.amount(upTo: teller.limit / (steps + 1)) }
    let nouns = (0..<steps).map { _ in teller.belonging().one }
    guard Set(nouns).count == steps else { return nil }
    let total = prices.reduce(0, +)
    let paid = total + teller.amount(upTo: max(2, teller.limit - total))
    let parts = zip(nouns, prices).map { "a \($0) for $\($1)" }
    let list = parts.dropLast().joined(separator: ", ") + " and " + parts[steps - 1]
    let story = teller.say(
      [
        "{s} has ${n} and buys {list}. How much is left?",
        "{s} buys {list} and pays with ${n}. How much change?",
      ],
      ["s": teller.person().name, "n": "\(paid)", "list": list])
    var sum = prices[0]
    for price in prices.dropFirst() { sum = teller.pad.sum(sum, price) }
    return Told(prompt: story, answer: .whole(teller.pad.difference(paid, sum), .money))
  }

  private static let discount = Frame("discount", 1...2) { teller, steps in
    let price = teller.amount()
    guard price > 3 else { return nil }
    let off = teller.amount(upTo: price - 1)
    let thing = teller.pick(["coat", "table", "bike", "phone", "lamp", "radio", "desk", "jacket"])
    var story = teller.say(
      [
        "A {thing} costs ${n}. In the sale it is ${k} cheaper.",
        "The price of a {thing} falls from ${n} by ${k}.",
      ],
      ["n": price, "k": off], ["thing": thing])
    var total = teller.pad.difference(price, off)
    if steps == 2 {
      let count = teller.count(2...9)
      guard total * count <= teller.limit else { return nil }
      story += teller.say(
        [" What do {n} cost now?", " How much are {n} of them now?"], ["n": count])
      total = teller.pad.product(total, count)
    } else {
      story += teller.say([" What does it cost now?", " What is the new price?"])
    }
    return Told(prompt: story, answer: .whole(total, .money))
  }

  /// `$3.45`.
  private static func dollars(_ cents: Int) -> String {
    "$\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
  }
}
