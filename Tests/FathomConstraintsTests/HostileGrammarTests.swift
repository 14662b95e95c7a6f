import FathomCore
import Testing

@testable import FathomConstraints

/// What others crashed of, hung on or ran out of memory with.
@Suite struct HostileGrammarTests {
  @Test(.timeLimit(.minutes(2)))
  func `grammars made to crash are refused`() throws {
    let deep = 60_000
    func nested(_ open: String, _ middle: String, _ close: String) -> String {
      String(repeating: open, count: deep) + middle + String(repeating: close, count: deep)
    }
    let texts: [() throws -> Grammar] = [
      { try .regex(nested("(", "a", ")")) },
      { try .regex(String(repeating: "(", count: 10_000)) },
      { try .regex(nested("", "a", "{1}")) },
      {
        try .regex("(a?){10000}(b?){10000}(c?){10000}(d?){10000}(e?){10000}(f?){10000}(g?){10000}")
      },
      {
        try .gbnf(
          "root ::= \(String(repeating: "(", count: deep))\"a\"\(String(repeating: ")", count: deep))"
        )
      },
      { try .gbnf("root ::= \"a\"" + String(repeating: "*", count: deep)) },
      { try .gbnf((0..<20_000).map { "r\($0) ::= \"a\"\n" }.joined() + "root ::= r0") },
      { try .literal(String(repeating: "x", count: 1 << 20)) },
      {
        try .jsonSchema(
          .object(JSONObject(["enum": .array((0..<1_000_000).map { .integer($0) })])), strict: true)
      },
      { try schema(#"{"type":"array","minItems":1000000000,"items":{"type":"string"}}"#) },
      {
        try schema(
          #"{"type":"array","items":{"type":"array","minItems":9999,"items":{"type":"string","minLength":9998}}, "minItems":1000000}"#
        )
      },
      {
        var document = JSON.object(JSONObject(["type": .string("null")]))
        for _ in 0..<100 {
          document = .object(JSONObject(["type": .string("array"), "items": document]))
        }
        return try .jsonSchema(document, strict: true)
      },
      {
        // Two to the power of sixty ways.
        let both = #"{"anyOf":[{"minLength":1},{"maxLength":5}]}"#
        return try schema(#"{"allOf":[\#((0..<60).map { _ in both }.joined(separator: ","))]}"#)
      },
      {
        let names = (0..<5000).map { ##""d\##($0)":{"$ref":"#/$defs/d\##($0 + 1)"}"## }
        return try schema(
          ##"{"$ref":"#/$defs/d0","$defs":{\##(names.joined(separator: ",")),"d5000":{}}}"##)
      },
    ]
    // A text of 10^15 characters, but a small grammar.
    #expect(refusal(try .regex("((((a{1000}){1000}){1000}){1000}){1000}")) == nil)
    for (index, text) in texts.enumerated() {
      #expect(refusal(try text()) != nil, "number \(index)")
    }
  }

  @Test(
    .timeLimit(.minutes(2)),
    arguments: [
      "(a+)+b", "(a|a)*b", "(a|aa)+$", "(.*)*x", "([a-z]+)*!", "(((a*)*)*)*b",
      "([a-m]|[n-z])*[a-m][a-z]{300}", "(a?){400}a{400}", "(x{0,100}){0,100}y",
    ])
  func `patterns that explode elsewhere are written to the end`(_ pattern: String) throws {
    let cache = try #require(Vocabularies.tiny)
    for seed in 0..<2 as Range<UInt64> {
      _ = try randomText(.regex(pattern), cache, seed: seed, free: 20)
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func `ambiguous recursion stays small`() throws {
    let cache = try #require(Vocabularies.tiny)
    let grammar = try Grammar.gbnf(
      "root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"a\" root root | \"d\"")
    for seed in 0..<5 as Range<UInt64> {
      _ = try randomText(grammar, cache, seed: seed, free: 60)
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func `ten thousand schemas leave a bounded cache`() throws {
    let cache = ConstraintCache(
      try #require(Vocabularies.tiny).trie, stopTokens: [1], grammarLimit: 16,
      memoryLimitBytes: 4 << 20)
    for index in 0..<10_000 {
      let constraint = try Constraint(
        schema(#"{"type":"object","properties":{"p\#(index)":{"type":"null"}}}"#), cache: cache)
      _ = constraint.mask()
      #expect(cache.grammarCount <= 16)
    }
    #expect(cache.byteCount <= 4 << 20)
  }
}
