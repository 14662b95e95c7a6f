import FathomCore

/// llama.cpp's own layout for R1 and its distilled models with tools.
///
/// Definitions stand before the system message, user messages end with an end of sentence, and a
/// message is either its content or its calls.
///
/// Source: llama.cpp `models/templates/llama-cpp-deepseek-r1.jinja`.
struct LlamaCppR1Layout: ChatLayout {
  package var arguments: ArgumentForm { .json }

  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
  {
    prompt.mark(Mark.beginOfSentence)
    if !request.tools.isEmpty {
      prompt.mark(Self.introduction)
      prompt.content(JSON.array(request.tools.map(\.function)).text(.indented))
      prompt.mark(Self.example)
    }
    prompt.content(try request.lastSystem())

    var afterTool = false
    var wroteOutput = false
    for message in request.placed {
      if message.role != .tool { endOutputs(&afterTool, &prompt) }
      switch message.role {
      case .system, .developer: break
      case .user:
        prompt.mark(Mark.user)
        prompt.content(try message.text())
        prompt.mark(Mark.endOfSentence)
      case .assistant:
        if let content = message.message.content, !content.isEmpty {
          prompt.mark(Mark.assistant)
          prompt.content(content.afterLast(Mark.endThink))
          prompt.mark(Mark.endOfSentence)
        } else {
          try writeCalls(of: message, to: &prompt)
        }
      case .tool:
        afterTool = true
        // Begun once in a conversation, as the template does.
        prompt.mark(wroteOutput ? "\n" : Mark.toolOutputsBegin + "\n")
        wroteOutput = true
        prompt.toolOutput(try message.text())
      }
    }
    endOutputs(&afterTool, &prompt)
    if options.addGenerationPrompt {
      prompt.mark(Mark.assistant, Mark.think, "\n")
      prompt.reasoning = .open
    }
  }

  private func endOutputs(_ afterTool: inout Bool, _ prompt: inout PromptWriter) {
    if afterTool { prompt.mark(Mark.toolOutputsEnd, Mark.endOfSentence) }
    afterTool = false
  }

  private func writeCalls(of message: PlacedMessage, to prompt: inout PromptWriter) throws {
    try message.refuseNullCalls()
    prompt.mark(Mark.assistant, Mark.toolCallsBegin)
    for (number, call) in message.message.toolCalls.list.enumerated() {
      if number > 0 { prompt.mark("\n") }
      prompt.fencedCall(call, arguments: call.argumentsAsJSON)
    }
    prompt.mark(Mark.toolCallsEnd, Mark.endOfSentence)
  }

  static let introduction =
    "You can call any of the following function tools to satisfy the user's requests: "

  static let example =
    "\n\nExample function tool call syntax:\n\n"
    + "\(Mark.toolCallsBegin)\(Mark.toolCallBegin)function\(Mark.toolSeparator)"
    + "example_function_name\n```json\n{\n  \"arg1\": \"some_value\"\n  ...\n}\n```\n"
    + "\(Mark.toolCallEnd)\(Mark.toolCallsEnd)\n\n"
}
