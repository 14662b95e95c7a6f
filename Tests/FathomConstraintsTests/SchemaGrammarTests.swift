import FathomCore
import Testing

@testable import FathomConstraints

@Suite struct SchemaGrammarTests {
  @Test(
    arguments: [
      (#"{"type":"null"}"#, ["null"], ["nul", "nulll", "\"null\"", ""]),
      (#"{"type":"boolean"}"#, ["true", "false"], ["True", "1"]),
      (
        #"{"type":"integer"}"#, ["0", "-7", "123456789012345678"], ["01", "1.0", "1e3", "--1", "-"]
      ),
      (
        #"{"type":"number"}"#, ["0", "-0.5", "1e3", "2.5E-10"], [".5", "1.", "+1", "1e999", "NaN"]
      ),
      (
        #"{"type":"string"}"#, [#""""#, #""aé船😀""#, #""\n\"\\\u00e9\ud83d\ude00""#],
        ["\"a\nb\"", #""\x""#, #""\ud83d""#, #""\ude00""#, #""\u12""#, "a"]
      ),
      (
        #"{"type":"string","minLength":2,"maxLength":3}"#, [#""ab""#, #""船é😀""#, #""\u00e9\n""#],
        [#""a""#, #""abcd""#]
      ),
      (#"{"type":"string","nullable":true}"#, ["null", #""a""#], ["1"]),
      (#"{"type":["string","null"]}"#, ["null", #""a""#], ["1"]),
      (
        #"{"enum":["a",1,null,{"k":[true]}]}"#, [#""a""#, "1", "null", #"{"k":[true]}"#],
        ["2", #""b""#]
      ),
      (#"{"enum":["a",1],"type":"string"}"#, [#""a""#], ["1"]),
      (#"{"const":"a/\"b\""}"#, [#""a/\"b\"""#], [#""a""#]),
      (
        #"{"type":"array","items":{"type":"integer"}}"#,
        ["[]", "[1]", "[1, 2,3]", "[\n  1,\n  2\n]"], ["[1,]", "[,1]", "[\"a\"]", "[1 ,2]"]
      ),
      (
        #"{"type":"array","items":{"const":1},"minItems":2,"maxItems":3}"#, ["[1,1]", "[1,1,1]"],
        ["[]", "[1]", "[1,1,1,1]"]
      ),
      (#"{"type":"array","items":{"const":1},"maxItems":0}"#, ["[]", "[ ]"], ["[1]"]),
      (
        #"{"type":"array","prefixItems":[{"const":1},{"const":2},{"const":3}],"items":{"const":9},"minItems":2}"#,
        ["[1,2]", "[1,2,3]", "[1,2,3,9,9]"], ["[1]", "[1,2,9]", "[1,3]"]
      ),
      (
        #"{"type":"array","prefixItems":[{"const":1},{"const":2},{"const":3}],"maxItems":2}"#,
        ["[]", "[1]", "[1,2]"], ["[1,2,3]"]
      ),
      (#"{"type":"array","items":[{"const":1},{"const":2}]}"#, ["[]", "[1,2]"], ["[1,2,2]"]),
      (
        #"{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}"#,
        [
          #"{"b":2}"#, #"{"a":1,"b":2,"c":3}"#, #"{"b": 2, "c": 3}"#,
          "{\n\t\"a\": 1,\n\t\"b\": 2\n}",
        ],
        [
          "{}", #"{"a":1}"#, #"{"b":2,"a":1}"#, #"{"a":1,"a":1,"b":2}"#, #"{"b":2,"d":4}"#,
          #"{,"b":2}"#,
        ]
      ),
      (#"{"type":"object","properties":{"a":{"const":1}}}"#, ["{}", #"{"a":1}"#], [#"{"b":1}"#]),
      (#"{"type":"object"}"#, ["{}", #"{"x":[1,{"y":null}]}"#], ["[]"]),
      (
        #"{"type":"object","properties":{"ab":{"const":1}},"additionalProperties":{"const":2}}"#,
        [#"{"ab":1}"#, #"{"a":2}"#, #"{"abc":2,"":2}"#, #"{"ab":1,"é":2}"#],
        [#"{"ab":2}"#, #"{"ab":1,"ab":2}"#, #"{"a":1}"#]
      ),
      (#"{"type":"object","required":["x"]}"#, [#"{"x":1}"#, #"{"x":[],"y":2}"#], ["{}"]),
      (
        #"{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"T"}"#,
        ["1", "null"], ["true"]
      ),
      (
        #"{"type":"object","properties":{"k":{"const":0}},"anyOf":[{"required":["k"]},{"properties":{"j":{"const":1}},"required":["j"]}]}"#,
        [#"{"k":0}"#, #"{"j":1}"#, #"{"k":0,"j":1}"#], ["{}"]
      ),
      (##"{"$ref":"#/definitions/a%20b~1c","definitions":{"a b/c":{"const":5}}}"##, ["5"], ["6"]),
      (
        ##"{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##,
        ["{}", #"{"next":{"next":{}}}"#], [#"{"next":1}"#]
      ),
      (
        ##"{"properties":{"a":{"$ref":"#/$defs/P","minimum":5}},"required":["a"],"$defs":{"P":{"type":"integer","maximum":7}}}"##,
        [#"{"a":5}"#, #"{"a":7}"#], [#"{"a":4}"#, #"{"a":8}"#]
      ),
      (#"{"type":"string","pattern":"^[a-z]+$"}"#, [#""abc""#], [#""aBc""#, #""""#]),
      (
        #"{"type":"string","pattern":"a\"\\\\b\\n?"}"#, [#""a\"\\b""#, #""a\"\\b\n""#], [#""a"b""#]
      ),
      (
        #"{"type":"string","format":"date"}"#, [#""2024-02-29""#, #""2023-12-31""#],
        [#""2023-02-29""#, #""2023-04-31""#, #""2023-1-1""#]
      ),
      (
        #"{"type":"string","format":"ipv4"}"#, [#""255.0.10.1""#],
        [#""256.0.0.1""#, #""01.1.1.1""#]
      ),
      (#"{"type":"string","format":"uri"}"#, [#""anything""#], ["1"]),
      (#"{"minLength":1}"#, [#""a""#], [#""""#, "1"]),
      ("true", ["1", "{}", "[[]]"], [""]),
    ] as [(String, [String], [String])])
  func `a schema allows what is valid and nothing else`(
    _ text: String, _ valid: [String], _ invalid: [String]
  ) throws {
    let grammar = try schema(text)
    for answer in valid { #expect(grammar.allows(answer), "\(text): \(answer)") }
    for answer in invalid { #expect(!grammar.allows(answer), "\(text): \(answer)") }
  }

  @Test func `bounds of numbers are exact`() throws {
    for seed in 0..<40 as Range<UInt64> {
      var random = SplitMix(seed: seed)
      func integer(_ limit: Int) -> Int {
        Int.random(in: -limit...limit, using: &random)
      }
      let limit = [3, 30, 1200][Int(seed % 3)]
      let (a, b) = (integer(limit), integer(limit))
      let (low, high) = (min(a, b), max(a, b))
      let grammar = try schema(#"{"type":"integer","minimum":\#(low),"maximum":\#(high)}"#)
      for value in -2 * limit...2 * limit {
        #expect(
          grammar.allows("\(value)") == (low...high).contains(value),
          "seed \(seed): \(value) in \(low)...\(high)")
      }
      #expect(!grammar.allows("-0"))
      // Quarters, so that both bounds and numbers have fractions.
      let from = Double(low) / 4
      let to = Double(high) / 4 + 0.25
      let open = try schema(
        #"{"type":"number","exclusiveMinimum":\#(from),"maximum":\#(to)}"#)
      for value in -limit * 3...limit * 3 {
        let number = Double(value) / 8
        let isInside = number > from && number <= to
        #expect(open.allows("\(number)") == isInside, "seed \(seed): \(number) in \(from)...\(to)")
      }
    }
    let small = try schema(#"{"type":"number","minimum":1e-05,"maximum":0.1}"#)
    #expect(small.allows("0.00001") && small.allows("0.1") && small.allows("0.099"))
    #expect(!small.allows("0") && !small.allows("0.000009") && !small.allows("0.11"))
  }

  @Test(
    arguments: [
      (#"{"type":"integer","multipleOf":2}"#, "#/multipleOf"),
      (#"{"type":"object","properties":{"a/b":{"not":{}}}}"#, "#/properties/a~1b/not"),
      (#"{"type":"object","patternProperties":{}}"#, "#/patternProperties"),
      (#"{"type":"array","uniqueItems":true}"#, "#/uniqueItems"),
      (#"{"anyOf":[{"type":"string"},{"if":{}}]}"#, "#/anyOf/1/if"),
      (##"{"$defs":{"X":{"madeUp":1}},"$ref":"#/$defs/X"}"##, "#/$defs/X/madeUp"),
      (#"{"type":"strin"}"#, "#/type"),
      (#"{"type":"array","minItems":1000000000}"#, "#/minItems"),
      (#"{"type":"array","minItems":-1}"#, "#/minItems"),
      (#"{"type":"string","minLength":3,"maxLength":2}"#, "#/maxLength"),
      (#"{"type":"string","pattern":"(?=a)"}"#, "#/pattern, pattern, character 1"),
      (#"{"type":"string","pattern":"a+","maxLength":5}"#, "#/pattern"),
      (##"{"$ref":"#/$defs/none"}"##, "#/$ref"),
      (#"{"$ref":"http://example.com/x"}"#, "#/$ref"),
      (#"{"properties":{"a":3}}"#, "#/properties/a"),
      (
        #"{"properties":{},"required":["x"],"additionalProperties":false}"#,
        "#/additionalProperties"
      ),
      (#"{"enum":["a"],"minLength":3}"#, "#/minLength"),
      ("3", "#"),
    ] as [(String, String)])
  func `what cannot be enforced is refused by its place`(_ text: String, _ place: String) throws {
    let document = try JSON.parse(text)
    let error = refusal(try Grammar.jsonSchema(document, strict: false))
    #expect(error?.place == place, "\(error.map { "\($0)" } ?? "accepted")")
  }

  @Test func `an unknown word is named and an unknown format only in strict mode`() throws {
    let error = refusal(try schema(#"{"type":"integer","multipleOf":2}"#))
    #expect(
      error?.description
        == #"#/multipleOf: expected a keyword that can be enforced, found "multipleOf""#)
    #expect(
      refusal(try schema(#"{"type":"string","format":"uri"}"#, strict: true))?.place == "#/format")
    #expect(refusal(try schema(#"{"type":"string","format":"uri"}"#)) == nil)
  }

  @Test func `references in a circle are refused, recursion through values is not`() {
    for text in [
      ##"{"$ref":"#"}"##,
      ##"{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}}}"##,
      ##"{"anyOf":[{"$ref":"#"},{"type":"null"}]}"##,
      // Never ends.
      ##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##,
      "false",
    ] {
      #expect(refusal(try schema(text)) != nil, "\(text)")
    }
    #expect(refusal(try schema(##"{"type":"array","items":{"$ref":"#"}}"##)) == nil)
  }

  @Test func `white space is bounded`() throws {
    let grammar = try schema(#"{"type":"object","properties":{"a":{"const":1}},"required":["a"]}"#)
    let blanks = String(repeating: " ", count: 32)
    #expect(grammar.allows("{\n\(blanks)\"a\": 1\n}"))
    #expect(!grammar.allows("{\n\(blanks) \"a\": 1\n}"))
    #expect(!grammar.allows("{\n\n\"a\": 1}"))
    #expect(!grammar.allows("{  \"a\":1}"))
    #expect(!grammar.allows(" {\"a\":1}"))
    #expect(!grammar.allows("{\"a\":1} "))
  }

  @Test func `nesting ends where our parser would refuse it`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    let grammar = Grammar.json(objectOnly: false)
    #expect(grammar.allows(nested(90)))
    #expect(!grammar.allows(nested(128)))
  }
}
