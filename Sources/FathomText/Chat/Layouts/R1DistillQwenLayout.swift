/// R1-Distill-Qwen as llama.cpp distributes it: calls and content of one message are both written,
/// the content as a second answer, and `<think>` stays open only where `enable_thinking` says so.
///
/// Source: `models/templates/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja` in llama.cpp.
struct R1DistillQwenLayout: ChatLayout {
  package var arguments: ArgumentForm { .json }

  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
  {
    prompt.mark(Mark.beginOfSentence)
    prompt.content(try request.lastSystem())
    var turns = FirstToolTurns()
    for message in request.placed {
      switch message.role {
      case .system, .developer: break
      case .user:
        turns.afterTool = false
        prompt.mark(Mark.user)
        prompt.content(try message.text())
      case .assistant:
        writeCalls(message.message.toolCalls.list, &turns, to: &prompt)
        if let content = message.message.content {
          turns.writeAnswer(content, withoutReasoning: true, to: &prompt)
        }
      case .tool: turns.writeOutput(try message.text(), separator: "\n", to: &prompt)
      }
    }
    turns.finish(&prompt)
    guard options.addGenerationPrompt, !turns.afterTool else { return }
    prompt.mark(Mark.assistant, Mark.think, "\n")
    if options.enableThinking == true {
      prompt.reasoning = .open
    } else {
      prompt.mark(Mark.endThink)
      prompt.reasoning = .closed
    }
  }

  private func writeCalls(
    _ calls: [ToolCall], _ turns: inout FirstToolTurns, to prompt: inout PromptWriter
  ) {
    guard !calls.isEmpty else { return }
    turns.afterTool = false
    for call in calls {
      if turns.wroteCall {
        prompt.mark("\n")
      } else {
        prompt.mark(Mark.assistant, Mark.toolCallsBegin)
      }
      prompt.fencedCall(call, arguments: call.argumentsAsJSON)
      turns.wroteCall = true
    }
    prompt.mark(Mark.toolCallsEnd, Mark.endOfSentence)
  }
}
