import Testing

@testable import FathomTasks

@Suite struct WordProblemsTests {
  private func problems(_ count: Int, level: Double = 1, seed: UInt64 = 7) -> [Problem] {
    let family = WordProblems(level: level)
    return (0..<count).map { family.problem(seed: seed, index: UInt64($0)) }
  }

  @Test func `every trace is true and ends in its answer`() {
    for (index, problem) in problems(4000).enumerated() {
      let complaint = WordTraceChecker.complaint(
        prompt: problem.prompt, reasoning: problem.reasoning, answer: problem.answer)
      #expect(
        complaint == nil, "\(index): \(problem.prompt)\n\(problem.reasoning)\n\(problem.answer)")
    }
  }

  @Test func `each frame tells stories of every number of steps it claims`() {
    #expect(WordProblems.frames.count >= 60)
    for frame in WordProblems.frames {
      for steps in frame.steps {
        for digits in 2...4 {
          var told: Set<String> = []
          for index in 0..<300 where told.count < 5 {
            var teller = Teller(TaskRandom(seed: 3, index: UInt64(index)), digits: digits)
            if let story = frame.tell(&teller, steps) { told.insert(story.prompt) }
          }
          // Cents and kilometres need more than two digits.
          #expect(told.count == 5 || digits == 2, "\(frame.name), \(steps) steps, \(digits) digits")
        }
      }
    }
  }

  @Test func `the story that greets people is among them`() {
    let frame = WordProblems.frames.first { $0.name == "belongings" }!
    let shapes = (UInt64(0)..<20_000).compactMap { index -> String? in
      var teller = Teller(TaskRandom(seed: 1, index: index), digits: 2)
      return frame.tell(&teller, 2).map { Self.shape(of: $0.prompt) }
    }
    #expect(shapes.contains("# has # #, buys # more and gives # to #. How many now?"))
  }

  /// Names, numbers and things as `#`.
  private static func shape(of prompt: String) -> String {
    let kept: Set<String> = ["has", "buys", "more", "and", "gives", "to", "How", "many", "now"]
    return prompt.split(separator: " ").map { word in
      let letters = word.filter { $0.isLetter || $0.isNumber }
      return kept.contains(letters)
        ? String(word) : "#" + word.filter { !$0.isLetter && !$0.isNumber }
    }.joined(separator: " ")
  }

  @Test func `level 0 has one step and two digits`() {
    for problem in problems(500, level: 0) {
      let operations = problem.reasoning.split(separator: "\n").filter { $0.contains(" >") }
      #expect(operations.count <= 2, "\(problem.prompt)\n\(problem.reasoning)")
    }
  }

  @Test func `frames, operations and steps are all common`() {
    var counts: [Character: Int] = [:]
    for problem in problems(2000) {
      for sign in Set(
        problem.reasoning.split(separator: "\n").compactMap {
          TraceChecker.operands($0.prefix { $0 != ":" })?.1
        })
      {
        counts[sign, default: 0] += 1
      }
    }
    for sign in "+-x/" { #expect(counts[sign, default: 0] > 200, "\(sign): \(counts)") }
  }

  @Test func `templates choose, nest and keep the tense`() {
    var random = TaskRandom(seed: 1, index: 1)
    let template = Template("{s} [buys|bought] <a|[b|c]|a> {n}")
    var seen: Set<String> = []
    for _ in 0..<50 { seen.insert(template.filled(["s": "Ana", "n": "3"], past: true, &random)) }
    #expect(seen == ["Ana bought a 3", "Ana bought c 3"])
  }
}
