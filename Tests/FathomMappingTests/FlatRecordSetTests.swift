import FathomCore
import FathomMapping
import Testing

@Suite struct FlatRecordSetTests {
  private func records(_ texts: (String, String)...) throws -> FlatRecordSet {
    try FlatRecordSet(
      texts.map { MappingExample(input: try JSON.parse($0), output: try JSON.parse($1)) })
  }

  private func patients() throws -> FlatRecordSet {
    try records(
      (
        #"{"pat":{"familyName":"Qiqu","tags":["x_ab"],"age":7}}"#,
        #"{"name":[{"family":"QIQU"}],"tag":"ab","kind":"a b"}"#
      ),
      (
        #"{"pat":{"familyName":"Wa","tags":["y_cd","z"]}}"#,
        #"{"name":[{"family":"WA"}],"tag":"cd","kind":"a b"}"#
      ))
  }

  @Test func `nested records become rows with labels on both sides of a value`() throws {
    #expect(
      try patients().prompt
        == "in family_name f1 * qi qu f1 * wa f1 ; tags f2 x _ ab f2 y _ cd f2 ; age f3 # 7 f3 #n f3"
        + " ; pat_tags_1 f4 #n f4 z f4"
        + " out family o1 ^ qi qu o1 ^ wa ; tag o2 ab o2 cd ; kind o3 a ~ b o3 a ~ b")
  }

  @Test func `a program in labels becomes one in paths and back`() throws {
    let records = try patients()
    let labels = "o1 = f1 upper ; o2 = f2 last ; o3 = const"
    let program = try records.program(from: labels)
    #expect(
      program.description == """
        name[0].family = pat.familyName upper
        tag = pat.tags[0] last
        kind = const "a b"
        """)
    #expect(program.reproduces(records.examples))
    #expect(
      try records.labelled(program).line == "o1 = f1 upper ; o2 = f2 last ; o3 = const \"a b\"")
  }

  @Test func `the trace shows the wanted value, its sources and the operator`() throws {
    let records = try patients()
    let program = try MappingProgram(
      parsing: "o1 = f1 upper ; o2 = f2 last ; o3 = const ; o9 = f7 f1 cat /")
    #expect(
      records.trace(of: program)
        == "o1 ^ qi qu < * qi qu f1 upper ; o2 ab < x _ ab f2 last ; o3 a ~ b < const"
        + " ; o9 #n < f7 * qi qu f1 cat /")
  }

  @Test func `failures are short lines with spelled values`() throws {
    let records = try patients()
    let program = try MappingProgram(parsing: "o1 = f1 lower ; o3 = f4 date ; o7 = f1")
    #expect(
      records.failures(of: program) == [
        "o1 got qi qu want ^ qi qu", "o2 missing want ab", "o3 got #n want a ~ b", "o7 unknown",
      ])
    #expect(
      records.failures(of: try MappingProgram(parsing: "o1 = f1 upper ; o2 = f2 last ; o3 = const"))
        .isEmpty)
    #expect(
      records.failures(of: try MappingProgram(parsing: "o1 = f1 num ; o2 = f2 last ; o3 = f1 enum"))
        == ["o1 error want ^ qi qu", "o3 error want a ~ b"])
    #expect(
      records.repairPrompt(for: program).hasPrefix(records.prompt + " try o1 = f1 lower ; o3"))
  }

  @Test(arguments: [
    "o1 = f9 upper", "o4 = f1", "f1 = o1", "o1 = pat.familyName", "o1 = f1 (", "o1 = o2",
  ])
  func `labels that no row has are errors`(text: String) throws {
    let records = try patients()
    #expect(throws: InputError.self) { try records.program(from: text) }
  }

  @Test func `records that can't be flattened are errors`() throws {
    let long = String(repeating: "x", count: 500)
    var wide = JSONObject()
    for number in 0..<200 { wide["k\(number)"] = .integer(number) }
    #expect(throws: InputError.self) { try records((#"{"a":"\#(long)"}"#, #"{"b":1}"#)) }
    #expect(throws: InputError.self) { try records((JSON.object(wide).text(), #"{"b":1}"#)) }
    #expect(throws: InputError.self) { try records((#"{"a":1}"#, #"{"b":[]}"#)) }
    #expect(throws: InputError.self) { try records(("5", #"{"b":1}"#)) }
    #expect(throws: InputError.self) { try FlatRecordSet([]) }
  }

  @Test func `keys are plain words whatever the record calls them`() throws {
    let records = try records(
      (
        #"{"E-Mail (home)":"a","; out o1":"b","":"c","日付":"d","given":"e","x":{"given":"f"}}"#,
        #"{"o":1}"#
      ))
    #expect(
      records.inputs.map(\.key) == ["e_mail_home", "out_o1", "item", "日付", "given", "x_given"])
  }
}
