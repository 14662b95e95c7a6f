import FathomCore

/// DeepSeek-V3.1: one model that thinks or not, as the prompt's end says. Calls are
/// `NAME<｜tool▁sep｜>ARGUMENTS`; of an earlier answer what follows the first `</think>` is kept.
///
/// The published template and its copies differ in how they mark an answer without reasoning and
/// in how they write arguments; Terminus also handles conversations of system messages alone.
///
/// Source: `chat_template` of `deepseek-ai/DeepSeek-V3.1`, `…-V3.1-Terminus`; llama.cpp
/// `models/templates/deepseek-ai-DeepSeek-V3.1.jinja`; vLLM `tool_chat_template_deepseekv31.jinja`.
struct DeepSeekV31Layout: ChatLayout {
  enum Edition { case llamaCpp, released, terminus, tools }

  let edition: Edition

  package var arguments: ArgumentForm {
    edition == .llamaCpp || edition == .tools ? .json : .text
  }

  private struct State {
    var afterTool = false
    var afterUser = false
    var onlySystem = false
    var afterPrefix = false
  }

  private var noReasoning: String {
    edition == .llamaCpp ? Mark.think + Mark.endThink : Mark.endThink
  }

  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
  {
    let thinking =
      options.thinking ?? (edition == .llamaCpp ? options.enableThinking : nil) ?? false
    indent("\n\n", &prompt)
    prompt.mark(Mark.beginOfSentence)
    prompt.content(try request.joinedSystem())
    if edition == .tools, !request.tools.isEmpty { writeDefinitions(request.tools, to: &prompt) }

    var state = State()
    state.onlySystem = request.messages.contains { $0.role == .system }
    for message in request.placed {
      switch message.role {
      case .system, .developer: continue
      case .user:
        state.afterTool = false
        state.afterUser = true
        prompt.mark(Mark.user)
        prompt.content(try message.text())
      case .assistant where hasCalls(message.message):
        try writeCalls(of: message, &state, to: &prompt)
      case .assistant: try writeAnswer(message, thinking, &state, to: &prompt)
      case .tool:
        state.afterUser = false
        state.afterTool = true
        prompt.toolOutput(try message.text())
      }
      state.onlySystem = false
    }

    let answers =
      edition == .terminus
      ? state.afterUser || state.onlySystem || !state.afterPrefix : state.afterUser
    guard options.addGenerationPrompt, answers, !state.afterTool else { return }
    indent("  ", &prompt)
    prompt.mark(Mark.assistant)
    indent("    ", &prompt)
    prompt.mark(thinking ? Mark.think : noReasoning)
    prompt.reasoning = thinking ? .open : .closed
  }

  /// White space of the tool template's source that its rendering keeps.
  private func indent(_ space: String, _ prompt: inout PromptWriter) {
    if edition == .tools { prompt.mark(space) }
  }

  private func hasCalls(_ message: ChatMessage) -> Bool {
    switch message.toolCalls {
    case .absent, .null: false
    case .calls(let calls): edition != .llamaCpp || !calls.isEmpty
    }
  }

  private func writeCalls(
    of message: PlacedMessage, _ state: inout State, to prompt: inout PromptWriter
  ) throws {
    if state.afterUser || (edition == .terminus && state.onlySystem) {
      indent("      ", &prompt)
      prompt.mark(Mark.assistant, noReasoning)
    }
    state.afterUser = false
    state.afterTool = false
    for (number, call) in message.message.toolCalls.list.enumerated() {
      if number == 0 {
        indent("          ", &prompt)
        prompt.content(message.message.content ?? "")
        prompt.mark(Mark.toolCallsBegin)
      } else {
        indent("        ", &prompt)
      }
      prompt.mark(Mark.toolCallBegin)
      prompt.content(call.name)
      prompt.mark(Mark.toolSeparator)
      switch edition {
      case .llamaCpp, .tools: prompt.content(call.argumentsAsJSON)
      case .released, .terminus: prompt.content(try message.argumentsAsGiven(call, number))
      }
      prompt.mark(Mark.toolCallEnd)
    }
    indent("    ", &prompt)
    prompt.mark(Mark.toolCallsEnd, Mark.endOfSentence)
  }

  private func writeAnswer(
    _ message: PlacedMessage, _ thinking: Bool, _ state: inout State, to prompt: inout PromptWriter
  ) throws {
    if state.afterUser {
      indent("      ", &prompt)
      prompt.mark(Mark.assistant)
      indent("        ", &prompt)
      prompt.mark(message.message.prefix && thinking ? Mark.think : noReasoning)
    }
    if message.message.prefix { state.afterPrefix = true }
    state.afterUser = false
    let text = try message.text()
    indent("      ", &prompt)
    prompt.content(state.afterTool ? text : text.afterFirst(Mark.endThink))
    prompt.mark(Mark.endOfSentence)
    state.afterTool = false
  }

  private func writeDefinitions(_ tools: [ToolDefinition], to prompt: inout PromptWriter) {
    prompt.mark("\n\n## Tools\nYou have access to the following tools:\n")
    for tool in tools {
      prompt.mark("\n### ")
      prompt.content(tool.name)
      prompt.mark("\nDescription: ")
      prompt.content(tool.function["description"]?.stringValue ?? "")
      prompt.mark("\n\nParameters: ")
      prompt.content((tool.function["parameters"] ?? .object(JSONObject())).text(.spaced))
      prompt.mark("\n")
    }
    prompt.mark(Self.instructions)
  }

  /// What stands around each definition, for recognising the template.
  static let definitionTexts =
    "## Tools\nYou have access to the following tools:\n\n### \nDescription: \n\nParameters: "

  static let instructions =
    "\nIMPORTANT: ALWAYS adhere to this exact format for tool use:\n"
    + "\(Mark.toolCallsBegin)\(Mark.toolCallBegin)tool_call_name\(Mark.toolSeparator)"
    + "tool_call_arguments\(Mark.toolCallEnd){{additional_tool_calls}}\(Mark.toolCallsEnd)\n\n"
    + "Where:\n\n"
    + "- `tool_call_name` must be an exact match to one of the available tools\n"
    + "- `tool_call_arguments` must be valid JSON that strictly follows the tool's Parameters Schema\n"
    + "- For multiple tool calls, chain them directly without separators or spaces\n"
}
