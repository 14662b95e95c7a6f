import FathomInference
import Foundation
import GoldenSupport
import Testing

@Suite struct MapCommandTests {
  private func fixture(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Fixtures/map/\(name).json").path
  }

  @Test func `a program is found by search, printed in paths and applied`() throws {
    let arguments = ["map", "--examples", fixture("patients"), "--record", fixture("patient")]
    let result = try fathom(arguments)
    #expect(result.status == 0, "\(result)")
    #expect(result.text.hasPrefix("// found by search; right for 2 of 2 pairs\n"))
    #expect(result.text.contains("\nname[0].given[0] = patient.given_name copy\n"))
    #expect(result.text.contains("\"gender\": \"unknown\", \"birthDate\": \"1988-11-05\""))
    let json = try fathom(arguments + ["--json"]).json()
    #expect(json["found_by"]?.stringValue == "search" && json["answers"]?.intValue == 0)
    #expect(json["output"]?["birthDate"]?.stringValue == "1988-11-05")
    #expect(json["program"]?.stringValue?.contains("birthDate = patient.born date") == true)
  }

  private static let twoOperators = """
    [{"input": {"name": "anna smith"}, "output": {"code": "ANNA"}},
     {"input": {"name": "mehmet kaya"}, "output": {"code": "MEHMET"}}]
    """

  @Test func `the search goes on to a part of a text and its letter case`() throws {
    let result = try fathom(["map", "--examples", "-"], input: Self.twoOperators)
    #expect(result.status == 0 && result.text.hasSuffix("\ncode = name first upper\n"), "\(result)")
  }

  @Test func `a table that only the pairs speak for is taken last, and said`() throws {
    let pairs = """
      [{"input": {"id": "ab", "n": "me"}, "output": {"key": "AB_me"}},
       {"input": {"id": "ru", "n": "ka"}, "output": {"key": "RU_ka"}}]
      """
    let result = try fathom(["map", "--examples", "-"], input: pairs)
    #expect(result.status == 0 && result.text.contains("enum {ab: AB_me, ru: RU_ka}"), "\(result)")
    #expect(result.error.contains("only the codes that the pairs show"))
  }

  private static let impossible = """
    [{"input": {"a": "x"}, "output": {"b": "anything"}}, {"input": {"a": "y"}, "output": {"b": 7}}]
    """

  @Test func `what can't be found is said with status 1, value by value`() throws {
    let result = try fathom(
      ["map", "--examples", "-", "--only", "search"],
      input: Self.impossible.replacing("\"x\"", with: "\"a long text\""))
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.error.contains("no program found"))
    #expect(result.error.contains("search: nothing simple makes b"))
  }

  @Test func `a record that the program doesn't suit is an error of its own`() throws {
    try TemporaryFolder.with { folder in
      let record = "\(folder)/record.json"
      try TemporaryFolder.write(Array("{\"patient\": {\"born\": \"soon\"}}".utf8), to: record)
      let result = try fathom(["map", "--examples", fixture("patients"), "--record", record])
      #expect(result.status == 2 && result.error.contains("birthDate"), "\(result)")
    }
  }

  @Test func `a model is asked where the search has nothing, and its failure is told`() throws {
    // Random weights write no programs.
    let input = """
      [{"input": {"a": "some long text"}, "output": {"b": "other"}},
       {"input": {"a": "more of it"}, "output": {"b": "another"}}]
      """
    let model = GoldenFamily.path("qwen2")
    let arguments = ["map", "--examples", "-", "--model", model, "--samples", "2"]
    for only in [[], ["--only", "model"]] {
      let result = try fathom(arguments + only, input: input)
      #expect(result.status == 1, "\(result)")
      #expect(result.error.contains("model: 2 answers"))
      #expect(result.error.contains("search: ") == only.isEmpty)
    }
  }

  @Test func `the built-in model finds what the search would`() throws {
    let input = """
      [{"input": {"family": "qiqu", "ward": "bamo"}, "output": {"name": "QIQU", "unit": "bamo"}},
       {"input": {"family": "zeru", "ward": "kifa"}, "output": {"name": "ZERU", "unit": "kifa"}}]
      """
    let result = try fathom(["map", "--examples", "-", "--only", "model"], input: input)
    #expect(result.status == 0 && result.text.contains("found by the model"), "\(result)")
    #expect(result.text.contains("name = family upper"), "\(result)")
  }
}
