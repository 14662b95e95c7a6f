import Testing

@testable import FathomTasks

@Suite struct AnswerChoiceTests {
  @Test func `where nothing can be checked, the most frequent answer is given`() {
    let problem = Problem(family: "f", prompt: "p", reasoning: "r", answer: "7") { $0 == "7" }
    #expect(AnswerChoice.choose(["6 mg", "7 mg", "\n7  MG "], for: problem) == 1)
    #expect(AnswerChoice.choose(["6", "7", "8"], for: problem) == 0)
    #expect(AnswerChoice.choose(["6", "7", "7", "6"], for: problem) == 0)
    #expect(AnswerChoice.choose([""], for: problem) == 0)
  }

  @Test func `what the user can check goes before what is frequent`() {
    let problem = Problem(
      family: "f", prompt: "p", reasoning: "r", answer: "abc",
      isPlausible: { $0.hasPrefix("a") }, accepts: { $0 == "abc" })
    #expect(AnswerChoice.choose(["x", "x", "ab", "abc"], for: problem) == 2)
    #expect(AnswerChoice.choose(["x", "y", "y"], for: problem) == 0)
  }

  /// The shown examples choose; the hidden record is only for the verdict.
  @Test func `mapping problems are chosen from by their own examples`() throws {
    let families: [any TaskFamily] = [
      MappingFamily.standard(), MappingFamily.wide(), MappingFamily.heldOutValues,
      MappingRepairFamily(),
    ]
    for family in families {
      for index in 0..<30 as Range<UInt64> {
        let problem = family.problem(seed: 4, index: index)
        let mapping = try #require(problem.mapping)
        let isPlausible = try #require(problem.isPlausible)
        #expect(isPlausible(problem.answer) && mapping.passesShown(problem.answer))
        #expect(!isPlausible("") && !isPlausible("P = A nonsense"))
        #expect(AnswerChoice.choose(["", "P =", problem.answer], for: problem) == 2)
      }
    }
  }

  @Test func `the search's own program is judged by the hidden record`() throws {
    for index in 0..<40 as Range<UInt64> {
      let problem = MappingFamily.standard().mappingProblem(seed: 6, index: index)
      let found = try #require(problem.found)
      #expect(problem.passesHidden(found), "\(found)")
    }
    let unsolved = try RealisticMappingCase.all().filter { try $0.problem().found == nil }
    #expect(unsolved.count == 4)
  }

  @Test func `other families keep no examples, and countdown checks itself`() throws {
    for name in ["words", "tables", "talk", "roman"] {
      let problem = try Families.named(name).problem(seed: 1, index: 1)
      #expect(problem.mapping == nil && problem.isPlausible == nil, "\(name)")
    }
    let countdown = try Families.named("countdown").problem(seed: 1, index: 1)
    #expect(countdown.isPlausible?(countdown.answer) == true && countdown.mapping == nil)
    #expect(countdown.isPlausible?("1") == false)
  }
}
