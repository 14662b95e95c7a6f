import FathomCore

/// A chat format: how a conversation is written for a model, and how its answer is to be read.
///
/// Formats are native code, checked against renderings of the published templates; no template of a
/// checkpoint is ever run. Where tools are offered, a family that has a tool template is rendered by
/// it: see `docs/notes/tool-definitions.md`.
public struct ChatFormat: Sendable {
  /// The name that `--format` takes.
  public let name: String
  /// Other names of it: those of template files that it reproduces.
  public let aliases: [String]
  /// Whether the model can answer with `<think>…</think>` first.
  public let reasons: Bool
  /// How the model writes tool calls.
  public let toolCallSyntax: ToolCallSyntax
  /// Texts of the tokens that end an answer.
  public let stopTokens: [String]

  let layout: any ChatLayout
  let tools: ToolSupport

  /// What happens where tools are offered.
  enum ToolSupport: Sendable {
    /// The layout writes definitions itself.
    case written
    /// Another layout of the family takes over.
    case by(any ChatLayout)
    /// The definitions are left out of the prompt, as the published template does.
    case leftOut
    case impossible
  }

  init(
    _ name: String, aliases: [String] = [], reasons: Bool, calls: ToolCallSyntax,
    _ layout: any ChatLayout, tools: ToolSupport
  ) {
    self.name = name
    self.aliases = aliases
    self.reasons = reasons
    self.toolCallSyntax = calls
    self.stopTokens = [Mark.endOfSentence]
    self.layout = layout
    self.tools = tools
  }

  /// Writes a conversation as the model reads it.
  ///
  /// - Throws: `InputError` where the conversation holds what the format cannot express.
  public func render(_ request: ChatRequest, _ options: RenderOptions = RenderOptions()) throws
    -> RenderedPrompt
  {
    var request = request
    for index in request.messages.indices where request.messages[index].role == .developer {
      request.messages[index].role = .system
    }
    let layout = layout(for: request)
    if !request.tools.isEmpty {
      switch tools {
      case .written, .by: break
      case .leftOut: request.tools = []
      case .impossible:
        throw InputError(
          "tools", expected: "no tools, as chat format \"\(name)\" has no way to offer them",
          found: "\(request.tools.count)")
      }
    }
    var prompt = PromptWriter()
    let prefix = options.continuesPrefix ? try request.takePrefix() : nil
    try layout.write(request, options, to: &prompt)
    if let prefix { prompt.begin(prefix, reasons: reasons) }
    return prompt.finish()
  }

  /// Where tools are offered, another layout may take over.
  private func layout(for request: ChatRequest) -> any ChatLayout {
    if case .by(let toolLayout) = tools, !request.tools.isEmpty { toolLayout } else { layout }
  }

  /// The conversation with the arguments of calls in the form that the format wants them in.
  ///
  /// Clients send arguments as a string of JSON; templates that write them as JSON would quote that once more, and those that
  /// write them as they come fail on an object. Whoever runs such a template reads arguments before, or writes them.
  public func readingArguments(of request: ChatRequest) -> ChatRequest {
    let form = layout(for: request).arguments
    var request = request
    for index in request.messages.indices {
      guard case .calls(var calls) = request.messages[index].toolCalls else { continue }
      for number in calls.indices { calls[number].arguments.take(form) }
      request.messages[index].toolCalls = .calls(calls)
    }
    return request
  }
}

extension ToolCall.Arguments {
  /// What is no JSON object stays as it is.
  fileprivate mutating func take(_ form: ArgumentForm) {
    switch (form, self) {
    case (.json, .text(let text)):
      if let value = try? JSON.parse(text), value.objectValue != nil { self = .value(value) }
    case (.text, .value(let value)): self = .text(value.text(.spaced))
    default: break
    }
  }
}

/// How a model writes its tool calls.
public enum ToolCallSyntax: Sendable, Equatable {
  case none
  /// Between `<｜tool▁calls▁begin｜>` and its end: V3, R1 and V3.1.
  case marks
  /// Between `<｜DSML｜function_calls>` tags: V3.2.
  case dsml
}
