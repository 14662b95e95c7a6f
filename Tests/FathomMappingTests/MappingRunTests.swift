import FathomCore
import FathomMapping
import Testing

@Suite struct MappingRunTests {
  private func run(_ program: String, _ input: String) throws -> String {
    try MappingProgram(parsing: program).run(on: JSON.parse(input)).text()
  }

  @Test(arguments: [
    ("o = f", #"{"f":{"a":[1,null]}}"#, #"{"o":{"a":[1,null]}}"#),
    ("o = f copy", #"{"f":true}"#, #"{"o":true}"#),
    ("o = f upper", #"{"f":"straße"}"#, #"{"o":"STRASSE"}"#),
    ("o = f lower", #"{"f":"ÄB1"}"#, #"{"o":"äb1"}"#),
    ("o = f first", #"{"f":"ga_ce-x"}"#, #"{"o":"ga"}"#),
    ("o = f last", #"{"f":"ga_ce-x"}"#, #"{"o":"x"}"#),
    ("o = f first -", #"{"f":"ga_ce-x"}"#, #"{"o":"ga_ce"}"#),
    ("o = f last \"ce\"", #"{"f":"ga_ce-x"}"#, #"{"o":"-x"}"#),
    ("o = f last", #"{"f":"none"}"#, #"{"o":"none"}"#),
    ("o = f split 2", #"{"f":"a b/c"}"#, #"{"o":"b"}"#),
    ("o = f split 3 /", #"{"f":"a/b//c"}"#, #"{"o":""}"#),
    ("o = f split 9 /", #"{"f":"a/b"}"#, "{}"),
    ("o = f join ~", #"{"f":["a",2,null,true]}"#, #"{"o":"a 2 true"}"#),
    ("o = f join", #"{"f":[]}"#, "{}"),
    ("o = f g cat /", #"{"f":"a","g":1.5}"#, #"{"o":"a/1.5"}"#),
    ("o = f g h cat /", #"{"f":"a","h":"b"}"#, #"{"o":"a/b"}"#),
    ("o = f g cat /", "{}", "{}"),
    ("o = f first g upper cat", #"{"f":"a-b","g":"c"}"#, #"{"o":"aC"}"#),
    ("o = f date", #"{"f":20240229}"#, #"{"o":"2024-02-29"}"#),
    ("o = f date dotted", #"{"f":"03/04/2024"}"#, #"{"o":"04.03.2024"}"#),
    ("o = f date slashed", #"{"f":"04.03.2024"}"#, #"{"o":"03/04/2024"}"#),
    ("o = f date basic", #"{"f":"0001-12-31"}"#, #"{"o":"00011231"}"#),
    ("o = f num", #"{"f":"-007.50"}"#, #"{"o":-7.5}"#),
    ("o = f num", #"{"f":"0"}"#, #"{"o":0}"#),
    ("o = f num", #"{"f":3}"#, #"{"o":3}"#),
    ("o = f text", #"{"f":3.25}"#, #"{"o":"3.25"}"#),
    ("o = f text upper", #"{"f":false}"#, #"{"o":"FALSE"}"#),
    ("o = f enum {1: one, x: 2}", #"{"f":1.0}"#, #"{"o":"one"}"#),
    ("o = f enum {1: one, x: 2}", #"{"f":"x"}"#, #"{"o":2}"#),
    ("o = f enum {x: 2, else: null}", #"{"f":"y"}"#, "{}"),
    ("o = f enum {x: 2}", "{}", "{}"),
    ("o = f default 0", "{}", #"{"o":0}"#),
    ("o = f default 0", #"{"f":null}"#, #"{"o":0}"#),
    ("o = f if g is A else h", #"{"f":1,"g":"A","h":2}"#, #"{"o":1}"#),
    ("o = f if g is A else h", #"{"f":1,"g":"B","h":2}"#, #"{"o":2}"#),
    ("o = const no if g is null", "{}", #"{"o":"no"}"#),
    ("o = const no if g is null", #"{"g":1}"#, "{}"),
    (#"a.b = ["x y"][1].z ; a.c = const 1"#, #"{"x y":[0,{"z":"é"}]}"#, #"{"a":{"b":"é","c":1}}"#),
    ("a[7].t = f ; a[2].t = g ; a[5].t = h", #"{"f":1,"g":2}"#, #"{"a":[{"t":2},{"t":1}]}"#),
    ("[1] = [0]", "[5]", "[5]"),
    ("", "{}", "{}"),
  ])
  func `each operator does what the reference says`(
    program: String, input: String, output: String
  ) throws {
    #expect(try run(program, input) == output)
  }

  @Test(arguments: [
    (
      "o = f upper", #"{"f":17}"#,
      "line 1, column 7, o, source f: expected a string for upper, found 17"
    ),
    (
      "x = f\no.p = f enum {A: b}", #"{"f":"Z"}"#,
      "line 2, column 9, o.p, source f: expected one of the codes A, found \"Z\""
    ),
    (
      "o = a.b date", #"{"a":{"b":"2023-02-29"}}"#,
      "line 1, column 9, o, source a.b: expected a date (YYYY-MM-DD, YYYYMMDD, DD.MM.YYYY, MM/DD/YYYY), found \"2023-02-29\""
    ),
    (
      "o = f num", #"{"f":"1e"}"#,
      "line 1, column 7, o, source f: expected a number in text, found \"1e\""
    ),
    (
      "o = f num", #"{"f":""}"#,
      "line 1, column 7, o, source f: expected a number in text, found \"\""
    ),
    (
      "o = f num", #"{"f":" 1"}"#,
      "line 1, column 7, o, source f: expected a number in text, found \" 1\""
    ),
    (
      "o = f join", #"{"f":"a"}"#,
      "line 1, column 7, o, source f: expected an array for join, found \"a\""
    ),
    (
      "o = f g cat", #"{"f":"a","g":[1]}"#,
      "line 1, column 9, o, source g: expected strings, numbers or bools to join, found an array of 1"
    ),
  ])
  func `a value that an operator can't take is an error with statement, source and value`(
    program: String, input: String, message: String
  ) {
    #expect { try run(program, input) } throws: { "\($0)" == message }
  }

  @Test(arguments: [
    ("o = f num upper", "line 1, column 11, o: expected string for upper, found number"),
    ("o = const 1 first", "line 1, column 13, o: expected string for first, found number"),
    ("o = f join num join", "line 1, column 16, o: expected array for join, found number"),
    ("o = const true num", "line 1, column 16, o: expected string or number for num, found bool"),
    ("o = f enum {A: 1} lower", "line 1, column 19, o: expected string for lower, found number"),
    ("o = f g", "line 1, column 1, o: expected one value (cat joins several), found 2"),
    ("o = upper", "line 1, column 5, o: expected a source or const before upper, found none"),
    (
      "o = const",
      "line 1, column 5, o: expected a value behind const, or examples to take it from, found neither"
    ),
    (
      "o = f enum",
      "line 1, column 7, o: expected a table behind enum, or examples to take it from, found neither"
    ),
    (
      "a = f ; a = g",
      "line 1, column 9, a: expected a target that no other statement fills, found a value there already"
    ),
    (
      "a.b = f ; a = g",
      "line 1, column 11, a: expected a target that no other statement fills, found an object there already"
    ),
    (
      "a.b = f ; a[0] = g",
      "line 1, column 11, a[0]: expected a target that no other statement fills, found an object there already"
    ),
    (
      "b = f ; [0] = g",
      "line 1, column 9, [0]: expected a target that no other statement fills, found an object there already"
    ),
  ])
  func `what can't work for any record is refused before running`(program: String, message: String)
    throws
  {
    let parsed = try MappingProgram(parsing: program)
    #expect { try parsed.check() } throws: { "\($0)" == message }
    #expect { try parsed.run(on: .object(JSONObject())) } throws: { "\($0)" == message }
  }

  @Test func `targets that begin with an index make an array`() throws {
    #expect(try run("[0].a = f ; [1] = f", #"{"f":1}"#) == #"[{"a":1},1]"#)
  }

  @Test func `steps, output bytes and depth have limits`() throws {
    var limits = MappingLimits()
    limits.steps = 5
    let many = try MappingProgram(parsing: "a = f copy copy copy copy copy")
    #expect(throws: InputError.self) {
      try many.run(on: .object(JSONObject(["f": .integer(1)])), limits: limits)
    }

    limits = MappingLimits()
    limits.outputBytes = 1000
    let long = JSON.object(JSONObject(["f": .string(String(repeating: "x", count: 600))]))
    let twice = try MappingProgram(parsing: "a = f f cat")
    let apart = try MappingProgram(parsing: "a = f ; b = f")
    #expect(throws: InputError.self) { try twice.run(on: long, limits: limits) }
    #expect(throws: InputError.self) { try apart.run(on: long, limits: limits) }
    _ = try MappingProgram(parsing: "a = f").run(on: long, limits: limits)

    var deep = JSON.integer(1)
    for _ in 0..<500 { deep = .array([deep]) }
    #expect(throws: InputError.self) {
      try MappingProgram(parsing: "a = f").run(on: .object(JSONObject(["f": deep])))
    }
  }

  @Test func `differences are lines for a repair prompt`() throws {
    let program = try MappingProgram(
      parsing: "o1 = f1 ; o2 = f2 upper ; o4 = f1 num ; o5 = f3 ; x.y = f3")
    let input = try JSON.parse(#"{"f1":"ab","f2":"ejyt","f3":7}"#)
    let expected = try JSON.parse(#"{"o1":"ab","o2":"ejyt","o3":"a b","o4":3,"o5":7.0,"n":null}"#)
    #expect(
      program.differences(from: expected, on: input).map(\.description) == [
        "o2: got EJYT, want ejyt",
        #"o3: missing, want "a b""#,
        #"o4: expected a number in text, found "ab", want 3"#,
        "x.y: got 7, want nothing",
      ])
  }

  @Test func `order of members and spelling of numbers make no difference`() throws {
    let program = try MappingProgram(parsing: "b = f ; a = const 2")
    let expected = try JSON.parse(#"{"a":2.0,"b":1}"#)
    #expect(program.differences(from: expected, on: .object(JSONObject(["f": .double(1)]))).isEmpty)
  }

  @Test func `an empty program makes an empty record`() throws {
    let program = MappingProgram([])
    #expect(program.differences(from: .object(JSONObject()), on: .null).isEmpty)
    #expect(!program.differences(from: .object(JSONObject(["a": .integer(1)])), on: .null).isEmpty)
  }
}

@Suite struct MappingDateTests {
  @Test func `all four forms of each day of some years convert into each other`() {
    for year in [1, 1900, 1999, 2000, 2023, 2024, 9999] {
      for month in 1...12 {
        for day in 1...31 {
          guard let date = MappingDate(year: year, month: month, day: day) else {
            #expect(day > 28)
            continue
          }
          for format in MappingDate.Format.allCases {
            #expect(MappingDate(date.text(format)) == date)
          }
        }
      }
    }
  }

  @Test(arguments: [
    "", "2024", "2024-1-01", "2024-13-01", "2024-00-10", "2023-02-29", "1900-02-29", "31.04.2024",
    "2024/01/01", "20240101 ", "２０２４-01-01", "2024-01-0a", "YYYY-MM-DD", "00/10/2024",
  ])
  func `what is no date is none`(text: String) {
    #expect(MappingDate(text) == nil)
  }
}
