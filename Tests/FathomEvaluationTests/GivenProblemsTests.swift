import FathomCore
import FathomTasks
import Testing

@testable import FathomEvaluation

@Suite struct GivenProblemsTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func given(_ text: String) throws -> GivenProblems {
    try GivenProblems(path: try folder.write("sums.json", text))
  }

  @Test func `all problems of a file are drawn, whatever their text, and verified by their grader`()
    throws
  {
    let rows = (0..<40).map { #"{"a": \#($0), "sum": \#($0 + 1)}"# }.joined(separator: ", ")
    let given = try given(
      #"{"prompt": "{{a}} + 1?", "grader": {"type": "math", "answer": "{{sum}}"}, "problems": [\#(rows)]}"#
    )
    #expect(given.name == "sums")
    var seen: Set<String> = []
    for index in 0..<1000 {
      let problem = given.problem(seed: 5, index: UInt64(index))
      let sum = try #require(Int(problem.prompt.prefix { $0 != " " })) + 1
      #expect(problem.family == "sums" && problem.answer == "\(sum)" && !problem.isHeldOut)
      #expect(
        problem.accepts("So the answer is \\boxed{\(sum).0}") && !problem.accepts("\(sum + 1)"))
      seen.insert(problem.prompt)
    }
    #expect(seen.count == 40)
    // The same address is the same problem.
    #expect(
      given.problem(seed: 5, index: 3).prompt == given.problem(seed: 5, index: 3).prompt)
  }

  @Test func `exact answers and mapping programs are verified too`() throws {
    let exact = try given(
      #"{"prompt": "{{q}}", "grader": {"type": "exact", "answer": "{{a}}"}, "problems": [{"q": "Who?", "a": "Bo"}]}"#
    ).problem(seed: 1, index: 0)
    #expect(exact.accepts(" Bo\n") && !exact.accepts("Bob"))
    let mapping = try given(
      #"""
      {"prompt": "Map it.", "grader": {"type": "mapping", "tests": [{"input": {"a": 1}, "output": {"b": 1}}]}, "problems": [{}]}
      """#
    ).problem(seed: 1, index: 0)
    #expect(mapping.accepts("b = a"))
    #expect(!mapping.accepts("b = 2") && !mapping.accepts(""))
  }

  @Test(arguments: [
    (
      #"{"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}], "grader": {"type": "exact", "answer": "1"}, "problems": [{}]}"#,
      "one question"
    ),
    (
      #"{"prompt": "x", "grader": {"type": "choice", "choices": ["a", "b"], "answer": 0}, "problems": [{}]}"#,
      "exact, math or mapping"
    ),
    (
      #"{"prompt": "x", "grader": {"type": "command", "command": ["true"]}, "problems": [{}]}"#,
      "exact, math or mapping"
    ),
    (
      #"{"name": "words", "prompt": "x", "grader": {"type": "exact", "answer": "1"}, "problems": [{}]}"#,
      "no family"
    ),
  ])
  func `what cannot be asked or verified at once is refused with the file and the reason`(
    text: String, reason: String
  ) {
    #expect {
      _ = try given(text)
    } throws: { error in
      "\(error)".contains("sums.json") && "\(error)".contains(reason)
    }
  }
}
