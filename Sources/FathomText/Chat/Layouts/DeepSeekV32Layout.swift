import FathomCore

/// DeepSeek-V3.2: tool calls as tags (DSML), results between `<function_results>` tags, and
/// reasoning kept only for answers after the last user message.
///
/// Source: llama.cpp `models/templates/deepseek-ai-DeepSeek-V3.2.jinja`; DeepSeek publishes
/// `encoding/encoding_dsv32.py` in place of a template.
struct DeepSeekV32Layout: ChatLayout {
  package var arguments: ArgumentForm { .json }

  private enum Pending { case nothing, answer, answerToTools }

  func write(_ request: ChatRequest, _ options: RenderOptions, to prompt: inout PromptWriter) throws
  {
    let thinking = options.thinking ?? options.enableThinking ?? false
    prompt.mark(Mark.beginOfSentence)
    let system = request.messages.filter { $0.role == .system }.map { $0.content ?? "" }
      .joined(separator: "\n\n")
    prompt.content(system)
    if !request.tools.isEmpty {
      if !system.isEmpty { prompt.mark("\n\n") }
      writeDefinitions(request.tools, to: &prompt)
    }

    let lastUser = request.messages.lastIndex { $0.role == .user } ?? -1
    var pending = Pending.nothing
    for message in request.placed {
      switch message.role {
      case .system, .developer: break
      case .user:
        prompt.mark(Mark.user)
        prompt.content(message.message.content ?? "")
        pending = .answer
      case .assistant:
        let reasons = thinking && message.index > lastUser
        writeReasoning(reasons ? message.message.reasoningContent ?? "" : nil, pending, &prompt)
        pending = .nothing
        prompt.content(message.message.content ?? "")
        try writeCalls(of: message, to: &prompt)
        prompt.mark(Mark.endOfSentence)
      case .tool:
        if writeResult(message, in: request.messages, to: &prompt) { pending = .answerToTools }
      }
    }
    guard options.addGenerationPrompt, pending != .nothing else { return }
    prompt.mark(pending == .answer ? Mark.assistant : "\n\n", Mark.think)
    if !thinking { prompt.mark(Mark.endThink) }
    prompt.reasoning = thinking ? .open : .closed
  }

  private func writeReasoning(
    _ reasoning: String?, _ pending: Pending, _ prompt: inout PromptWriter
  ) {
    switch pending {
    case .nothing: return
    case .answer: prompt.mark(Mark.assistant)
    case .answerToTools: prompt.mark("\n\n")
    }
    if let reasoning {
      prompt.mark(Mark.think)
      prompt.content(reasoning)
    }
    prompt.mark(Mark.endThink)
  }

  private func writeCalls(of message: PlacedMessage, to prompt: inout PromptWriter) throws {
    let calls = message.message.toolCalls.list
    guard !calls.isEmpty else { return }
    prompt.mark("\n\n<\(Mark.dsml)function_calls>\n")
    for (number, call) in calls.enumerated() {
      prompt.mark("<\(Mark.dsml)invoke name=\"")
      prompt.content(call.name)
      prompt.mark("\">\n")
      for (key, value) in try message.argumentMembers(call, number) {
        prompt.mark("<\(Mark.dsml)parameter name=\"")
        prompt.content(key)
        if case .string(let text) = value {
          prompt.mark("\" string=\"true\">")
          prompt.content(text)
        } else {
          prompt.mark("\" string=\"false\">")
          prompt.content(value.text(.spaced))
        }
        prompt.mark("</\(Mark.dsml)parameter>\n")
      }
      prompt.mark("</\(Mark.dsml)invoke>\n")
    }
    prompt.mark("</\(Mark.dsml)function_calls>")
  }

  /// Writes one result; says whether it was the last that the calls before it wait for.
  private func writeResult(
    _ message: PlacedMessage, in messages: [ChatMessage], to prompt: inout PromptWriter
  ) -> Bool {
    let caller = messages[..<message.index].lastIndex {
      $0.role == .assistant && !$0.toolCalls.list.isEmpty
    }
    // Without a caller the template counts from -1 and looks at the last message.
    let order = message.index - (caller ?? -1)
    let expected = messages[caller ?? messages.endIndex - 1].toolCalls.list.count
    if order == 1 { prompt.mark("\n\n<function_results>") }
    prompt.mark("\n<result>")
    prompt.content(message.message.content ?? "")
    prompt.mark("</result>")
    guard order == expected else { return false }
    prompt.mark("\n</function_results>")
    return true
  }

  private func writeDefinitions(_ tools: [ToolDefinition], to prompt: inout PromptWriter) {
    prompt.mark(Self.instructions)
    for tool in tools {
      prompt.content(tool.function.text(.spaced))
      prompt.mark("\n")
    }
    prompt.mark("</functions>\n")
  }

  static let instructions =
    "## Tools\n\n"
    + "You have access to a set of tools you can use to answer the user's question.\n"
    + "You can invoke functions by writing a \"<\(Mark.dsml)function_calls>\" block like the "
    + "following as part of your reply to the user:\n"
    + "<\(Mark.dsml)function_calls>\n<\(Mark.dsml)invoke name=\"$FUNCTION_NAME\">\n"
    + "<\(Mark.dsml)parameter name=\"$PARAMETER_NAME\" string=\"true|false\">$PARAMETER_VALUE"
    + "</\(Mark.dsml)parameter>\n...\n</\(Mark.dsml)invoke>\n"
    + "<\(Mark.dsml)invoke name=\"$FUNCTION_NAME2\">\n...\n</\(Mark.dsml)invoke>\n"
    + "</\(Mark.dsml)function_calls>\n\n"
    + "String and scalar parameters should be specified as is without any escaping or quotes, "
    + "while lists and objects should use JSON format. The \"string\" attribute should be set to "
    + "\"true\" for string type parameters and \"false\" for other types (numbers, booleans, "
    + "arrays, objects).\n\n"
    + "If the thinking_mode is enabled, then after function results you should strongly consider "
    + "outputting a thinking block. Here is an example:\n\n"
    + "<\(Mark.dsml)function_calls>\n...\n</\(Mark.dsml)function_calls>\n\n"
    + "<function_results>\n...\n</function_results>\n\n"
    + "\(Mark.think)...thinking about results\(Mark.endThink)\n\n"
    + "Here are the functions available in JSONSchema format:\n<functions>\n"
}

extension DeepSeekV32Layout {
  /// What it writes in turns, for recognising its template.
  static let turnTexts =
    "\n\n<function_results>\n<result></result>\n</function_results></functions>\n"
    + "<\(Mark.dsml)parameter name=\"\" string=\"true\"></\(Mark.dsml)parameter>\n"
    + "\" string=\"false\"></\(Mark.dsml)invoke>\n\n\n<\(Mark.dsml)function_calls>\n"
}

extension PlacedMessage {
  /// Arguments one by one; a string is read as JSON first.
  func argumentMembers(_ call: ToolCall, _ number: Int) throws -> [(key: String, value: JSON)] {
    let place = "\(place).tool_calls[\(number)].function.arguments"
    let value: JSON
    switch call.arguments {
    case .value(let given): value = given
    case .text(let text):
      do {
        value = try JSON.parse(text)
      } catch let error as InputError {
        throw error.inside(place)
      }
    }
    return try JSONField(value, at: place).object().members
  }
}
