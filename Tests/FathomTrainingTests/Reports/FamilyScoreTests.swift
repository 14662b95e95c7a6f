import FathomTasks
import Testing

@testable import FathomTraining

@Suite struct FamilyScoreTests {
  private func answered(_ number: Int, _ answers: [String]) -> AnsweredProblem {
    AnsweredProblem(
      number: number,
      problem: Problem(family: "f", prompt: "p", reasoning: "r", answer: "7") { $0 == "7" },
      answers: answers)
  }

  @Test func `the rates of one sample, of any and of the majority`() {
    let score = FamilyScore(
      family: "f",
      answered: [
        answered(2, ["6", "6", "7", "5"]),  // any, not the majority
        answered(0, ["7", "7", "7", "7"]),
        answered(1, ["6", "7", "7", "5"]),
        answered(3, ["1", "2", "3", "4"]),
      ])
    #expect(score.answered.map(\.number) == [0, 1, 2, 3])
    #expect(score.samples == 4 && score.selector == .majority)
    #expect(score.chosen.correct == 2 && score.majority == score.chosen)
    #expect(score.passAt1 == 7.0 / 16 && score.passAtK.rate == 0.75)
    #expect(score.failures.map(\.number) == [2, 3])
  }

  @Test func `one answer to each problem makes all rates the same`() {
    let score = FamilyScore(
      family: "f", answered: (0..<10).map { answered($0, [$0 < 9 ? "7" : "8"]) })
    #expect(score.chosen.rate == 0.9 && score.passAt1 == 0.9 && score.passAtK.rate == 0.9)
    #expect(score.selector == .only && score.chosen.n == 10)
    #expect(abs(score.chosen.interval.low - 0.5958) < 1e-3)
  }

  @Test func `no problems have no rate, and no search`() {
    let score = FamilyScore(family: "f", answered: [])
    #expect(score.chosen.rate == 0 && score.passAt1 == 0 && score.samples == 1)
    #expect(SearchScore([]) == nil && SearchScore([answered(0, ["7"])]) == nil)
  }

  @Test func `the search goes first, and where it finds nothing the model does`() throws {
    var answered: [AnsweredProblem] = []
    for (number, item) in try RealisticMappingCase.all().enumerated() {
      let problem = try item.problem().problem(family: RealisticMappingCase.family)
      answered.append(
        AnsweredProblem(
          number: number, problem: problem,
          answers: [item.title == "ticket" ? problem.answer : "P = A copy"]))
    }
    let search = try #require(SearchScore(answered))
    #expect(search.alone.correct == 46 && search.withModel.correct == 47)
  }
}
