/// Two to five people: who has more, how many together, so many times as many, how old.
enum PeopleStories {
  static let frames: [Frame] = [moreBy, moreBy, gap, together, moreThan, timesAs, ages, collection]

  /// The only answer of ours that names a person: `Ana by 18 apples`.
  private static let moreBy = Frame("more by", 2...4) { teller, steps in
    let people = teller.people(2)
    let noun = teller.belonging()
    var amounts = [teller.amount(), teller.amount()]
    let values = ["a": people[0].name, "b": people[1].name, "things": noun.many]
    var story = teller.say(
      [
        "{a} [has|had] {m} {things} and {b} [has|had] {n}.",
        "{a} [has|had] {m} {things}. {b} [has|had] {n} {things}.",
        "{a} [counts|counted] {m} {things}, {b} [counts|counted] {n}.",
      ], ["m": amounts[0], "n": amounts[1]], values)
    for _ in 2..<steps {
      let who = teller.count(0...1)
      if teller.chance(0.5), amounts[who] > 3 {
        let number = teller.amount(upTo: amounts[who] - 1)
        story +=
          " "
          + teller.say(
            ["{s} [loses|lost] {n}.", "{s} [gives|gave] away {n}.", "{s} [sells|sold] {n}."],
            ["n": number],
            ["s": people[who].name])
        amounts[who] = teller.pad.difference(amounts[who], number)
      } else {
        guard amounts[who] + 2 <= teller.limit else { return nil }
        let number = teller.amount(upTo: teller.limit - amounts[who])
        story +=
          " "
          + teller.say(
            ["{s} [gets|got] {n} more.", "{s} [buys|bought] {n}.", "{s} [finds|found] {n} more."],
            ["n": number],
            ["s": people[who].name])
        amounts[who] = teller.pad.sum(amounts[who], number)
      }
    }
    guard amounts[0] != amounts[1] else { return nil }
    story += teller.say([" Who has more, and by how many?", " Who has more now and by how many?"])
    let most = teller.pad.larger(amounts[0], amounts[1])
    let difference = teller.pad.difference(most, amounts.min()!)
    let winner = amounts[0] == most ? people[0] : people[1]
    return Told(prompt: story, answer: .winner(winner.name, by: difference, noun.unit))
  }

  private static let gap = Frame("gap", 1...1) { teller, _ in
    let people = teller.people(2)
    let noun = teller.belonging()
    let small = teller.amount(upTo: teller.limit - 1)
    let large = small + teller.count(1...max(1, min(teller.limit - small, small * 2)))
    let firstIsLarge = teller.chance(0.5)
    let values = [
      "a": people[firstIsLarge ? 0 : 1].name, "b": people[firstIsLarge ? 1 : 0].name,
      "things": noun.many,
    ]
    let start =
      firstIsLarge
      ? "{a} has {m} {things} and {b} has {n}." : "{b} has {n} {things} and {a} has {m}."
    let story = teller.say(
      [
        start + " How many more {things} does {a} have?",
        start + " How many fewer {things} does {b} have than {a}?",
        start + " What is the difference?",
        start + " How many {things} does {b} need to have as many as {a}?",
      ], ["m": large, "n": small], values)
    return Told(prompt: story, answer: .whole(teller.pad.difference(large, small), noun.unit))
  }

  private static let together = Frame("together", 1...4) { teller, steps in
    let people = teller.people(steps + 1)
    let noun = teller.belonging()
    let amounts = people.map { _ in teller.amount(upTo: teller.limit / (steps + 1)) }
    var parts = zip(people, amounts).map { "\($0.name) has \(teller.shown($1))" }
    parts[0] += " \(noun.many)"
    let list = parts.dropLast().joined(separator: ", ") + " and " + parts[steps]
    let story = teller.say(
      [
        "{list}. How many {things} do they have <together|in all|in total>?",
        "{list}. How many {things} altogether?",
        "{list}. What is the total number of {things}?",
      ], ["list": list, "things": noun.many])
    var sum = amounts[0]
    for amount in amounts.dropFirst() { sum = teller.pad.sum(sum, amount) }
    return Told(prompt: story, answer: .whole(sum, noun.unit))
  }

  private static let moreThan = Frame("more than", 1...3) { teller, steps in
    let people = teller.people(3)
    let noun = teller.belonging()
    let first = teller.amount(upTo: teller.limit / 4)
    let isMore = first < 4 || teller.chance(0.6)
    let number = teller.amount(upTo: isMore ? teller.limit / 4 : first - 1)
    let values = [
      "a": people[0].name, "b": people[1].name, "c": people[2].name, "things": noun.many,
    ]
    var story = teller.say(
      isMore
        ? [
          "{a} has {m} {things}. {b} has {n} more than {a}.",
          "{a} has {m} {things} and {b} has {n} more.",
        ]
        : [
          "{a} has {m} {things}. {b} has {n} fewer than {a}.",
          "{a} has {m} {things} and {b} has {n} fewer.",
        ],
      ["m": first, "n": number], values)
    let second = isMore ? teller.pad.sum(first, number) : teller.pad.difference(first, number)
    guard steps > 1 else {
      story += teller.say([" How many {things} does {b} have?", " How many has {b}?"], values)
      return Told(prompt: story, answer: .whole(second, noun.unit))
    }
    var total = teller.pad.sum(first, second)
    if steps == 3 {
      let third = teller.amount(upTo: teller.limit / 4)
      story += teller.say([" {c} has {n}.", " {c} has {n} {things}."], ["n": third], values)
      total = teller.pad.sum(total, third)
    }
    story += teller.say(
      [
        " How many do they have together?", " How many {things} in all?",
        " How many {things} do they have in total?",
      ], values)
    return Told(prompt: story, answer: .whole(total, noun.unit))
  }

  private static let timesAs = Frame("times as many", 1...3) { teller, steps in
    let (many, few) = teller.factors()
    guard many * (few + 1) <= teller.limit else { return nil }
    let people = teller.people(2)
    let noun = teller.belonging()
    let values = ["a": people[0].name, "b": people[1].name, "things": noun.many]
    var story = teller.say(
      [
        "{b} has {n} {things}. {a} has {k} times as many.",
        "{a} has {k} times as many {things} as {b}, who has {n}.",
        "{b} has {n} {things} and {a} has {k} times that number.",
      ], ["n": many, "k": few], values)
    var total = teller.pad.product(many, few)
    guard steps > 1 else {
      story += teller.say([" How many does {a} have?", " How many {things} has {a}?"], values)
      return Told(prompt: story, answer: .whole(total, noun.unit))
    }
    total = teller.pad.sum(total, many)
    guard steps == 3 else {
      story += teller.say(
        [" How many do they have together?", " How many {things} in total?"], values)
      return Told(prompt: story, answer: .whole(total, noun.unit))
    }
    let gone = teller.amount(upTo: total - 1)
    story += teller.say(
      [
        " Together they sell {n}. How many are left?",
        " They give away {n} of all their {things}. How many remain?",
      ],
      ["n": gone], values)
    return Told(prompt: story, answer: .whole(teller.pad.difference(total, gone), noun.unit))
  }

  private static let ages = Frame("ages", 1...2) { teller, steps in
    let people = teller.people(2)
    let (age, gap) = (teller.count(4...60), teller.count(2...35))
    let isOlder = age <= gap + 2 || teller.chance(0.6)
    let values = ["a": people[0].name, "b": people[1].name]
    var story = teller.say(
      isOlder
        ? [
          "{b} is {m} years old. {a} is {n} years older.",
          "{a} is {n} years older than {b}, who is {m}.",
        ]
        : [
          "{b} is {m} years old. {a} is {n} years younger.",
          "{a} is {n} years younger than {b}, who is {m}.",
        ],
      ["m": age, "n": gap], values)
    var result = isOlder ? teller.pad.sum(age, gap) : teller.pad.difference(age, gap)
    if steps == 1 {
      story += teller.say([" How old is {a}?", " What is {a}'s age?"], values)
    } else if teller.chance(0.5) {
      let years = teller.count(2...30)
      story += teller.say(
        [" How old will {a} be in {n} years?", " What is {a}'s age {n} years from now?"],
        ["n": years], values)
      result = teller.pad.sum(result, years)
    } else {
      story += teller.say(
        [" How old are they together?", " What is the sum of their ages?"], values)
      result = teller.pad.sum(result, age)
    }
    return Told(
      prompt: story, answer: .whole(result, Unit(one: "year", many: "years", also: ["years old"])))
  }

  /// What one of several still has to bring.
  private static let collection = Frame("collection", 2...4) { teller, steps in
    let people = teller.people(steps)
    let noun = teller.belonging()
    let amounts = people.map { _ in teller.amount(upTo: teller.limit / (steps + 1)) }
    let total = amounts.reduce(0, +)
    let missing = teller.amount(upTo: max(2, teller.limit - total))
    let parts = zip(people, amounts).map { "\($0.name) brings \(teller.shown($1))" }
    let list = parts.dropLast().joined(separator: ", ") + " and " + parts[steps - 1]
    let story = teller.say(
      [
        "A class needs {n} {things}. {list}. How many are still missing?",
        "The goal is {n} {things}. {list}. How many more are needed?",
      ],
      ["n": "\(total + missing)", "list": list, "things": noun.many])
    var sum = amounts[0]
    for amount in amounts.dropFirst() { sum = teller.pad.sum(sum, amount) }
    return Told(
      prompt: story, answer: .whole(teller.pad.difference(total + missing, sum), noun.unit))
  }
}
