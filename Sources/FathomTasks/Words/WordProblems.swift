/// Story problems of one to four steps, solved by written arithmetic.
public struct WordProblems: TaskFamily {
  public let name = "words"
  private let mostSteps: Int
  private let mostDigits: Int

  /// All the stories there are.
  static let frames: [Frame] =
    ChainStories.frames + GroupStories.frames + MeasureStories.frames + PeopleStories.frames
    + MoneyStories.frames
    + TravelStories.frames + UnitStories.frames + DoseStories.frames + DateStories.frames
    + ClockStories.frames + PlainArithmetic.frames

  /// At level 0 one step on numbers below 100, at level 1 up to four steps on numbers of up to four digits.
  public init(level: Double = 1) {
    let level = Level(level)
    mostSteps = level.scaled(1...4)
    mostDigits = level.scaled(2...4)
  }

  public func problem(_ random: inout TaskRandom) -> Problem {
    let (told, reasoning) = story(&random)
    var prompt = told.prompt
    if case .amount = told.answer, random.chance(0.04) { prompt = prompt.lowercased() }
    let answer = told.answer
    return Problem(
      family: name, prompt: prompt, reasoning: reasoning, answer: answer.text,
      accepts: { answer.accepts($0) })
  }

  /// Draws until a story fits: its numbers within the limit, its text within a short context.
  private func story(_ random: inout TaskRandom) -> (Told, reasoning: String) {
    while true {
      let steps = random.pick([1, 1, 2, 2, 2, 3, 3, 4].filter { $0 <= mostSteps })
      let frame = random.pick(Self.frames)
      guard frame.steps.contains(steps) else { continue }
      var teller = Teller(random, digits: mostDigits)
      let told = frame.tell(&teller, steps)
      random = teller.random
      guard let told, told.prompt.utf8.count + teller.pad.text.utf8.count <= 560 else { continue }
      return (told, teller.pad.text)
    }
  }
}

/// How hard problems may be, from 0 to 1.
struct Level: Sendable {
  private let value: Double

  /// What is not a number counts as 1.
  init(_ value: Double) { self.value = value.isNaN ? 1 : min(max(value, 0), 1) }

  /// The range's beginning at level 0, its end at level 1.
  func scaled(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(value * Double(range.upperBound - range.lowerBound) + 0.5)
  }
}
