/// Questions about a small table: look up, compare, count, add, subtract, sort.
public struct TableProblems: TaskFamily {
  public let name = "tables"
  private let mostRows: Int
  private let mostColumns: Int
  private let mostDigits: Int

  /// At level 0 three rows of one number below 100, at level 1 up to six rows of up to three numbers below 1000.
  public init(level: Double = 1) {
    let level = Level(level)
    mostRows = level.scaled(3...6)
    mostColumns = level.scaled(1...3)
    mostDigits = level.scaled(2...3)
  }

  public func problem(_ random: inout TaskRandom) -> Problem {
    while true {
      let table = Table(&random, rows: 3...mostRows, columns: 1...mostColumns, digits: mostDigits)
      let question = random.pick(TableQuestion.all)
      guard let asked = question.ask(table, &random) else { continue }
      let prompt =
        random.chance(0.6) ? "\(table.text)\n\(asked.text)" : "\(asked.text)\n\(table.text)"
      guard prompt.utf8.count + asked.reasoning.utf8.count <= 640 else { continue }
      let answer = asked.answer
      return Problem(
        family: name, prompt: prompt, reasoning: asked.reasoning, answer: answer.text,
        accepts: { answer.accepts($0) })
    }
  }
}

/// The answer of a table problem.
enum TableAnswer: Sendable {
  case number(Int, column: String)
  /// Labels in their order; mostly one.
  case labels([String])

  var text: String {
    switch self {
    case .number(let value, _): return "\(value)"
    case .labels(let labels): return labels.joined(separator: ", ")
    }
  }

  func accepts(_ text: String) -> Bool {
    guard let answer = AnswerText(text) else { return false }
    switch self {
    case .number(let value, let column):
      return answer.isAmount(
        value * 1000, Unit(one: column.lowercased(), many: column.lowercased()))
    case .labels(let labels):
      let words = answer.text.split { $0 == "," || $0 == " " }
      return words.elementsEqual(labels, by: { $0 == $1.lowercased() })
    }
  }
}
