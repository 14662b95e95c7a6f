import FathomCore
import FathomMapping
import Testing

@testable import FathomTasks

@Suite struct RealisticMappingCaseTests {
  @Test func `there are fifty cases, each solved by its solution, in paths and in labels`() throws {
    let cases = try RealisticMappingCase.all()
    #expect(cases.count == 50 && Set(cases.map(\.title)).count == 50)
    for item in cases {
      for example in item.examples + [item.hidden] {
        let differences = item.solution.differences(from: example.output, on: example.input)
        #expect(differences.isEmpty, "\(item.title): \(differences.map(\.description))")
      }
      let problem = try item.problem()
      #expect(problem.accepts(problem.answer), "\(item.title): \(problem.answer)")
      #expect(try MappingProgram(parsing: item.solution.description) == item.solution)
    }
  }

  /// What it can't find takes two operators, a conditional, or a separator of letters.
  @Test func `the search finds most of them and claims no other`() throws {
    var unsolved: [String] = []
    for item in try RealisticMappingCase.all() {
      guard let program = try MappingSearch.program(for: FlatRecordSet(item.examples)) else {
        unsolved.append(item.title)
        continue
      }
      #expect(program.reproduces(item.examples) && program.reproduces([item.hidden]), "\(program)")
    }
    #expect(unsolved == ["ticket", "event with a time", "nickname or name", "parcel size"])
  }
}
