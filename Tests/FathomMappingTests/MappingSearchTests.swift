import FathomCore
import FathomMapping
import Testing

@Suite struct MappingSearchTests {
  private func found(
    _ inputs: [String], _ outputs: String, _ operators: MappingSearch.Operators = .all
  )
    throws -> [String]
  {
    let search = MappingSearch(
      inputs: try inputs.enumerated().map { number, text in
        (MappingPath(label: "f\(number + 1)"), try values(text))
      }, operators: operators)
    return search.expressions(for: try values(outputs)).map(\.description)
  }

  private func values(_ text: String) throws -> [JSON?] {
    (try JSON.parse(text).arrayValue ?? []).map { $0.isNull ? nil : $0 }
  }

  @Test func `one-operator expressions are found, each once`() throws {
    let basic = MappingSearch.Operators.basic
    #expect(try found([#"["ab","cd"]"#], #"["ab","cd"]"#, basic) == ["f1 copy"])
    #expect(try found([#"["ab","cd"]"#], #"["AB","CD"]"#, basic) == ["f1 upper"])
    #expect(try found([#"["a_b","cd"]"#], #"["a","cd"]"#, basic) == ["f1 first"])
    #expect(
      try found([#"["20240101","19991231"]"#], #"["2024-01-01","1999-12-31"]"#, basic) == [
        "f1 date"
      ])
    #expect(try found([#"["1","2"]"#], "[1,2]", basic) == ["f1 num"])
    #expect(try found(["[1,2]"], #"["1","2"]"#, basic) == ["f1 text"])
    #expect(
      try found([#"["M","F"]"#], #"["male","female"]"#, basic)
        == ["f1 enum {M: male, F: female, O: other, U: unknown}"])
    #expect(try found([#"["x","y"]"#], #"["k","k"]"#, basic) == ["const k"])
    #expect(
      try found([#"["ab","cd"]"#, #"["e","f"]"#], #"["e, ab","f, cd"]"#, basic)
        == ["f2 f1 cat \", \""])
  }

  @Test func `several explanations are all listed`() throws {
    #expect(
      try found([#"["ab","cd"]"#, #"["ab","cd"]"#], #"["AB","CD"]"#, .basic)
        == ["f1 upper", "f2 upper"])
    #expect(try found([#"["k","k"]"#], #"["k","k"]"#, .basic) == ["f1 copy", "const k"])
  }

  @Test func `the wider search knows split, join, default and shown tables`() throws {
    #expect(try found([#"["a/b/c","d/e/f"]"#], #"["b","e"]"#).first == "f1 split 2")
    #expect(try found([#"["a-b/c","d-e/f"]"#], #"["a-b","d-e"]"#).contains("f1 first /"))
    #expect(try found([#"[["a","b"],["c"]]"#], #"["a b","c"]"#).contains("f1 join ~"))
    #expect(try found([#"["x",null]"#], #"["x","none"]"#).contains("f1 default none"))
    #expect(try found([#"["p","q"]"#], #"["one","two"]"#) == ["f1 enum {p: one, q: two}"])
    #expect(try found([#"["Ravi Patel","Ines Costa"]"#], #"["one","two"]"#).isEmpty)
    #expect(try found(["[30,45]"], #"["one","two"]"#).isEmpty)
  }

  @Test func `nothing is found for what takes two operators`() throws {
    #expect(try found([#"["ab_x","cd_x"]"#], #"["AB","CD"]"#, .basic).isEmpty)
    #expect(
      try found([#"["ab_x","cd_x"]"#], #"["AB","CD"]"#, [.basic, .endsThenCase])
        == ["f1 first upper"])
  }

  @Test func `a whole program over nested records is found`() throws {
    let examples = try [
      (
        #"{"p":{"n":"Ann Lee"},"d":"01.02.2003"}"#,
        #"{"name":[{"family":"Lee"}],"born":"2003-02-01"}"#
      ),
      (
        #"{"p":{"n":"Bo Ek"},"d":"31.12.1999"}"#, #"{"name":[{"family":"Ek"}],"born":"1999-12-31"}"#
      ),
    ].map { MappingExample(input: try JSON.parse($0), output: try JSON.parse($1)) }
    let program = try #require(MappingSearch.program(for: FlatRecordSet(examples)))
    #expect(program.line == "name[0].family = p.n last ; born = d date")
    #expect(program.reproduces(examples))
  }
}
