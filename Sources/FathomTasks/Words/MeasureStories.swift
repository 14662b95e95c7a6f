/// What is measured or made: areas, fences, machines, legs, averages, days of training.
enum MeasureStories {
  static let frames: [Frame] = [area, perimeter, machines, legs, average, training]

  private static let area = Frame("area", 1...2) { teller, steps in
    let (many, few) = teller.factors()
    let values = [
      "place": teller.pick(["room", "garden", "wall", "field", "yard", "floor", "park"])
    ]
    let unit = Unit(
      one: "square m", many: "square m", also: ["square metres", "square meters", "m2", "sq m"])
    var story = teller.say(
      [
        "A {place} is {n} m long and {k} m wide.", "A {place} measures {n} m by {k} m.",
        "The {place} has a length of {n} m and a width of {k} m.",
      ], ["n": many, "k": few], values)
    var total = teller.pad.product(many, few)
    if steps == 2 {
      guard total > 3 else { return nil }
      let covered = teller.amount(upTo: total - 1)
      story += teller.say(
        [
          " {n} square m are already painted. How many square m are left?",
          " {n} square m are covered. How many are not?",
        ],
        ["n": covered])
      total = teller.pad.difference(total, covered)
    } else {
      story += teller.say([" What is its area in square m?", " How many square m is that?"])
    }
    return Told(prompt: story, answer: .whole(total, unit))
  }

  private static let perimeter = Frame("perimeter", 2...2) { teller, _ in
    let (long, wide) = (
      teller.amount(upTo: teller.limit / 4), teller.amount(upTo: teller.limit / 4)
    )
    let story = teller.say(
      [
        "A <garden|field|yard|park> is {a} m long and {b} m wide. How long is a fence around it, in m?",
        "What is the perimeter of a <room|field|square|table> of {a} m by {b} m?",
      ], ["a": long, "b": wide])
    let half = teller.pad.sum(long, wide)
    let unit = Unit(one: "m", many: "m", also: ["metres", "meters"])
    return Told(prompt: story, answer: .whole(teller.pad.product(half, 2), unit))
  }

  private static let machines = Frame("machines", 1...3) { teller, steps in
    let (many, few) = teller.factors()
    let noun = teller.pick(Vocabulary.parts)
    let values = ["things": noun.many]
    let machine = teller.pick(["machine", "worker", "robot", "printer"])
    var total = teller.pad.product(many, few)
    var story = teller.say(
      [
        "A \(machine) makes {n} {things} an hour and runs {k} hours a day.",
        "One \(machine) makes {n} {things} in an hour and works for {k} hours.",
      ],
      ["n": many, "k": few], values)
    if steps >= 2 {
      let machines = teller.count(2...9)
      guard total * machines <= teller.limit else { return nil }
      story += teller.say(
        [" There are {n} such \(machine)s.", " A hall has {n} of them."], ["n": machines])
      total = teller.pad.product(total, machines)
    }
    if steps == 3 {
      guard total > 3 else { return nil }
      let bad = teller.amount(upTo: total - 1)
      story += teller.say(
        [" {n} of the {things} are bad.", " {n} {things} fail a test."], ["n": bad], values)
      total = teller.pad.difference(total, bad)
    }
    story += teller.say(
      steps == 3
        ? [" How many good {things} are made?", " How many {things} are good?"]
        : [" How many {things} are made in all?", " How many {things} is that?"],
      values)
    return Told(prompt: story, answer: .whole(total, noun.unit))
  }

  private static let legs = Frame("legs", 3...3) { teller, _ in
    let four = teller.pick(["cow", "goat", "horse", "pig", "dog"])
    let two = teller.pick(["hen", "duck", "turkey", "crow"])
    let (a, b) = (teller.amount(upTo: teller.limit / 8), teller.amount(upTo: teller.limit / 8))
    let story = teller.say(
      [
        "A farm has {a} \(four)s and {b} \(two)s. How many legs do they have <together|in all>?",
        "There are {a} \(four)s and {b} \(two)s in a yard. How many legs is that?",
      ],
      ["a": a, "b": b])
    let fours = teller.pad.product(a, 4)
    let twos = teller.pad.product(b, 2)
    return Told(
      prompt: story, answer: .whole(teller.pad.sum(fours, twos), Unit(one: "leg", many: "legs")))
  }

  private static let average = Frame("average", 2...4) { teller, steps in
    let numbers = (0..<steps).map { _ in teller.amount(upTo: teller.limit / steps) }
    let total = numbers.reduce(0, +)
    guard total % steps == 0 else { return nil }
    let list =
      numbers.dropLast().map(String.init).joined(separator: ", ") + " and \(numbers[steps - 1])"
    let story = teller.say(
      [
        "What is the average of \(list)?", "Find the mean of \(list).",
        "{s} scored \(list) points. What is the average?",
        "The days had \(list) visitors. What is the mean?",
      ], ["s": teller.person().name])
    var sum = numbers[0]
    for number in numbers.dropFirst() { sum = teller.pad.sum(sum, number) }
    let unit = Unit(one: "", many: "", also: ["points", "visitors"])
    return Told(prompt: story, answer: .whole(teller.pad.quotient(sum, steps), unit))
  }

  private static let training = Frame("training", 1...3) { teller, steps in
    let (many, few) = teller.factors()
    let thing = teller.pick([
      ("push-ups", "push-up"), ("laps", "lap"), ("words", "word"), ("pages", "page"),
      ("songs", "song"),
    ])
    let person = teller.person()
    var total = teller.pad.product(many, few)
    var story = teller.say(
      [
        "{s} <does|plans> {n} \(thing.0) a day for {k} days.",
        "For {k} days, {s} does {n} \(thing.0) each day.",
      ],
      ["n": many, "k": few], ["s": person.name])
    for extra in 1..<max(steps, 1) {
      guard total + 2 <= teller.limit else { return nil }
      let more = teller.amount(upTo: teller.limit - total)
      story += teller.say(
        extra == 1
          ? [" On the next day it is {n}.", " After that, {n} more follow."]
          : [" Last come {n} more.", " Then {n} extra ones."],
        ["n": more])
      total = teller.pad.sum(total, more)
    }
    story += teller.say([" How many \(thing.0) is that in all?", " How many \(thing.0) in total?"])
    return Told(prompt: story, answer: .whole(total, Unit(one: thing.1, many: thing.0)))
  }
}
