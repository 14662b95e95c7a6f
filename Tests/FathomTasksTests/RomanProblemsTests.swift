import Testing

@testable import FathomTasks

@Suite struct RomanProblemsTests {
  @Test func `numerals are those that everybody writes`() {
    let known = [
      1: "I", 4: "IV", 9: "IX", 14: "XIV", 40: "XL", 90: "XC", 400: "CD", 444: "CDXLIV",
      888: "DCCCLXXXVIII", 1000: "M", 1984: "MCMLXXXIV", 2026: "MMXXVI", 3999: "MMMCMXCIX",
    ]
    for (number, numeral) in known { #expect(RomanNumeral.text(of: number) == numeral) }
  }

  /// Read by another rule: letters add up, and a smaller one before a greater counts against it.
  @Test func `every numeral reads back as its number`() {
    let values: [Character: Int] = [
      "I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000,
    ]
    var seen: Set<String> = []
    for number in 1...3999 {
      let numeral = RomanNumeral.text(of: number)
      let letters = numeral.map { values[$0] ?? 0 }
      let sum = letters.indices.reduce(0) { sum, place in
        let isBefore = place + 1 < letters.count && letters[place] < letters[place + 1]
        return sum + (isBefore ? -letters[place] : letters[place])
      }
      #expect(sum == number && seen.insert(numeral).inserted, "\(number): \(numeral)")
    }
  }

  @Test func `the solution is accepted, and nothing near it`() {
    let family = RomanProblems()
    for index in 0..<500 as Range<UInt64> {
      let problem = family.problem(seed: 3, index: index)
      #expect(problem.accepts(problem.answer) && problem.accepts("\n\n\(problem.answer)\n"))
      for wrong in ["", "I\(problem.answer)", "\(problem.answer)I", problem.reasoning + " ?"] {
        #expect(!problem.accepts(wrong), "\(problem.prompt) \(wrong)")
      }
      #expect(!problem.accepts(problem.answer.lowercased()))
    }
    let one = family.problem(seed: 3, index: 0)
    for text in FamiliesTests.hostile { #expect(!one.accepts(text)) }
  }

  /// So a held-out number is one that training never shows, in whatever words.
  @Test func `a number is always asked in the same words`() {
    var prompts: [String: String] = [:]
    for index in 0..<6000 as Range<UInt64> {
      let problem = RomanProblems().problem(seed: 8, index: index)
      let before = prompts.updateValue(problem.prompt, forKey: problem.answer)
      #expect(before == nil || before == problem.prompt)
    }
    let heldOut = prompts.values.filter { Problem.hash(of: $0) % 16 == 0 }
    #expect((0.04...0.085).contains(Double(heldOut.count) / Double(prompts.count)))
  }
}
