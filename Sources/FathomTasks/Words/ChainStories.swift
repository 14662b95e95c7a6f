/// A quantity that events change one after the other: `Ana has 47 apples, buys 35 more and gives 18 to Bo.`
enum ChainStories {
  static let frames: [Frame] = ChainTheme.all.map { theme in
    Frame(theme.name, 1...4) { teller, steps in tell(theme, &teller, steps) }
  }

  private static func tell(_ theme: ChainTheme, _ teller: inout Teller, _ steps: Int) -> Told? {
    let people = teller.people(2)
    let noun = theme.nouns.isEmpty ? nil : teller.pick(theme.nouns)
    guard let unit = theme.unit ?? noun?.unit else { return nil }
    let isPersonal = theme.subjects.isEmpty
    var values = [
      "s": isPersonal ? people[0].name : teller.pick(theme.subjects), "o": people[1].name,
      "their": people[0].their, "things": noun?.many ?? unit.many,
    ]
    var quantity = teller.amount()
    var clauses = [teller.say(theme.openings, ["n": quantity], values)]
    values["s"] = definite(values["s"]!)
    for _ in 0..<steps {
      guard let event = event(theme, &quantity, &teller) else { return nil }
      let number = unit.isMoney ? "\(event.number)" : teller.shown(event.number)
      let numbers = ["n": number, "k": number]
      clauses.append(teller.say(event.templates, values.merging(numbers) { old, _ in old }))
    }
    let question = teller.say(theme.questions, values)
    let story =
      isPersonal
      ? personal(clauses, of: people[0], &teller) : separate(clauses, &teller)
    return Told(prompt: story + " " + question, answer: .whole(quantity, unit))
  }

  /// Changes the quantity and says how. Nil when nothing fits.
  private static func event(
    _ theme: ChainTheme, _ quantity: inout Int, _ teller: inout Teller
  ) -> (number: Int, templates: [String])? {
    for _ in 0..<8 {
      switch teller.count(0...9) {
      case 0...3:
        guard quantity + 2 <= teller.limit else { continue }
        let number = teller.amount(upTo: teller.limit - quantity)
        quantity = teller.pad.sum(quantity, number)
        return (number, theme.gains)
      case 4...7:
        guard quantity > 3, !theme.losses.isEmpty else { continue }
        // Often something is left to go on with.
        let number = teller.amount(upTo: teller.chance(0.6) ? quantity * 2 / 3 : quantity - 1)
        quantity = teller.pad.difference(quantity, number)
        return (number, theme.losses)
      case 8:
        let isDoubling = theme.multiples.isEmpty || teller.chance(0.6)
        let templates = isDoubling ? theme.doublings : theme.multiples
        let factor = isDoubling ? 2 : teller.count(2...9)
        guard !templates.isEmpty, quantity * factor <= teller.limit else { continue }
        quantity = teller.pad.product(quantity, factor)
        return (factor, templates)
      default:
        let isHalving = theme.divisions.isEmpty || teller.chance(0.6)
        let templates = isHalving ? theme.halvings : theme.divisions
        let parts = isHalving ? 2 : teller.count(2...9)
        guard !templates.isEmpty, quantity % parts == 0, quantity > 3 * parts else { continue }
        quantity = teller.pad.quotient(quantity, parts)
        return (parts, templates)
      }
    }
    return nil
  }

  /// `Ana has 47 apples, buys 35 more and gives 18 to Bo.`, or a sentence for each event.
  private static func personal(
    _ clauses: [String], of person: Person, _ teller: inout Teller
  ) -> String {
    let subject = teller.chance(0.7) ? person.they.capitalizedFirst : person.name
    switch teller.count(0...3) {
    case 0, 1: return joined(clauses).capitalizedFirst + "."
    case 2:
      let inner = subject == person.name ? subject : person.they
      var story = clauses[0].capitalizedFirst + "."
      for (index, clause) in clauses.dropFirst().enumerated() {
        story +=
          index == 0 || teller.chance(0.5)
          ? " \(subject) \(clause)."
          : " \(teller.pick(["Then", "Later", "After that"])) \(inner) \(clause)."
      }
      return story
    default:
      return "\(clauses[0].capitalizedFirst). \(subject) \(joined(Array(clauses.dropFirst())))."
    }
  }

  private static func separate(_ clauses: [String], _ teller: inout Teller) -> String {
    switch teller.count(0...2) {
    case 0: return joined(clauses).capitalizedFirst + "."
    case 1:
      var story = clauses[0].capitalizedFirst + "."
      for clause in clauses.dropFirst() {
        story +=
          teller.chance(0.5)
          ? " \(clause.capitalizedFirst)."
          : " \(teller.pick(["Then", "Later", "After that"])) \(clause)."
      }
      return story
    default:
      return "\(clauses[0].capitalizedFirst). Then \(joined(Array(clauses.dropFirst())))."
    }
  }

  /// `a garden` was named before: it is `the garden` now.
  private static func definite(_ subject: String) -> String {
    for article in ["a ", "an "] where subject.hasPrefix(article) {
      return "the " + subject.dropFirst(article.count)
    }
    return subject
  }

  /// `a, b and c`.
  private static func joined(_ clauses: [String]) -> String {
    guard clauses.count > 1 else { return clauses[0] }
    return clauses.dropLast().joined(separator: ", ") + " and " + clauses[clauses.count - 1]
  }
}
