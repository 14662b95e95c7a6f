import FathomCore
import FathomMapping
import Testing

@Suite struct MappingParserTests {
  @Test func `labels and paths are the same grammar`() throws {
    let labels = try MappingProgram(
      parsing: #"o1 = f4 first ; o2 = f5 upper ; o3 = const Observation ; o4 = f3 f6 cat "/""#)
    let paths = try MappingProgram(
      parsing: """
        id = source.name first
        unit = source.ward upper
        resourceType = const Observation
        display = source.a source.b cat /
        """)
    #expect(labels.statements.count == 4 && paths.statements.count == 4)
    #expect(
      labels.statements[3].expression
        == .chain([
          .source(MappingPath(label: "f3")), .source(MappingPath(label: "f6")),
          .operation(.cat(separator: "/")),
        ]))
    #expect(
      paths.statements[1].expression.sources
        == [MappingPath([.key("source"), .key("ward")])])
  }

  @Test(arguments: [
    "o1 = f1",
    "o1 = f1 copy",
    "o1 = f4 first upper",
    #"a.b[0]["a key"].é = ["first"]["x.y"] first "T" last ~ split 3 - split 2"#,
    #"o1 = f1 f2 f3 cat ", " ; o2 = f1 join / ; o3 = f2 cat ; o4 = f2 join"#,
    "o1 = f1 date ; o2 = f1 date basic ; o3 = f1 date dotted ; o4 = f1 date slashed",
    #"o1 = f1 enum {M: male, "a b": 2, 1: true, else: unknown} ; o2 = f1 enum ; o3 = const"#,
    "o1 = f1 default none ; o2 = f1 num ; o3 = f1 text",
    #"o1 = const -1.5 ; o2 = const "true" ; o3 = const true ; o4 = const null ; o5 = const """#,
    "o1 = f2 if f1 is A else f3 upper if f4 is true else const none",
    "o1 = f2 first if f1 is null",
    #"first = ["first"] first ; text.date = ["if"] if ["is"] is B else ["else"]"#,
    #"o1 = const "line\n\t\"quoted\" \\ ü 😀""#,
    "",
  ])
  func `a printed program reads back as itself`(text: String) throws {
    let program = try MappingProgram(parsing: text)
    #expect(try MappingProgram(parsing: program.description) == program)
    #expect(try MappingProgram(parsing: program.line) == program)
    #expect(program.line == text)
  }

  @Test func `comments, blank lines and spare separators are nothing`() throws {
    let program = try MappingProgram(
      parsing:
        "// head\n\n; ;o1=f1 upper// tail\r\n  o2 = f2 enum {\n A: B,\n // inside\n C: D }\n;")
    #expect(program.line == "o1 = f1 upper ; o2 = f2 enum {A: B, C: D}")
  }

  @Test(arguments: [
    ("o1 f1", "line 1, column 4", "\"=\" after o1"),
    ("o1 =", "line 1, column 5", "a source, const or an operator"),
    ("o1 = f1\no2 = ]", "line 2, column 6", "a source, const or an operator"),
    ("= f1", "line 1, column 1", "the name of a target"),
    ("o1 = f1 if first is A", "line 1, column 12", "a source behind if"),
    ("o1 = f1 else f2", "line 1, column 9", "an operator, \";\" or the end of the line"),
    ("o1 = f1 split", "line 1, column 14", "the number of a part, from 1"),
    ("o1 = f1 split 0", "line 1, column 15", "the number of a part, from 1, up to 1000000"),
    (
      "o1 = f1 split 99999999999999999999", "line 1, column 15",
      "the number of a part, from 1, up to 1000000"
    ),
    ("o1 = f1 first \"\"", "line 1, column 14", "a separator of at least one character"),
    ("o1 = f1 default", "line 1, column 16", "a constant behind default"),
    ("o1 = f1 enum {A male}", "line 1, column 17", "\":\" behind a code"),
    ("o1 = f1 enum {A: b, A: c}", "line 1, column 21", "each code of an enum once"),
    ("o1 = f1 enum {A: b", "line 1, column 19", "\",\" or \"}\""),
    ("o1 = f1 if f2 = A", "line 1, column 15", "\"is\" after f2"),
    ("o1 = const \"abc", "line 1, column 12", "a closing quote in the same line"),
    ("o1 = const 1-2", "line 1, column 12", "a number, or text in quotes"),
    ("o1 = const a.b", "line 1, column 12", "a name, or text in quotes"),
    ("a[x] = f1", "line 1, column 3", "an index or a name in quotes"),
    ("a. = f1", "line 1, column 3", "a name behind \".\""),
    ("o1 = f1 upper ! ", "line 1, column 15", "an operator, \";\" or the end of the line"),
  ])
  func `what is no program is an error with line, column and expectation`(
    text: String, place: String, expectation: String
  ) {
    #expect { try MappingProgram(parsing: text) } throws: { error in
      guard let error = error as? InputError else { return false }
      #expect(error.place == place && error.expectation == expectation, "\(error)")
      return error.place == place && error.expectation == expectation
    }
  }

  @Test func `length, statements, steps of a path and nested else have limits`() {
    let long = String(repeating: "a", count: 70_000)
    let many = String(repeating: "a = b;", count: 1001)
    let deep = "a" + String(repeating: ".a", count: 100) + " = b"
    let nested = "a = " + String(repeating: "b if c is d else ", count: 5000) + "b"
    for text in [long, many, deep, nested] {
      #expect(throws: InputError.self) { try MappingProgram(parsing: text) }
    }
  }

  @Test func `no text of random pieces breaks the parser`() {
    let pieces = [
      "o1", "f1", "=", ";", "\n", "const", "enum", "{", "}", ":", ",", "\"", "\\", "if", "is",
      "else",
      "split", "9", "-", "~", "/", "//", "[", "]", ".", "date", "cat", "first", "default", "é",
      "\u{301}",
      "true", "null", " ", "#", "_", "@", "😀", "\0", "99999999999999999999",
    ]
    var state: UInt64 = 1
    for round in 0..<4000 {
      var text = ""
      for _ in 0..<12 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int((state >> 33) % UInt64(pieces.count))]
        if (state >> 20) & 1 == 0 { text += " " }
      }
      guard let program = try? MappingProgram(parsing: text) else { continue }
      #expect((try? MappingProgram(parsing: program.line)) == program, "round \(round): \(text)")
      _ = try? program.run(on: .object(JSONObject(["f1": .string("a-b")])))
    }
  }
}
