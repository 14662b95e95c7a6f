import FathomCore
import FathomText
import Testing

@testable import FathomConstraints
@testable import FathomInference
@testable import FathomServer

@Suite struct ToolGrammarTests {
  private static let find = #"""
    {"name": "find_city", "strict": true, "parameters": {"type": "object", "additionalProperties": false,
      "$defs": {"Unit": {"enum": ["metric", "im \"perial\""]}},
      "properties": {
        "city": {"type": "string"}, "unit": {"$ref": "#/$defs/Unit"},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "maxItems": 3},
        "code": {"type": "string", "pattern": "[A-Z]{2}[0-9]+"},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
        "near": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]}},
      "required": ["city", "unit", "days", "code", "note"]}}
    """#
  private static let now = #"{"name": "now", "parameters": {"type": "object", "properties": {}}}"#
  /// A schema that can't be enforced, and one that is not there.
  private static let even =
    #"{"name": "even", "parameters": {"type": "object", "properties": {"n": {"multipleOf": 2}}}}"#
  private static let free = #"{"name": "free"}"#

  private static func tools(_ functions: String...) throws -> [ToolDefinition] {
    try tools(functions)
  }

  private static func tools(_ functions: [String]) throws -> [ToolDefinition] {
    try functions.map {
      try ToolDefinition(JSON.parse(#"{"type": "function", "function": \#($0)}"#))
    }
  }

  private static let formats = [
    ChatFormat.deepSeekV3, .deepSeekV31, .deepSeekV32,
  ].map(\.name)

  private static func cache() throws -> ConstraintCache {
    let language = try TestService.get().language
    return ConstraintCache(
      TokenTrie(language.tokenizer), stopTokens: language.stopTokens.sorted())
  }

  private static func calls(of text: String, _ format: ChatFormat) -> [(String, String)] {
    var parser = ResponseParser(reasoning: .closed, toolCalls: format.toolCallSyntax)
    var calls: [(String, String)] = []
    for event in parser.feed(text) + parser.finish() {
      switch event {
      case .toolCall(_, let name): calls.append((name, ""))
      case .toolArguments(_, let text): calls[calls.count - 1].1 += text
      case .reasoning(let text), .content(let text), .malformedToolCall(let text):
        #expect(!text.contains { !$0.isNewline }, "no call: \(text)")
      }
    }
    return calls
  }

  /// Random answers that a grammar allows are read back as calls whose arguments obey their schemas.
  @Test(arguments: formats, [[find], [now], [even, free], [find, now, even, free]])
  func `every call that has to be made reads back`(name: String, functions: [String]) throws {
    let format = try ChatFormat.named(name)
    let tools = try Self.tools(functions)
    let cache = try Self.cache()
    let (grammar, start) = try #require(
      try ToolGrammar(choice: .required, tools: tools)
        .grammar(format, TestService.get().language.tokenizer))
    #expect(start == .answer)
    for (seed, free) in [(0, 0), (1, 20), (2, 60), (3, 120)] as [(UInt64, Int)] {
      let bytes = try randomText(grammar, cache, seed: seed, free: free)
      let text = String(decoding: bytes, as: UTF8.self)
      let calls = Self.calls(of: text, format)
      #expect((1...4).contains(calls.count), "seed \(seed): \(text)")
      for (name, arguments) in calls {
        #expect(tools.contains { $0.name == name }, "seed \(seed): \(text)")
        var json = JSONPrefix()
        #expect(arguments.utf8.allSatisfy { json.take($0) } && json.isComplete, "seed \(seed)")
        guard name == "find_city" else { continue }
        #expect(Self.obeys(try JSON.parse(arguments)), "seed \(seed): \(arguments)")
      }
    }
  }

  /// What the schema of `find_city` says, in other words.
  private static func obeys(_ value: JSON) -> Bool {
    guard let object = value.objectValue, value["city"]?.stringValue != nil,
      ["metric", "im \"perial\""].contains(value["unit"]?.stringValue),
      let days = value["days"]?.arrayValue, days.count <= 3,
      days.allSatisfy({ (1...9).contains($0.intValue ?? 0) }),
      let code = value["code"]?.stringValue, code.wholeMatch(of: /[A-Z]{2}[0-9]+/) != nil,
      let note = value["note"], note.isNull || note.stringValue?.unicodeScalars.count ?? 9 <= 5
    else { return false }
    if let near = value["near"], near["lat"]?.doubleValue == nil { return false }
    let known = ["city", "unit", "days", "code", "note", "near"]
    return object.members.map(\.key).elementsEqual(known.prefix(object.count))
  }

  @Test(arguments: formats)
  func `a named tool is called once`(name: String) throws {
    let format = try ChatFormat.named(name)
    let tokenizer = try TestService.get().language.tokenizer
    let tools = try Self.tools(Self.find, Self.now)
    let named = ToolGrammar(choice: .named("now"), tools: tools)
    let (grammar, _) = try #require(try named.grammar(format, tokenizer))
    for seed in 0..<10 as Range<UInt64> {
      let text = String(
        decoding: try randomText(grammar, try Self.cache(), seed: seed), as: UTF8.self)
      #expect(Self.calls(of: text, format).map(\.0) == ["now"], "seed \(seed): \(text)")
    }
    let error = try #require(throws: APIError.self) {
      try ToolGrammar(choice: .named("gone"), tools: tools).grammar(format, tokenizer)
    }
    #expect(error.param == "tool_choice")
  }

  private static func allows(_ grammar: Grammar, _ text: String) -> Bool {
    var machine = Machine(grammar.program)
    var state = machine.start
    for byte in text.utf8 where state != Machine.dead { state = machine.step(state, byte: byte) }
    return state != Machine.dead && machine.isComplete[Int(state)]
  }

  @Test(arguments: formats)
  func `up to four calls come in one answer, or one`(name: String) throws {
    let format = try ChatFormat.named(name)
    let marks = try #require(format.toolCallMarks)
    var calls = ToolGrammar(choice: .required, tools: try Self.tools(Self.now))
    let tokenizer = try TestService.get().language.tokenizer
    let (grammar, _) = try #require(try calls.grammar(format, tokenizer))
    calls.isParallel = false
    let (single, _) = try #require(try calls.grammar(format, tokenizer))
    let call = marks.callBegin("now") + (marks.parameter == nil ? "{}" : "") + marks.callEnd
    for count in 1...5 {
      let calls = Array(repeating: call, count: count).joined(separator: marks.betweenCalls)
      let text = marks.sectionBegin + calls + marks.sectionEnd
      #expect(Self.allows(grammar, text) == (count <= 4), "\(count) calls")
      #expect(Self.allows(single, text) == (count == 1), "\(count) calls")
      #expect(Self.calls(of: text, format).map(\.0) == Array(repeating: "now", count: count))
    }
  }

  /// V3.2's text between tags is any that does not look like one.
  @Test(arguments: [
    ("plain", true), ("a < b, </b> and <<i>", true), ("<", true), ("</", true), ("<</", true),
    ("<//<", true), ("｜DSML｜", true), ("Zü\nrich ｜", true), ("", true),
    ("</｜DSML｜parameter>", false), ("<｜DSML｜invoke", false), ("a<</｜", false), ("<｜", false),
    ("</<｜", false),
  ])
  func `text between tags holds no tag`(text: String, isAllowed: Bool) throws {
    let format = ChatFormat.deepSeekV32
    let tools = try Self.tools(
      #"{"name": "f", "parameters": {"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"]}}"#
    )
    let (grammar, _) = try #require(
      try ToolGrammar(choice: .named("f"), tools: tools)
        .grammar(format, TestService.get().language.tokenizer))
    let answer =
      "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n"
      + "<｜DSML｜parameter name=\"k\" string=\"true\">\(text)</｜DSML｜parameter>\n"
      + "</｜DSML｜invoke>\n</｜DSML｜function_calls>"
    #expect(Self.allows(grammar, answer) == isAllowed)
    guard isAllowed else { return }
    let arguments = JSON.of(["k": .string(text)]).text(.spaced)
    #expect(Self.calls(of: answer, format).map(\.1) == [arguments])
  }

  @Test(arguments: formats)
  func `a strict tool whose schema cannot be enforced is refused by its place`(name: String) throws
  {
    let format = try ChatFormat.named(name)
    let strict =
      #"{"name": "even", "strict": true, "parameters": {"type": "object", "properties": {"n": {"multipleOf": 2}}}}"#
    let error = try #require(throws: APIError.self) {
      try ToolGrammar(choice: .required, tools: Self.tools(strict))
        .grammar(format, TestService.get().language.tokenizer)
    }
    #expect(error.message.contains("#/properties/n/multipleOf"))
    #expect(error.param == "tools: function even.parameters")
  }

  @Test func `names that a call could not be told by are refused`() throws {
    for name in ["", "a b", "a\\\"b", "<a>", "a`"] {
      let error = try #require(throws: APIError.self) {
        try ToolGrammar(choice: .required, tools: Self.tools(#"{"name": "\#(name)"}"#))
          .grammar(.deepSeekV31, TestService.get().language.tokenizer)
      }
      #expect(error.param == "tools")
    }
  }

  @Test func `a model that may call is bound once it does, if a tool is strict or one call is all`()
    throws
  {
    let tokenizer = try TestService.get().language.tokenizer
    let strict = ToolGrammar(choice: .auto, tools: try Self.tools(Self.find))
    let (grammar, start) = try #require(try strict.grammar(.deepSeekV31, tokenizer))
    let begin = try #require(tokenizer.id(of: "<｜tool▁calls▁begin｜>"))
    #expect(start == .token(begin))
    let text = String(
      decoding: try randomText(grammar, try Self.cache(), seed: 1), as: UTF8.self)
    #expect(text.hasPrefix("<｜tool▁call▁begin｜>find_city<｜tool▁sep｜>"))
    #expect(
      try ToolGrammar(choice: .auto, tools: Self.tools(Self.now)).grammar(.deepSeekV31, tokenizer)
        == nil)
    #expect(try ToolGrammar(choice: .none, tools: []).grammar(.deepSeekV31, tokenizer) == nil)
    // One call is less than the model may want: that has to be enforced, too.
    #expect(
      try ToolGrammar(choice: .auto, tools: Self.tools(Self.now), isParallel: false)
        .grammar(.deepSeekV31, tokenizer) != nil)
  }
}
