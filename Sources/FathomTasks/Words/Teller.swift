/// What a story ends with: the user's message and its right answer. The way there is on the teller's scratchpad.
struct Told: Sendable {
  let prompt: String
  let answer: Answer
}

/// A kind of story, and how many steps of arithmetic it can have.
struct Frame: Sendable {
  let name: String
  let steps: ClosedRange<Int>
  /// Nil when the numbers drawn do not fit; the caller draws again.
  let tell: @Sendable (_ teller: inout Teller, _ steps: Int) -> Told?

  init(
    _ name: String, _ steps: ClosedRange<Int>,
    _ tell: @escaping @Sendable (_ teller: inout Teller, _ steps: Int) -> Told?
  ) {
    self.name = name
    self.steps = steps
    self.tell = tell
  }
}

/// Draws names, things and numbers of a fitting size, and keeps the scratchpad.
struct Teller: Sendable {
  var random: TaskRandom
  var pad = Scratchpad()
  /// No number of the story is above it: 99, 999 or 9999.
  let limit: Int
  /// Most numbers of this story have this many digits.
  private let size: Int
  /// Whether the story is told in the past tense.
  let past: Bool

  init(_ random: TaskRandom, digits: Int) {
    self.random = random
    limit = [9, 99, 999, 9999][digits - 1]
    let sizes = [1, 2, 2, 2, 2, 2, 3, 3, 3, 4].filter { $0 <= digits }
    size = self.random.pick(sizes)
    past = self.random.chance(0.4)
  }

  /// A number above 1, of the story's size or smaller.
  mutating func amount(upTo most: Int = .max) -> Int {
    let digits = random.chance(0.75) ? size : Int.random(in: 1...size, using: &random)
    let high = max(2, min(most, [9, 99, 999, 9999][digits - 1]))
    let usual = [2, 10, 100, 1000][digits - 1]
    return Int.random(in: (usual <= high / 2 ? usual : max(2, high / 10))...high, using: &random)
  }

  mutating func count(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  mutating func chance(_ probability: Double) -> Bool { random.chance(probability) }

  /// A number and a small factor; their product is within the limit.
  mutating func factors() -> (many: Int, few: Int) {
    let few = limit > 99 && random.chance(0.15) ? count(11...25) : count(2...9)
    return (amount(upTo: limit / few), few)
  }

  /// A number that a small divisor divides, the divisor, and the quotient.
  mutating func division() -> (total: Int, parts: Int, each: Int) {
    let parts = count(2...9)
    let each = amount(upTo: limit / parts)
    return (parts * each, parts, each)
  }

  mutating func pick<T>(_ elements: [T]) -> T { random.pick(elements) }

  mutating func person() -> Person { random.pick(Vocabulary.people) }

  /// Different people.
  mutating func people(_ count: Int) -> [Person] {
    var chosen: [Person] = []
    while chosen.count < count {
      let next = person()
      if !chosen.contains(where: { $0.name == next.name }) { chosen.append(next) }
    }
    return chosen
  }

  mutating func belonging() -> Noun { random.pick(Vocabulary.belongings) }

  /// Digits, or now and then a word: `three`.
  mutating func shown(_ value: Int) -> String {
    (2...12).contains(value) && random.chance(0.1) ? Vocabulary.numberWords[value] : "\(value)"
  }

  /// One of the templates, filled.
  mutating func say(_ templates: [String], _ values: [String: String] = [:]) -> String {
    Template(random.pick(templates)).filled(values, past: past, &random)
  }

  /// One of the templates, filled; numbers may be spelt out.
  mutating func say(
    _ templates: [String], _ numbers: KeyValuePairs<String, Int>, _ values: [String: String] = [:]
  ) -> String {
    let template = random.pick(templates)
    var values = values
    for (name, number) in numbers {
      // After a dollar sign stand digits.
      values[name] = template.contains("${\(name)}") ? "\(number)" : shown(number)
    }
    return say([template], values)
  }
}
