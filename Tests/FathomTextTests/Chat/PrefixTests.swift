import FathomCore
import FathomText
import Testing

@Suite struct PrefixTests {
  private static func render(
    _ format: ChatFormat, _ last: ChatMessage, thinking: Bool? = nil
  ) throws -> RenderedPrompt {
    var options = RenderOptions(thinking: thinking)
    options.continuesPrefix = true
    var last = last
    last.prefix = true
    return try format.render(ChatRequest(messages: [.user("hi"), last]), options)
  }

  private static func rendered(_ format: ChatFormat, thinking: Bool? = nil) throws
    -> RenderedPrompt
  {
    try format.render(ChatRequest(messages: [.user("hi")]), RenderOptions(thinking: thinking))
  }

  @Test(arguments: [false, true])
  func `every format leaves the answer open behind its beginning`(thinking: Bool) throws {
    for format in ChatFormat.all {
      let prompt = try Self.render(format, .assistant("Once"), thinking: thinking)
      let without = try Self.rendered(format, thinking: thinking)
      #expect(prompt.text.hasPrefix(without.text), "\(format.name)")
      #expect(prompt.text.hasSuffix("Once"), "\(format.name)")
      #expect(prompt.reasoning == .closed, "\(format.name)")
      // What was given is text, not the format's own.
      let end = prompt.text.utf8.count
      #expect(prompt.controlRanges.allSatisfy { $0.upperBound <= end - 4 }, "\(format.name)")
    }
  }

  @Test func `reasoning that is given stays open until content follows`() throws {
    let thoughts = ChatMessage(role: .assistant, content: nil, reasoningContent: "hm")
    let both = ChatMessage(role: .assistant, content: "Once", reasoningContent: "hm")
    let r1 = try Self.render(.deepSeekR1, thoughts)
    #expect(r1.text.hasSuffix("<｜Assistant｜><think>\nhm"))
    #expect(r1.opensReasoning)
    #expect(try Self.render(.deepSeekR1, both).text.hasSuffix("<think>\nhm\n</think>\n\nOnce"))
    #expect(
      try Self.render(.deepSeekR10528, both).text.hasSuffix(
        "<｜Assistant｜><think>\nhm\n</think>\n\nOnce"))
    #expect(
      try Self.render(.deepSeekV31, both, thinking: true).text.hasSuffix("<think>hm</think>Once"))
    // Where thinking is off, there is none to go on with.
    #expect(
      try Self.render(.deepSeekV31, both, thinking: false).text.hasSuffix("</think>Once"))
  }

  @Test func `there has to be something to answer, and no call in it`() {
    var options = RenderOptions()
    options.continuesPrefix = true
    let alone = ChatMessage(role: .assistant, content: "Once", prefix: true)
    #expect(throws: InputError.self) {
      try ChatFormat.deepSeekV3.render(ChatRequest(messages: [alone]), options)
    }
    let call = ToolCall(name: "find", arguments: .text("{}"))
    let calling = ChatMessage(role: .assistant, content: "", toolCalls: [call], prefix: true)
    #expect(throws: InputError.self) {
      try ChatFormat.deepSeekV3.render(ChatRequest(messages: [.user("hi"), calling]), options)
    }
  }
}
