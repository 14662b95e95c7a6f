/// Equal groups: boxes, rows, shares, packs, recipes.
enum GroupStories {
  static let frames: [Frame] = [boxes, rows, share, pack, recipe]

  private static let boxes = Frame("boxes", 1...3) { teller, steps in
    let (many, few) = teller.factors()
    let noun = teller.belonging()
    let values = [
      "s": teller.person().name, "things": noun.many,
      "boxes": teller.pick(Vocabulary.containers).many,
    ]
    var story = teller.say(
      [
        "{s} [has|had] {k} {boxes} with {n} {things} each.",
        "There are {k} {boxes} with {n} {things} in each.",
        "{s} [fills|filled] {k} {boxes}; each [holds|held] {n} {things}.",
        "A {things} order has {k} {boxes} of {n} each.",
      ], ["k": few, "n": many], values)
    var total = teller.pad.product(many, few)
    if steps >= 2 {
      guard total + 2 <= teller.limit else { return nil }
      let loose = teller.amount(upTo: teller.limit - total)
      story +=
        " "
        + teller.say(
          [
            "{s} [finds|found] {n} more.", "There are also {n} loose {things}.",
            "{n} more {things} [lie|lay] on the floor.",
          ],
          ["n": loose], values)
      total = teller.pad.sum(total, loose)
    }
    if steps == 3 {
      guard total > 3 else { return nil }
      let gone = teller.amount(upTo: total - 1)
      story +=
        " "
        + teller.say(
          [
            "{n} of all the {things} [break|broke].", "{s} [takes|took] out {n}.",
            "Then {n} {things} [are|were] sold.",
          ],
          ["n": gone], values)
      total = teller.pad.difference(total, gone)
    }
    let question = teller.say(
      steps == 3
        ? ["How many {things} are left?", "How many {things} remain?"]
        : [
          "How many {things} in total?", "How many {things} are there in all?",
          "How many {things} altogether?",
        ],
      values)
    return Told(prompt: "\(story) \(question)", answer: .whole(total, noun.unit))
  }

  private static let rows = Frame("rows", 1...2) { teller, steps in
    let (many, few) = teller.factors()
    let noun = teller.pick(Noun.list("seat chair tree desk plant lamp tent"))
    let place = teller.pick([
      "A hall", "A garden", "The room", "A field", "The theatre", "A classroom",
    ])
    let values = ["place": place, "things": noun.many]
    var story = teller.say(
      [
        "{place} has {k} rows of {n} {things}.",
        "{place} has {k} rows with {n} {things} in each row.",
      ],
      ["k": few, "n": many], values)
    var total = teller.pad.product(many, few)
    guard steps == 2 else {
      return Told(
        prompt: story
          + teller.say([" How many {things} are there?", " How many {things} in all?"], values),
        answer: .whole(total, noun.unit))
    }
    guard total > 3 else { return nil }
    let gone = teller.amount(upTo: total - 1)
    story += teller.say(
      [
        " {n} of them are taken. How many are free?", " {n} {things} are broken. How many are not?",
        " {n} {things} are removed. How many are left?",
      ], ["n": gone], values)
    total = teller.pad.difference(total, gone)
    return Told(prompt: story, answer: .whole(total, noun.unit))
  }

  private static let share = Frame("share", 1...3) { teller, steps in
    let (total, parts, each) = teller.division()
    let noun = teller.belonging()
    let people = teller.people(2)
    let values = ["s": people[0].name, "o": people[1].name, "things": noun.many]
    var pool = "{n} {things} are"
    var numbers = ["n": "\(total)", "k": teller.shown(parts)]
    if steps == 3 {
      guard total > 3 else { return nil }
      let first = teller.amount(upTo: total - 1)
      pool = "{s} has {a} {things} and {o} has {b}. All of them are"
      numbers["a"] = "\(first)"
      numbers["b"] = "\(total - first)"
      guard teller.pad.sum(first, total - first) == total else { return nil }
    }
    var story = teller.say(
      [pool + " shared equally <among|between|by> {k} <friends|children|people>."],
      values.merging(numbers) { old, _ in old })
    var result = teller.pad.quotient(total, parts)
    if steps >= 2 {
      guard each > 3 else { return nil }
      let gone = teller.amount(upTo: each - 1)
      story += teller.say(
        [
          " Each gives {n} back. How many does each keep?",
          " Then each uses {n}. How many does each have left?",
          " Each of them loses {n}. How many {things} does each have now?",
        ], ["n": gone], values)
      result = teller.pad.difference(result, gone)
    } else {
      story += teller.say(
        [
          " How many does each get?", " How many {things} are there for each?",
          " What is one share?",
        ], values)
    }
    return Told(prompt: story, answer: .whole(result, noun.unit))
  }

  private static let pack = Frame("pack", 1...2) { teller, steps in
    let (total, parts, _) = teller.division()
    let noun = teller.belonging()
    let container = teller.pick(Vocabulary.containers)
    var values = [
      "things": noun.many, "boxes": container.many, "box": container.one, "s": teller.person().name,
    ]
    if steps == 1 {
      let story = teller.say(
        [
          "{s} packs {n} {things}, {k} to a {box}. How many {boxes} are needed?",
          "A {box} holds {k} {things}. How many {boxes} are needed for {n} {things}?",
          "How many {boxes} of {k} can be filled with {n} {things}?",
        ], ["n": total, "k": parts], values)
      return Told(prompt: story, answer: .whole(teller.pad.quotient(total, parts), container.unit))
    }
    guard total > 3 else { return nil }
    let first = teller.amount(upTo: total - 1)
    values["o"] = teller.person().name
    let story = teller.say(
      [
        "{s} picks {a} {things} on one day and {b} on the next, and packs all of them, {k} to a {box}. "
          + "How many {boxes} are filled?",
        "There are {a} red and {b} blue {things}. {k} fit into a {box}. How many {boxes} are needed for all?",
      ], ["a": first, "b": total - first, "k": parts], values)
    let sum = teller.pad.sum(first, total - first)
    return Told(prompt: story, answer: .whole(teller.pad.quotient(sum, parts), container.unit))
  }

  private static let recipe = Frame("recipe", 2...2) { teller, _ in
    let (total, parts, each) = teller.division()
    let people = teller.count(2...9)
    guard people != parts, each * people <= teller.limit else { return nil }
    let noun = teller.pick(Noun.list("egg nut berry/berries tomato/tomatoes potato/potatoes onion"))
    let story = teller.say(
      [
        "A <soup|cake|dish> for {k} people needs {n} {things}. How many {things} for {m} people?",
        "{k} plates need {n} {things}. How many {things} do {m} plates need?",
      ], ["k": parts, "n": total, "m": people], ["things": noun.many])
    let one = teller.pad.quotient(total, parts)
    return Told(prompt: story, answer: .whole(teller.pad.product(one, people), noun.unit))
  }
}
