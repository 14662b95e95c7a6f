import FathomCore
import FathomMapping
import Testing

@testable import FathomTasks

@Suite struct MappingFamilyTests {
  private static let families: [any TaskFamily] = [
    MappingFamily.standard(), MappingFamily.wide(), MappingFamily.heldOutValues,
    MappingRepairFamily(),
    MappingFamily(name: "mapping-chains", outputs: 2...4, chainShare: 0.1),
  ]

  @Test(arguments: families.indices)
  func `every solution is accepted and an empty answer isn't`(number: Int) {
    let family = Self.families[number]
    for index in 0..<200 as Range<UInt64> {
      let problem = family.problem(seed: 3, index: index)
      #expect(problem.accepts(problem.answer), "\(family.name) \(index): \(problem.prompt)")
      #expect(
        !problem.accepts("") && !problem.accepts("o1 = ") && !problem.accepts(problem.reasoning))
      #expect(problem.family == family.name)
      #expect(!problem.prompt.contains("\n") && !problem.prompt.contains("  "))
    }
  }

  @Test(arguments: families.indices)
  func `the same address gives the same problem`(number: Int) {
    let family = Self.families[number]
    let (a, b) = (family.problem(seed: 9, index: 77), family.problem(seed: 9, index: 77))
    #expect(a.prompt == b.prompt && a.answer == b.answer && a.reasoning == b.reasoning)
    #expect(a.prompt != family.problem(seed: 9, index: 78).prompt)
  }

  @Test func `the search solves every problem without chains, by the one solution`() throws {
    for family in [MappingFamily.standard(), .wide(), .heldOutValues] {
      for index in 0..<100 as Range<UInt64> {
        let problem = family.mappingProblem(seed: 5, index: index)
        let program = try #require(
          MappingSearch.program(for: problem.records, operators: .basic), "\(problem.prompt)")
        #expect(program.reproduces(problem.examples) && program.reproduces([problem.hidden]))
      }
    }
  }

  @Test func `shown and hidden records are told apart`() throws {
    let pairs = try [(#"{"a":"x-y"}"#, #"{"b":"x"}"#), (#"{"a":"u-v"}"#, #"{"b":"u"}"#)].map {
      MappingExample(input: try JSON.parse($0), output: try JSON.parse($1))
    }
    let hidden = MappingExample(
      input: try JSON.parse(#"{"a":"p_q-r"}"#), output: try JSON.parse(#"{"b":"p"}"#))
    let problem = try MappingProblem(
      examples: pairs, hidden: hidden, solution: MappingProgram(parsing: "o1 = f1 first"))
    #expect(problem.passesShown("o1 = f1 first -") && !problem.passesHidden("o1 = f1 first -"))
    #expect(problem.accepts("o1 = f1 first") && !problem.accepts("o1 = f1 first -"))
    #expect(!problem.passesShown("o1 = f1 last") && !problem.passesShown("nonsense"))
  }

  @Test func `fields are as many as asked, and a curriculum limits them`() {
    func counts(_ family: MappingFamily) -> Set<Int> {
      Set((0..<60).map { family.mappingProblem(seed: 1, index: $0).solution.statements.count })
    }
    #expect(counts(.standard()) == [2, 3, 4])
    #expect(counts(.wide()) == [5, 6])
    #expect(counts(.standard(maxFields: 1)) == [1])
    #expect(counts(.wide(maxFields: 3)) == [3])
  }

  @Test func `held-out text is made of words that training never shows`() {
    let codes = Set(MappingTable.known.flatMap { $0.entries.compactMap(\.code.stringValue) })
    func words(_ text: String) -> [String] {
      var words = [""]
      for sign in text {
        if !sign.isLetter || sign.isUppercase { words.append("") }
        if sign.isLetter { words[words.count - 1] += sign.lowercased() }
      }
      return words.filter { !$0.isEmpty }
    }
    var seen = 0
    for index in 0..<100 as Range<UInt64> {
      let problem = MappingFamily.heldOutValues.mappingProblem(seed: 2, index: index)
      for row in problem.records.inputs {
        guard case .string(let text)? = row.values[0], !codes.contains(text) else { continue }
        seen += words(text).count
        #expect(words(text).allSatisfy(MappingValueKind.realWords.contains), "\(text)")
      }
    }
    #expect(seen > 100)
  }

  @Test func `labels are single ASCII digits, and keys that look like labels are told apart`()
    throws
  {
    #expect(LabelLetters.encode("f1 f9 o1 o9 f0 f10 f百 fⅻ o万 x1") == "A I P X f0 f10 f百 fⅻ o万 x1")
    let example = MappingExample(
      input: .object(JSONObject(["f1": .string("ab")])),
      output: .object(JSONObject(["o2": .string("AB")])))
    let prompt = try FlatRecordSet([example, example]).prompt
    #expect(prompt.contains("f1_") && prompt.contains("o2_"), "\(prompt)")
  }

  /// Pieces are what can be single tokens: words between spaces.
  @Test func `operators, lengths and ambiguous drafts stay where the recipe wants them`() {
    var operators: Set<String> = []
    func pieces(_ text: String) -> Int { text.split(separator: " ").count }
    for (family, mostPrompt, mostResponse) in [
      (MappingFamily.standard(), 100, 65), (.wide(), 175, 115), (.heldOutValues, 150, 95),
    ] {
      var (drafts, kept, prompt, response) = (0, 0, 0, 0)
      for index in 0..<400 as Range<UInt64> {
        var random = TaskRandom(seed: 11, index: index)
        drafts += 1
        guard let problem = family.candidate(&random) else { continue }
        kept += 1
        prompt += pieces(problem.prompt)
        response += pieces(problem.reasoning) + pieces(problem.answer)
        for statement in problem.solution.statements {
          let word = statement.expression.terms.last.map { "\($0)".prefix { $0 != " " } } ?? ""
          operators.insert(String(word))
        }
      }
      let found =
        "\(family.name): \(kept) of \(drafts), \(prompt / kept) + \(response / kept) pieces"
      #expect(Double(kept) > 0.7 * Double(drafts), "\(found)")
      #expect(prompt / kept < mostPrompt && response / kept < mostResponse, "\(found)")
    }
    #expect(operators.count == MappingOperation.allCases.count, "\(operators)")
  }

  @Test func `repair prompts show a wrong program and what it does`() {
    for index in 0..<100 as Range<UInt64> {
      let problem = MappingRepairFamily().problem(seed: 4, index: index)
      let parts = problem.prompt.split(separator: " ")
      #expect(parts.contains("try") && parts.contains("fail"))
      #expect(!problem.reasoning.isEmpty)
    }
  }
}
