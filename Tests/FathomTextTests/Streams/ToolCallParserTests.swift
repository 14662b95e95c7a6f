import FathomCore
import FathomText
import Testing

@Suite struct ToolCallParserTests {
  static let begin = "<｜tool▁calls▁begin｜>"
  static let end = "<｜tool▁calls▁end｜>"

  static func fenced(_ name: String, _ arguments: String, type: String = "function") -> String {
    "<｜tool▁call▁begin｜>\(type)<｜tool▁sep｜>\(name)\n```json\n\(arguments)\n```<｜tool▁call▁end｜>"
  }

  static func plain(_ name: String, _ arguments: String) -> String {
    "<｜tool▁call▁begin｜>\(name)<｜tool▁sep｜>\(arguments)<｜tool▁call▁end｜>"
  }

  static func invoke(_ name: String, _ parameters: String) -> String {
    "<｜DSML｜invoke name=\"\(name)\">\n\(parameters)</｜DSML｜invoke>\n"
  }

  static func parameter(_ name: String, _ value: String, isString: Bool) -> String {
    "<｜DSML｜parameter name=\"\(name)\" string=\"\(isString)\">\(value)</｜DSML｜parameter>\n"
  }

  private func read(_ text: String, _ syntax: ToolCallSyntax = .marks) -> [ResponseEvent] {
    let whole = events([text], reasoning: .closed, toolCalls: syntax)
    #expect(events(text.scalars, reasoning: .closed, toolCalls: syntax) == whole)
    return whole
  }

  private func call(_ index: Int, _ name: String, _ arguments: String) -> [ResponseEvent] {
    [.toolCall(index: index, name: name), .toolArguments(index: index, text: arguments)]
  }

  @Test func `R1's calls`() {
    let text =
      "Let me check.\n\n\(Self.begin)\(Self.fenced("get_weather", "{\"city\": \"北京\"}"))\n"
      + "\(Self.fenced("add", "{\"a\": 1, \"b\": 2}"))\(Self.end)"
    #expect(
      read(text)
        == [.content("Let me check.")] + call(0, "get_weather", "{\"city\": \"北京\"}")
        + call(1, "add", "{\"a\": 1, \"b\": 2}"))
  }

  @Test func `V3.1's calls`() {
    let text = Self.begin + Self.plain("f", "{\"a\": [1]}") + Self.plain("g", "{}") + Self.end
    #expect(read(text) == call(0, "f", "{\"a\": [1]}") + call(1, "g", "{}"))
  }

  /// The two forms are mixed up by models that saw the other's prompt; a parser of one form then
  /// finds a tool that is called "function".
  @Test func `the form of a call is told by the call`() {
    #expect(
      read(Self.begin + Self.plain("function", "{}") + Self.end) == call(0, "function", "{}"))
    #expect(
      read(Self.begin + Self.fenced("f", "{}", type: "tool") + Self.end) == call(0, "f", "{}"))
  }

  @Test func `V3.2's calls`() {
    let text =
      "I will look.\n\n<｜DSML｜function_calls>\n"
      + Self.invoke(
        "get_weather",
        Self.parameter("city", "Zü\"rich\n<b>", isString: true)
          + Self.parameter("days", "[1, 2.50]", isString: false))
      + Self.invoke("now", "") + "</｜DSML｜function_calls>"
    #expect(
      read(text, .dsml)
        == [.content("I will look.")]
        + call(0, "get_weather", #"{"city": "Zü\"rich\n<b>", "days": [1, 2.50]}"#)
        + call(1, "now", "{}"))
  }

  @Test func `arguments inside a string are taken out`() {
    let text = Self.begin + Self.plain("f", #""{\"a\": 1}""#) + Self.end
    #expect(read(text) == call(0, "f", "{\"a\": 1}"))
  }

  @Test(arguments: [
    ToolCallParserTests.plain("f", "{a: 1}"), ToolCallParserTests.plain("f", "[1]"),
    ToolCallParserTests.plain("f", ""), ToolCallParserTests.plain("", "{}"),
    ToolCallParserTests.plain("f", "{"), ToolCallParserTests.plain("f", "\"{}"),
    ToolCallParserTests.plain("f", "\"[]\""), ToolCallParserTests.fenced("f", "{'a': 1}"),
    ToolCallParserTests.fenced("", "{}"),
    "<｜tool▁call▁begin｜>f{}<｜tool▁call▁end｜>",
    "<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{}<｜tool▁call▁end｜>",
  ])
  func `what is no call comes back as it was`(text: String) {
    #expect(
      read("a" + Self.begin + text + Self.end)
        == [.content("a"), .malformedToolCall(Self.begin + text)])
  }

  /// What was told cannot be taken back, so arguments end before the byte that makes them no JSON.
  @Test(
    arguments: [
      ("{\"a\": }", "{\"a\": ", "}"), ("{} {}", "{}", "{}"), ("{\"a\": 1 2}", "{\"a\": 1 ", "2}"),
      ("{\"a\": 01}", "{\"a\": 0", "1}"), ("{\"a\": \"\n\"}", "{\"a\": \"", "\n\"}"),
      ("{\"a\": 1}x", "{\"a\": 1}", "x"),
    ])
  func `arguments that go wrong end there, and the rest comes back`(
    given: String, arguments: String, rest: String
  ) {
    let end = "<｜tool▁call▁end｜>"
    #expect(
      read(Self.begin + Self.plain("f", given) + Self.plain("g", "{}") + Self.end)
        == call(0, "f", arguments) + [.malformedToolCall(rest + end)] + call(1, "g", "{}"))
    #expect(
      read(Self.begin + Self.fenced("f", given) + Self.end)
        == call(0, "f", arguments) + [.malformedToolCall(rest + "\n```" + end)])
  }

  @Test func `a key that comes twice is the client's to judge`() {
    #expect(
      read(Self.begin + Self.plain("f", "{\"a\":1,\"a\":2}") + Self.end)
        == call(0, "f", "{\"a\":1,\"a\":2}"))
  }

  @Test func `a fence that is not closed harms no arguments`() {
    let text = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}<｜tool▁call▁end｜>"
    #expect(read(Self.begin + text + Self.end) == call(0, "f", "{}"))
  }

  @Test func `fences and separators inside arguments are arguments`() {
    let arguments = "{\"a\": \"```json\\n{}\\n``` <｜tool▁sep｜>\"}"
    #expect(read(Self.begin + Self.plain("f", arguments) + Self.end) == call(0, "f", arguments))
    #expect(read(Self.begin + Self.fenced("f", arguments) + Self.end) == call(0, "f", arguments))
  }

  @Test func `arguments come while they are written`() {
    var parser = ToolCallParser(.marks)
    #expect(parser.feed(Self.begin + "<｜tool▁call▁begin｜>find<｜tool▁sep｜>") == [])
    #expect(parser.feed("{") == [])
    #expect(
      parser.feed("\"ci")
        == [.toolCall(index: 0, name: "find"), .toolArguments(index: 0, text: "{\"ci")])
    #expect(parser.feed("ty\": \"Ro") == [.toolArguments(index: 0, text: "ty\": \"Ro")])
    #expect(parser.feed("me\"") == [.toolArguments(index: 0, text: "me\"")])
    #expect(parser.feed("}") == [.toolArguments(index: 0, text: "}")])
    #expect(parser.feed("<｜tool▁call▁end｜>" + Self.end) == [])
    #expect(parser.finish() == [])
  }

  @Test func `V3.2's arguments come while they are written`() {
    var parser = ToolCallParser(.dsml)
    #expect(parser.feed("<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"find\">\n") == [])
    #expect(
      parser.feed("<｜DSML｜parameter name=\"city\" string=\"true\">Z\"ü")
        == [
          .toolCall(index: 0, name: "find"),
          .toolArguments(index: 0, text: #"{"city": "Z\"ü"#),
        ])
    #expect(parser.feed("rich<") == [.toolArguments(index: 0, text: "rich")])
    #expect(parser.feed("/b>") == [.toolArguments(index: 0, text: "</b>")])
    #expect(
      parser.feed("</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\"> 1")
        == [.toolArguments(index: 0, text: #"", "days": 1"#)])
    #expect(parser.feed("2\n</｜DSML｜para") == [.toolArguments(index: 0, text: "2")])
    #expect(parser.feed("meter>\n</｜DSML｜invoke>") == [.toolArguments(index: 0, text: "}")])
  }

  @Test func `calls that are cut off end as what was written`() {
    let good = Self.plain("f", "{}")
    let cut = "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{\"a\""
    let both = call(0, "f", "{}") + call(1, "g", "{\"a\"")
    #expect(read(Self.begin + good + cut) == both)
    #expect(read(Self.begin + good + cut + Self.end + "x") == both + [.content("x")])
    #expect(
      read(Self.begin + cut + good + Self.end) == call(0, "g", "{\"a\"") + call(1, "f", "{}"))
    let tags = "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"k\""
    #expect(read(tags, .dsml) == [.malformedToolCall(tags)])
    #expect(
      read(tags + " string=\"true\">one <", .dsml) == call(0, "f", "{\"k\": \"one <"))
  }

  @Test func `what announces a call and is none comes back`() {
    let begun = "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{"
    #expect(
      read(Self.begin + Self.plain("f", "{}") + begun)
        == call(0, "f", "{}") + [.malformedToolCall(begun)])
    #expect(read(Self.begin) == [.malformedToolCall(Self.begin)])
    #expect(read(Self.begin + Self.end) == [.malformedToolCall(Self.begin + Self.end)])
    #expect(
      read("a" + Self.begin + " no\n") == [
        .content("a"), .malformedToolCall(Self.begin + " "), .content("no\n"),
      ])
    #expect(read("a<｜tool▁ca") == [.content("a<｜tool▁ca")])
  }

  @Test func `a call inside a call is two`() {
    let cut = "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{"
    #expect(
      read(Self.begin + cut + Self.plain("f", "{}") + Self.end)
        == [.malformedToolCall(Self.begin + cut)] + call(0, "f", "{}"))
    #expect(
      read(Self.begin + cut + Self.begin + Self.plain("f", "{}") + Self.end)
        == [.malformedToolCall(Self.begin + cut)] + call(0, "f", "{}"))
  }

  @Test func `a call without its section, and text after calls`() {
    #expect(read(Self.plain("f", "{}")) == call(0, "f", "{}"))
    #expect(
      read(Self.begin + Self.plain("f", "{}") + Self.end + "\nDone.")
        == call(0, "f", "{}") + [.content("\nDone.")])
    #expect(
      read(Self.begin + Self.plain("f", "{}") + "\nDone.")
        == call(0, "f", "{}") + [.content("\nDone.")])
  }

  @Test func `ends without a beginning are text`() {
    #expect(
      read("a\(Self.end)b<｜tool▁call▁end｜>c\n")
        == [.content("a\(Self.end)b<｜tool▁call▁end｜>c\n")])
  }

  @Test(arguments: [
    "<｜DSML｜invoke name=\"\"></｜DSML｜invoke>",
    ToolCallParserTests.invoke("f", "<｜DSML｜parameter name=\"a\">1</｜DSML｜parameter>"),
    ToolCallParserTests.invoke("f", "stray"), "<｜DSML｜invoke name=\"f\">",
    ToolCallParserTests.invoke("f", "<｜DSML｜parameter name=\"a\" string=\"no\">1"),
  ])
  func `tags that are no call come back`(text: String) {
    let begin = "<｜DSML｜function_calls>\n"
    let end = "</｜DSML｜function_calls>"
    let events = read(begin + text + end, .dsml)
    guard case .malformedToolCall(let given)? = events.first, events.count == 1 else {
      Issue.record("expected the text, found \(events)")
      return
    }
    #expect((begin + text + end).hasPrefix(given.trimmingSuffix(end)))
  }

  @Test(
    arguments: [
      (ToolCallParserTests.parameter("a", "{", isString: false), "{\"a\": {"),
      (ToolCallParserTests.parameter("a", "", isString: false), "{\"a\": "),
      (ToolCallParserTests.parameter("a", "1 2", isString: false), "{\"a\": 1"),
      (ToolCallParserTests.parameter("a", "x", isString: true) + "stray", "{\"a\": \"x\""),
    ])
  func `tags that go wrong end the arguments, and the rest comes back`(
    parameters: String, arguments: String
  ) {
    let events = read(Self.invoke("f", parameters), .dsml)
    #expect(Array(events.prefix(2)) == call(0, "f", arguments))
    guard case .malformedToolCall(let rest)? = events.last, events.count == 3 else {
      Issue.record("expected the rest as text, found \(events)")
      return
    }
    #expect(Self.invoke("f", parameters).trimmingSuffix("\n").hasSuffix(rest))
  }

  @Test func `what the formats write is read back`() throws {
    let call = ToolCall(name: "add", arguments: .text(#"{"a": 1, "b": [true, "x\n"]}"#))
    for format in ChatFormat.all where format.toolCallSyntax != .none {
      let message = ChatMessage(role: .assistant, content: nil, toolCalls: [call])
      guard
        let prompt = try? format.render(
          ChatRequest(messages: [.user("go"), message]), RenderOptions(addGenerationPrompt: false))
      else { continue }
      var parser = ToolCallParser(format.toolCallSyntax)
      let events = joined(parser.feed(prompt.text) + parser.finish())
      #expect(
        events.contains(self.call(0, "add", #"{"a": 1, "b": [true, "x\n"]}"#)), "\(format.name)")
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
