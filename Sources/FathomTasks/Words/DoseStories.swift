/// Doses by weight, tablets, drips: whole numbers, or tenths as whole numbers.
enum DoseStories {
  static let frames: [Frame] = [byWeight, byWeight, tablets, course, drip]

  private static let mg = Unit(one: "mg", many: "mg")

  /// `2.5 mg per kg` times a weight; the trace works in tenths when the rate is not whole.
  private static let byWeight = Frame("dose by weight", 1...2) { teller, steps in
    let isWhole = teller.chance(0.5)
    let rate = isWhole ? teller.count(2...20) : teller.count(1...9) * 10 + teller.count(1...9)
    let weight = teller.count(3...95)
    let times = teller.count(2...4)
    guard rate * weight * (steps == 2 ? times : 1) <= teller.limit else { return nil }
    let shownRate = isWhole ? "\(rate)" : "\(rate / 10).\(rate % 10)"
    var story = teller.say(
      [
        "The dose is {r} mg per kg. A patient weighs {w} kg.",
        "A child of {w} kg gets {r} mg per kg.",
        "{s} weighs {w} kg and needs {r} mg of a drug per kg.",
        "A drug is given at {r} mg/kg to a dog of {w} kg.",
      ], ["r": shownRate, "w": "\(weight)", "s": teller.person().name])
    if !isWhole { teller.pad.note("\(shownRate)=\(rate) tenths") }
    var total = teller.pad.product(rate, weight)
    if steps == 2 {
      story += teller.say(
        [" It is given {n} times a day. How many mg a day?", " How many mg are {n} such doses?"],
        ["n": times])
      total = teller.pad.product(total, times)
    } else {
      story += teller.say([" How many mg is that?", " What is the dose in mg?", " How many mg?"])
    }
    let answer = Answer.amount(thousandths: total * (isWhole ? 1000 : 100), mg)
    if !isWhole { teller.pad.note("\(total) tenths=\(total / 10).\(total % 10)") }
    return Told(prompt: story, answer: answer)
  }

  private static let tablets = Frame("tablets", 1...3) { teller, steps in
    let strength = teller.pick([2, 5, 10, 20, 50, 100, 200, 500].filter { $0 * 2 <= teller.limit })
    let each = teller.count(2...6)
    guard strength * each <= teller.limit else { return nil }
    let dose = strength * each
    let unit = Unit(one: "tablet", many: "tablets")
    let values = ["s": teller.person().name]
    var count = teller.pad.quotient(dose, strength)
    var story = teller.say(
      [
        "A tablet has {k} mg. {s} needs a dose of {n} mg.",
        "{s} has to take {n} mg. One tablet contains {k} mg.",
        "A dose is {n} mg; tablets of {k} mg are there.",
      ],
      ["n": "\(dose)", "k": "\(strength)"].merging(values) { old, _ in old })
    guard steps > 1 else {
      story += teller.say([" How many tablets is that?", " How many tablets?"])
      return Told(prompt: story, answer: .whole(count, unit))
    }
    let times = teller.count(2...4)
    story += teller.say(
      [" The dose is taken {n} times a day.", " It is taken {n} times each day."], ["n": times])
    count = teller.pad.product(count, times)
    guard steps == 3 else {
      story += teller.say([" How many tablets a day?", " How many tablets are that per day?"])
      return Told(prompt: story, answer: .whole(count, unit))
    }
    let days = teller.count(3...14)
    guard count * days <= teller.limit else { return nil }
    story += teller.say(
      [" How many tablets for {n} days?", " How many tablets are needed for {n} days?"], ["n": days]
    )
    return Told(prompt: story, answer: .whole(teller.pad.product(count, days), unit))
  }

  private static let course = Frame("course", 1...3) { teller, steps in
    let (dose, times) = teller.factors()
    guard times < 10 else { return nil }
    let values = ["s": teller.person().name]
    var total = teller.pad.product(dose, times)
    var story = teller.say(
      ["{s} takes {n} mg {k} times a day.", "A patient gets {k} doses of {n} mg a day."],
      ["n": dose, "k": times], values)
    guard steps > 1 else {
      story += teller.say([" How many mg a day?", " What is the daily amount in mg?"])
      return Told(prompt: story, answer: .whole(total, mg))
    }
    let days = teller.count(2...9)
    guard total * days <= teller.limit else { return nil }
    total = teller.pad.product(total, days)
    guard steps == 3 else {
      story += teller.say(
        [" How many mg in {n} days?", " How many mg are that in {n} days?"], ["n": days])
      return Told(prompt: story, answer: .whole(total, mg))
    }
    guard total > 3 else { return nil }
    let given = teller.amount(upTo: total - 1)
    story += teller.say(
      [
        " The course takes {n} days. After {m} mg, how many mg are left?",
        " This goes on for {n} days. {m} mg are given so far. How many mg are left?",
      ], ["n": days, "m": given])
    return Told(prompt: story, answer: .whole(teller.pad.difference(total, given), mg))
  }

  private static let drip = Frame("drip", 1...2) { teller, steps in
    let ml = Unit(one: "ml", many: "ml")
    let (total, hours, rate) = teller.division()
    if steps == 1 {
      let story = teller.say(
        [
          "A bag of {n} ml runs for {k} hours. How many ml is that an hour?",
          "{n} ml flow in {k} hours. How many ml per hour?",
        ],
        ["n": total, "k": hours])
      return Told(prompt: story, answer: .whole(teller.pad.quotient(total, hours), ml))
    }
    let later = teller.count(2...9)
    guard later != hours, rate * later <= teller.limit else { return nil }
    let story = teller.say(
      [
        "A bag of {n} ml runs for {k} hours. How many ml run in {m} hours?",
        "{n} ml flow in {k} hours. How many ml flow in {m} hours at that rate?",
      ],
      ["n": total, "k": hours, "m": later])
    let perHour = teller.pad.quotient(total, hours)
    return Told(prompt: story, answer: .whole(teller.pad.product(perHour, later), ml))
  }
}
