import FathomCore
import FathomText
import GoldenSupport
import Testing

@Suite struct ResponseParserTests {
  @Test func `a whole answer of R1`() {
    let text =
      "I need the weather.\n</think>\n\nLet me look.<｜tool▁calls▁begin｜>"
      + ToolCallParserTests.fenced("get_weather", "{\"city\": \"Paris\"}") + "<｜tool▁calls▁end｜>"
    #expect(
      events([text], reasoning: .open, toolCalls: .marks) == [
        .reasoning("I need the weather."), .content("Let me look."),
        .toolCall(index: 0, name: "get_weather"),
        .toolArguments(index: 0, text: "{\"city\": \"Paris\"}"),
      ])
  }

  @Test func `the parser begins where the prompt ends`() throws {
    let request = ChatRequest(messages: [.user("Hi")])
    func read(_ format: ChatFormat, _ text: String, thinking: Bool? = nil) throws
      -> [ResponseEvent]
    {
      let prompt = try format.render(request, RenderOptions(thinking: thinking))
      var parser = ResponseParser(format, after: prompt)
      return joined(parser.feed(text) + parser.finish())
    }
    let parts: [ResponseEvent] = [.reasoning("a"), .content("b")]
    #expect(try read(.deepSeekR1, "a</think>b") == parts)
    #expect(try read(.deepSeekR10528, "<think>a</think>b") == parts)
    #expect(try read(.deepSeekV31Released, "a</think>b", thinking: true) == parts)
    #expect(try read(.deepSeekV31Released, "a</think>b") == [.content("a</think>b")])
    #expect(try read(.deepSeekV3, "<think>a</think>b") == [.content("<think>a</think>b")])
  }

  /// Pieces that streams are made of: marks, their beginnings, and text in several scripts.
  private static let pieces = [
    "<think>", "</think>", "<thi", "</", "<", "<｜", "<｜tool▁ca", "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>", "function",
    "\n", "\n\n", "\r\n", " ", "```json\n", "\n```", "{\"a\": 1}", "{\"b\": \"é</think>\"}", "{",
    "name",
    "Hello ", "北京", "🌦️", "e\u{301}", "\u{301}", "</think>\u{301}", "<<", "<｜DSML｜function_calls>\n",
    "</｜DSML｜function_calls>", "<｜DSML｜invoke name=\"f\">", "</｜DSML｜invoke>\n",
    "<｜DSML｜parameter name=\"k\" string=\"true\">v</｜DSML｜parameter>", "<｜DSML｜inv",
    ToolCallParserTests.fenced("f", "{\"x\": \"北\"}"), ToolCallParserTests.plain("g", "{}"),
    ToolCallParserTests.plain("h", "{bad"), ToolCallParserTests.plain("i", "{\"a\": [1, oh"),
    "<｜tool▁call▁begin｜>function<｜tool▁sep｜>cut\n```json\n{\"北\": \"",
    ToolCallParserTests.invoke("f", ToolCallParserTests.parameter("k", "[1]", isString: false)),
  ]

  private static func stream(_ generator: inout SeededGenerator) -> String {
    (0..<Int.random(in: 1...14, using: &generator))
      .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
  }

  /// However a stream is cut, the joined events are the same.
  @Test(arguments: [ToolCallSyntax.none, .marks, .dsml])
  func `every split of a stream gives the same events`(syntax: ToolCallSyntax) {
    for seed in 0..<150 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let text = Self.stream(&generator)
      let start: ReasoningStart = [.open, .closed, .undecided][Int(seed % 3)]
      let whole = events([text], reasoning: start, toolCalls: syntax)
      func check(_ chunks: [String]) -> Bool {
        events(chunks, reasoning: start, toolCalls: syntax) == whole
      }
      let count = text.unicodeScalars.count
      for place in 0...count {
        #expect(check(text.split(atScalar: place)), "seed \(seed), cut at scalar \(place)")
      }
      #expect(check(text.scalars), "seed \(seed), scalar by scalar")
      for _ in 0..<10 {
        var chunks: [String] = []
        var rest = Substring(text).unicodeScalars
        while !rest.isEmpty {
          let length = Int.random(in: 0...9, using: &generator)
          chunks.append(String(rest.prefix(length)))
          rest = rest.dropFirst(length)
        }
        #expect(check(chunks), "seed \(seed), chunks \(chunks.map(\.unicodeScalars.count))")
      }
    }
  }

  /// Arguments are always a JSON object or the beginning of one, and what is neither mark nor white space is never lost.
  @Test(arguments: [ToolCallSyntax.marks, .dsml])
  func `no text is lost and no arguments are invalid`(syntax: ToolCallSyntax) {
    var calls = 0
    for seed in 0..<3000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let text = Self.stream(&generator)
      let all = events([text], reasoning: .closed, toolCalls: syntax)
      var given = ""
      var callsHere = 0
      for event in all {
        switch event {
        case .reasoning(let part), .content(let part), .malformedToolCall(let part): given += part
        case .toolCall(let index, let name):
          #expect(index == callsHere, "seed \(seed)")
          #expect(!name.isEmpty, "seed \(seed)")
          callsHere += 1
        case .toolArguments(let index, let arguments):
          #expect(index == callsHere - 1, "seed \(seed)")
          var json = JSONPrefix()
          #expect(arguments.utf8.first == UInt8(ascii: "{"), "seed \(seed)")
          #expect(arguments.utf8.allSatisfy { json.take($0) }, "seed \(seed): \(arguments)")
          if json.isComplete { calls += 1 }
        }
      }
      if callsHere == 0 {
        #expect(Self.substance(given) == Self.substance(text), "seed \(seed)")
      } else {
        var rest = Self.substance(text)[...]
        let isInOrder = Self.substance(given).allSatisfy { scalar in
          guard let place = rest.firstIndex(of: scalar) else { return false }
          rest = rest[(place + 1)...]
          return true
        }
        #expect(isInOrder, "seed \(seed)")
      }
    }
    #expect(calls > 100)
  }

  /// The text without the section's marks and without white space.
  private static func substance(_ text: String) -> [Unicode.Scalar] {
    // Scalar by scalar: an accent behind a mark is a character with its last.
    ["<｜tool▁calls▁end｜>", "</｜DSML｜function_calls>"].reduce(Array(text.unicodeScalars)) {
      $0.split(separator: Array($1.unicodeScalars)).flatMap { $0 }
    }.filter { !$0.properties.isWhitespace }
  }

  @Test(arguments: ["<｜tool▁ <think 北京 {\"a\": 1}\n ", "\n ", "\n\n", "<"])
  func `a long answer is read in linear time`(piece: String) {
    let clock = ContinuousClock()
    var parser = ResponseParser(reasoning: .open, toolCalls: .marks)
    let elapsed = clock.measure {
      for _ in 0..<50_000 { _ = parser.feed(piece) }
      _ = parser.finish()
    }
    #expect(elapsed < .seconds(10))
  }
}
