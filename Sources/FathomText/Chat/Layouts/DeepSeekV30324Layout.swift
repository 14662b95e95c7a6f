import FathomCore

/// DeepSeek-V3-0324 and R1-0528: the assistant's mark follows each user message, and calls of a
/// second round are written like those of the first. vLLM's tool templates for V3 and R1 are these
/// with definitions in front.
///
/// Source: `chat_template` of `deepseek-ai/DeepSeek-V3-0324` and `…-R1-0528`; vLLM
/// `tool_chat_template_deepseekv3.jinja` and `…r1.jinja`.
struct DeepSeekV30324Layout: ChatLayout {
  enum Edition { case v3, r1, v3Tools, r1Tools }

  let edition: Edition

  package var arguments: ArgumentForm {
    edition == .v3Tools || edition == .r1Tools ? .json : .text
  }

  private struct State {
    var afterTool = false
    var afterUser = false
    var wroteOutput = false
  }

  private var dropsReasoning: Bool { edition == .r1 || edition == .r1Tools }

  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
  {
    indent("\n\n", &prompt)
    prompt.mark(Mark.beginOfSentence)
    indent("\n", &prompt)
    prompt.content(try request.joinedSystem())
    if !request.tools.isEmpty { writeDefinitions(request.tools, to: &prompt) }

    var state = State()
    for message in request.placed {
      switch message.role {
      case .system, .developer: break
      case .user:
        state.afterTool = false
        state.afterUser = true
        prompt.mark(Mark.user)
        prompt.content(try message.text())
        prompt.mark(Mark.assistant)
      case .assistant:
        state.afterUser = false
        switch message.message.toolCalls {
        case .absent, .null: writeAnswer(try answer(message), &state, to: &prompt)
        case .calls: try writeCalls(of: message, &state, to: &prompt)
        }
      case .tool: writeOutput(try message.text(), &state, to: &prompt)
      }
    }

    if state.afterTool {
      indent("    ", &prompt)
      prompt.mark(Mark.toolOutputsEnd)
      indent("\n", &prompt)
    }
    indent("\n", &prompt)
    if options.addGenerationPrompt, !state.afterUser, !state.afterTool {
      indent("    ", &prompt)
      prompt.mark(Mark.assistant)
      indent("\n", &prompt)
    }
  }

  /// White space of the V3 tool template's source that its rendering keeps.
  private func indent(_ space: String, _ prompt: inout PromptWriter) {
    if edition == .v3Tools { prompt.mark(space) }
  }

  private func answer(_ message: PlacedMessage) throws -> String {
    dropsReasoning ? try message.text().afterLast(Mark.endThink) : try message.text()
  }

  private func writeAnswer(_ text: String, _ state: inout State, to prompt: inout PromptWriter) {
    indent("            ", &prompt)
    if state.afterTool { prompt.mark(Mark.toolOutputsEnd) }
    prompt.content(text)
    prompt.mark(Mark.endOfSentence)
    state.afterTool = false
  }

  private func writeCalls(
    of message: PlacedMessage, _ state: inout State, to prompt: inout PromptWriter
  ) throws {
    if state.afterTool {
      indent("            ", &prompt)
      prompt.mark(Mark.toolOutputsEnd)
    }
    state = State()
    for (number, call) in message.message.toolCalls.list.enumerated() {
      if number == 0 {
        indent("                    ", &prompt)
        if message.message.content != nil { prompt.content(try answer(message)) }
        prompt.mark(Mark.toolCallsBegin)
      } else {
        indent("                ", &prompt)
        prompt.mark("\n")
      }
      switch edition {
      case .v3, .r1:
        prompt.fencedCall(call, arguments: try message.argumentsAsGiven(call, number))
      case .v3Tools, .r1Tools: prompt.fencedCall(call, arguments: call.argumentsAsJSON)
      }
    }
    indent("        ", &prompt)
    prompt.mark(Mark.toolCallsEnd, Mark.endOfSentence)
  }

  private func writeOutput(_ text: String, _ state: inout State, to prompt: inout PromptWriter) {
    state.afterUser = false
    state.afterTool = true
    indent("            ", &prompt)
    prompt.mark(state.wroteOutput ? "\n" : Mark.toolOutputsBegin)
    prompt.toolOutput(text)
    state.wroteOutput = true
  }

  private func writeDefinitions(_ tools: [ToolDefinition], to prompt: inout PromptWriter) {
    switch edition {
    case .v3, .r1: break
    case .v3Tools:
      prompt.mark(Self.v3Introduction)
      for tool in tools {
        prompt.mark("\n")
        prompt.content(tool.json.text(.spaced))
      }
      prompt.mark(Self.v3Instructions)
    case .r1Tools:
      prompt.mark("\n\n", Self.r1Instructions)
      for tool in tools {
        prompt.mark("\n```json\n")
        prompt.content(tool.json.text(.spaced))
        prompt.mark("\n```\n")
      }
    }
  }

  static let v3Introduction =
    "    \n\n# Tools\n\nYou may call one or more functions to assist with the user query."

  static let v3Instructions =
    "    \n</tools>\n\n\n\n"
    + "    For function call returns, you should first print \(Mark.toolCallsBegin)\n\n"
    + "    For each function call, you should return object like:\n\n"
    + "    \(Mark.toolCallBegin)function\(Mark.toolSeparator)<function_name>\n"
    + "```json\n<function_arguments_in_json_format>\n```\(Mark.toolCallEnd)\n\n"
    + "    At the end of function call returns, you should print "
    + "\(Mark.toolCallsEnd)\(Mark.endOfSentence)"

  static let r1Instructions =
    "You are a helpful assistant with tool calling capabilities. "
    + "When a tool call is needed, you MUST use the following format to issue the call:\n"
    + "\(Mark.toolCallsBegin)\(Mark.toolCallBegin)function\(Mark.toolSeparator)FUNCTION_NAME\n"
    + "```json\n{\"param1\": \"value1\", \"param2\": \"value2\"}\n```"
    + "\(Mark.toolCallEnd)\(Mark.toolCallsEnd)\n\n"
    + "Make sure the JSON is valid."
    + "## Tools\n\n### Function\n\nYou have the following functions available:\n\n"
}
