import FathomCore
import FathomText

/// An answer of a conversation as the model is to write it, and what the model is given before.
struct AnsweredTurn {
  let prompt: RenderedPrompt
  let answer: RenderedPrompt

  init(_ request: ChatRequest, answerAt index: Int, format: ChatFormat) throws {
    let message = request.messages[index]
    let (reasoning, content) = Self.parts(of: message, reasons: format.reasons)
    let before = ChatRequest(messages: Array(request.messages[..<index]), tools: request.tools)
    // Formats that ask whether to think are told; the others think anyway or never do.
    prompt = try format.render(before, RenderOptions(thinking: reasoning != nil))

    var writer = PromptWriter()
    func write(reasoning: String, opened: Bool, on lines: Bool) {
      if !opened { writer.mark(Mark.think, "\n") }
      writer.content(reasoning)
      writer.mark(lines ? "\n" : "", Mark.endThink, lines ? "\n\n" : "")
    }
    switch prompt.reasoning {
    case .open:
      write(reasoning: reasoning ?? "", opened: true, on: prompt.text.hasSuffix("\n"))
    case .undecided where reasoning != nil:
      write(reasoning: reasoning ?? "", opened: false, on: true)
    case .undecided, .closed:
      let whole = ChatRequest(messages: Array(request.messages[...index]), tools: request.tools)
      let rendered = try format.render(
        whole, RenderOptions(addGenerationPrompt: false, thinking: false))
      if let rest = rendered.behind(prompt) {
        answer = rest
        return
      }
    }
    guard message.toolCalls.list.isEmpty, let content else {
      throw InputError(
        "messages[\(index)]",
        expected: "an answer of text, as \"\(format.name)\" can't be trained to call tools",
        found: "\(message.toolCalls.list.count) tool calls")
    }
    writer.content(content)
    for stop in format.stopTokens.prefix(1) { writer.mark(stop) }
    answer = writer.finish()
  }

  /// Reasoning may stand in its own key, or before the content as models write it.
  private static func parts(
    of message: ChatMessage, reasons: Bool
  ) -> (reasoning: String?, content: String?) {
    guard let content = message.content else { return (message.reasoningContent, nil) }
    guard reasons else { return (nil, content) }
    if let reasoning = message.reasoningContent { return (reasoning, content) }
    guard content.hasPrefix(Mark.think), let end = content.range(of: Mark.endThink) else {
      return (nil, content)
    }
    let reasoning = content[..<end.lowerBound].dropFirst(Mark.think.count)
    return (
      String(reasoning.trimmingNewlines), String(content[end.upperBound...].trimmingNewlines)
    )
  }
}

extension RenderedPrompt {
  /// What follows `beginning`, if this text begins with it.
  fileprivate func behind(_ beginning: RenderedPrompt) -> RenderedPrompt? {
    let count = beginning.text.utf8.count
    guard text.utf8.starts(with: beginning.text.utf8) else { return nil }
    var writer = PromptWriter()
    var written = count
    let bytes = Array(text.utf8)
    func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    for range in controlRanges where range.upperBound > count {
      let range = max(range.lowerBound, count)..<range.upperBound
      writer.content(part(written..<range.lowerBound))
      writer.mark(part(range))
      written = range.upperBound
    }
    writer.content(part(written..<bytes.count))
    return writer.finish()
  }
}

extension Substring {
  fileprivate var trimmingNewlines: Substring {
    var text = drop { $0.isNewline }
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }
}
