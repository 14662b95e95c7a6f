/// Three or four numbers, to be joined by `+ - * /` into a target, each at most once.
public struct CountdownProblems: TaskFamily {
  public let name = "countdown"
  private let mostNumbers: Int
  private let mostNumber: Int
  private let mostTarget: Int

  /// A trace that a context of 512 tokens holds with ease: about 240 tokens.
  static let mostTraceBytes = 290

  /// At level 0 three numbers up to 10, at level 1 up to four numbers up to 50.
  public init(level: Double = 1) {
    let level = Level(level)
    mostNumbers = level.scaled(3...4)
    mostNumber = level.scaled(10...50)
    mostTarget = level.scaled(60...200)
  }

  public func problem(_ random: inout TaskRandom) -> Problem {
    while true {
      let count = mostNumbers == 4 && random.chance(0.55) ? 4 : 3
      let numbers = (0..<count).map { _ in number(&random) }
      guard let target = target(from: numbers, &random), !numbers.contains(target) else { continue }
      var search = CountdownSearch(mostBytes: Self.mostTraceBytes)
      guard let term = search.solve(target, from: numbers) else { continue }
      let reasoning = search.lines.joined(separator: "\n")
      guard reasoning.utf8.count <= Self.mostTraceBytes else { continue }
      return Problem(
        family: name, prompt: prompt(target, numbers, &random), reasoning: reasoning,
        answer: term.text,
        // Everything that makes an expression right stands in the prompt.
        isPlausible: { Self.accepts($0, target: target, numbers: numbers) },
        accepts: { Self.accepts($0, target: target, numbers: numbers) })
    }
  }

  /// Mostly small ones, so that products are known by heart.
  private func number(_ random: inout TaskRandom) -> Int {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<13: return Int.random(in: 1...10, using: &random)
    case 13..<18: return Int.random(in: 1...min(25, mostNumber), using: &random)
    default: return random.pick([10, 20, 25, 30, 40, 50].filter { $0 <= mostNumber })
    }
  }

  /// What a random expression over all the numbers comes to, if all of its values are within bounds.
  private func target(from numbers: [Int], _ random: inout TaskRandom) -> Int? {
    var values = numbers.shuffled(using: &random)
    while values.count > 1 {
      let (a, b) = (max(values[0], values[1]), min(values[0], values[1]))
      let value: Int
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<3: value = a + b
      case 3..<6: value = a - b
      case 6..<9: value = a * b
      default:
        guard a % b == 0 else { return nil }
        value = a / b
      }
      guard (1...999).contains(value) else { return nil }
      values.removeFirst(2)
      values.insert(value, at: Int.random(in: 0...values.count, using: &random))
    }
    return (10...mostTarget).contains(values[0]) ? values[0] : nil
  }

  private func prompt(_ target: Int, _ numbers: [Int], _ random: inout TaskRandom) -> String {
    let list = numbers.map(String.init)
    let spoken = list.dropLast().joined(separator: ", ") + " and " + list[list.count - 1]
    return Template(
      random.pick([
        "Reach {t} with {n}.", "Make {t} from {n}, each at most once.",
        "Use {n} and + - * / to get {t}.",
        "Countdown: {l} {to} {t}", "Numbers: {l}. Target: {t}.",
        "<Get|Reach|Make> {t} from {c} with + - * /.",
        "How can {n} make {t}?", "Combine {n} to reach {t}. Each number at most once.",
        "countdown {l} target {t}",
      ])
    ).filled(
      [
        "t": "\(target)", "n": spoken, "l": list.joined(separator: " "),
        "c": list.joined(separator: ", "), "to": "->",
      ], &random)
  }

  /// Whether an expression comes to the target and takes each of the numbers at most once.
  static func accepts(_ answer: String, target: Int, numbers: [Int]) -> Bool {
    guard let expression = Expression(answer), expression.value == target else { return false }
    var left = numbers
    for number in expression.numbers {
      guard let index = left.firstIndex(of: number) else { return false }
      left.remove(at: index)
    }
    return true
  }
}
