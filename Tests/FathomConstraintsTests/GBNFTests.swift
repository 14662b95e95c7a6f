import FathomCore
import Testing

@testable import FathomConstraints

@Suite struct GBNFTests {
  /// `grammars/json.gbnf` of llama.cpp, as it is published.
  static let json = #"""
    root   ::= object
    value  ::= object | array | string | number | ("true" | "false" | "null") ws

    object ::=
      "{" ws (
                string ":" ws value
        ("," ws string ":" ws value)*
      )? "}" ws

    array  ::=
      "[" ws (
                value
        ("," ws value)*
      )? "]" ws

    string ::=
      "\"" (
        [^"\\\x7F\x00-\x1F] |
        "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
      )* "\"" ws

    number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

    # Optional space: by convention, applied in this grammar after literal chars when allowed
    ws ::= | " " | "\n" [ \t]{0,20}
    """#

  @Test func `the JSON grammar of llama cpp works`() throws {
    let grammar = try Grammar.gbnf(Self.json)
    #expect(grammar.allows(#"{"a": [1, 2.5e3, "x\u00e9", {"b": null }], "c":true}"#))
    #expect(!grammar.allows(#"{"a": [1,]}"#))
    for seed in 0..<12 as Range<UInt64> {
      let cache = Vocabularies.all[Int(seed) % Vocabularies.all.count]
      _ = try randomText(grammar, cache, seed: seed, free: 40)
    }
  }

  @Test(
    arguments: [
      ("root ::= \"a\" | \"b\"\n  | \"c\"", ["a", "b", "c"], ["d"]),
      ("root ::= [a-z]+ \" \" x\nx ::= .", ["ab ü", "z \n"], ["ab"]),
      ("root ::= (\"a\" \"b\")? \"c\"{2,3} # end\n", ["cc", "abccc"], ["abc", "cccc"]),
      ("root ::= \"\\x41\\u00e9\\U0001F600\\\"\\\\\"", ["Aé😀\"\\"], ["A"]),
      ("root ::= list\nlist ::= \"x\" \",\" list | \"x\"", ["x", "x,x,x"], ["x,"]),
      ("root ::= \"(\" root \")\" | \"\"", ["", "()", "((()))"], ["(", "(()"]),
      ("root ::= [^\"\\]-]", ["a", "["], ["]", "-", "\""]),
      ("root ::= move (\" \" move)*\r\nmove ::= [a-h] [1-8]", ["e4 e5"], ["e9"]),
    ] as [(String, [String], [String])])
  func `a grammar allows its texts`(_ text: String, _ valid: [String], _ others: [String]) throws {
    let grammar = try Grammar.gbnf(text)
    for text in valid { #expect(grammar.allows(text), "\(text)") }
    for text in others { #expect(!grammar.allows(text), "\(text)") }
  }

  @Test(
    arguments: [
      ("", "grammar"), ("x ::= \"a\"", "grammar"), ("root = \"a\"", "grammar, line 1"),
      ("root ::= a\n", "grammar, line 1"), ("root ::= \"a", "grammar, line 1"),
      ("root ::= (\"a\"", "grammar, line 1"), ("root ::= \"a\"\nroot ::= \"b\"", "grammar, line 2"),
      ("root ::= *", "grammar, line 1"), ("root ::= \"a\"{2,1}", "grammar, line 1"),
      ("root ::= \"a\"{99999999999}", "grammar, line 1"), ("root ::= root \"a\" | \"a\"", "root"),
      ("root ::= x\nx ::= y? x \"a\" | \"b\"\ny ::= \"c\"", "x"), ("root ::= \"a\" root", "root"),
      ("root ::= <think>", "grammar, line 1"), ("root ::= [z-a]", "grammar, line 1"),
      ("root ::= \"\\q\"", "grammar, line 1"), ("root ::= []", "root"),
    ] as [(String, String)])
  func `a grammar that is broken says where`(_ text: String, _ place: String) {
    #expect(refusal(try .gbnf(text))?.place == place, "\(text)")
  }
}
