import FathomCore

// An answer whose beginning is given: what stands behind the place where the model would begin.
//
// Source: api-docs.deepseek.com, "Chat Prefix Completion" and `reasoning_content` of the last message.

extension ChatRequest {
  /// Removes the last message if the model is to go on with it.
  ///
  /// - Throws: `InputError` for one that nothing precedes, or that ends in calls.
  mutating func takePrefix() throws -> ChatMessage? {
    guard let last = messages.last, last.role == .assistant, last.prefix else { return nil }
    let place = place(of: messages.count - 1)
    guard messages.count > 1 else {
      throw InputError(
        "\(place).prefix", expected: "a message before the one to go on with", found: "none")
    }
    guard last.toolCalls.list.isEmpty else {
      throw InputError(
        "\(place).tool_calls", expected: "none in a message to go on with",
        found: "\(last.toolCalls.list.count)")
    }
    messages.removeLast()
    return last
  }
}

extension PromptWriter {
  /// Writes the beginning of the answer.
  ///
  /// Reasoning that is given stays open unless content follows it. Content alone is the beginning of the answer itself, so
  /// reasoning that the prompt has opened ends before it.
  mutating func begin(_ prefix: ChatMessage, reasons: Bool) {
    let thoughts = prefix.reasoningContent ?? ""
    let answer = prefix.content ?? ""
    // V3.1 and later leave out the newlines beside the tags.
    let isTight = text.hasSuffix(Mark.think)
    if reasons, reasoning != .closed, !thoughts.isEmpty {
      if reasoning == .undecided { mark(Mark.think, "\n") }
      content(thoughts)
      reasoning = .open
    }
    guard !answer.isEmpty else { return }
    if reasoning == .open { mark(isTight ? Mark.endThink : "\n\(Mark.endThink)\n\n") }
    content(answer)
    reasoning = .closed
  }
}
