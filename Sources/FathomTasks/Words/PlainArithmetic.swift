/// No story: `347 + 285`, in the ways in which people ask for it.
enum PlainArithmetic {
  static let frames: [Frame] = [single, single, chain, words]

  private static let single = Frame("single operation", 1...1) { teller, _ in
    let values: [String: String]
    let result: Int
    switch teller.count(0...3) {
    case 0:
      let a = teller.amount(upTo: teller.limit - 2)
      let more = teller.amount(upTo: teller.limit - a)
      values = ["e": "\(a) + \(more)"]
      result = teller.pad.sum(a, more)
    case 1:
      let a = max(4, teller.amount())
      let less = teller.amount(upTo: a - 1)
      values = ["e": "\(a) - \(less)"]
      result = teller.pad.difference(a, less)
    case 2:
      let (many, few) = teller.factors()
      values = ["e": teller.chance(0.5) ? "\(many) x \(few)" : "\(few) x \(many)"]
      result = teller.pad.product(many, few)
    default:
      let (total, parts, _) = teller.division()
      values = ["e": "\(total) / \(parts)"]
      result = teller.pad.quotient(total, parts)
    }
    return Told(prompt: asked(&teller, values), answer: .whole(result, .none))
  }

  private static let chain = Frame("chain of sums", 2...4) { teller, steps in
    var value = teller.amount()
    var text = "\(value)"
    for _ in 0..<steps {
      if teller.chance(0.5), value > 3 {
        let number = teller.amount(upTo: value - 1)
        value = teller.pad.difference(value, number)
        text += " - \(number)"
      } else {
        guard value + 2 <= teller.limit else { return nil }
        let number = teller.amount(upTo: teller.limit - value)
        value = teller.pad.sum(value, number)
        text += " + \(number)"
      }
    }
    return Told(prompt: asked(&teller, ["e": text]), answer: .whole(value, .none))
  }

  private static let words = Frame("operation in words", 1...1) { teller, _ in
    switch teller.count(0...3) {
    case 0:
      let a = teller.amount(upTo: teller.limit - 2)
      let b = teller.amount(upTo: teller.limit - a)
      let story = teller.say(
        ["Add {a} and {b}.", "What is the sum of {a} and {b}?", "What is {a} plus {b}?"],
        ["a": a, "b": b])
      return Told(prompt: story, answer: .whole(teller.pad.sum(a, b), .none))
    case 1:
      let a = max(4, teller.amount())
      let b = teller.amount(upTo: a - 1)
      let story = teller.say(
        [
          "Subtract {b} from {a}.", "What is {a} minus {b}?", "Take {b} away from {a}.",
          "What is the difference of {a} and {b}?",
        ],
        ["a": a, "b": b])
      return Told(prompt: story, answer: .whole(teller.pad.difference(a, b), .none))
    case 2:
      let (many, few) = teller.factors()
      let story = teller.say(
        ["Multiply {a} by {b}.", "What is {a} times {b}?", "What is the product of {a} and {b}?"],
        ["a": many, "b": few])
      return Told(prompt: story, answer: .whole(teller.pad.product(many, few), .none))
    default:
      let (total, parts, _) = teller.division()
      let story = teller.say(
        [
          "Divide {a} by {b}.", "What is {a} divided by {b}?",
          "How many times does {b} fit into {a}?",
        ], ["a": total, "b": parts])
      return Told(prompt: story, answer: .whole(teller.pad.quotient(total, parts), .none))
    }
  }

  private static func asked(_ teller: inout Teller, _ values: [String: String]) -> String {
    teller.say(
      [
        "What is {e}?", "{e}", "{e} = ?", "Work out {e}.", "Compute {e}.", "How much is {e}?",
        "Calculate {e}",
      ], values)
  }
}
