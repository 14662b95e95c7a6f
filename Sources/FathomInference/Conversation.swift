import FathomCore
import FathomModels
import FathomText

/// Answers in one conversation: messages in, reasoning, text and tool calls out as they come.
///
/// The cache stays between answers, so that each turn only runs what is new. A conversation belongs to one thread
/// at a time.
public final class Conversation {
  public let model: LanguageModel
  public let session: Session

  public init(
    _ model: LanguageModel, runtime: RuntimeOptions = RuntimeOptions(), drafts: Bool = true
  ) throws {
    self.model = model
    session = try Session(model.model, options: runtime, drafts: drafts)
  }

  /// What came out of one turn.
  public struct Answer: Sendable {
    /// The assistant's message, ready to be appended to the conversation.
    public var message: ChatMessage
    /// All text of the answer as the model wrote it, without stop tokens.
    public var text: String
    public var generation: Generation
  }

  /// Answers the last message of a request.
  ///
  /// - Parameter onEvent: sees reasoning, content and tool calls as soon as they are certain.
  public func respond(
    to request: ChatRequest, options: GenerationOptions, rendering: RenderOptions = RenderOptions(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }, onEvent: (ResponseEvent) -> Void = { _ in }
  ) throws -> Answer {
    let format = try model.chatFormat()
    let (prompt, tokens) = try model.encode(request, rendering)
    var parser = ResponseParser(format, after: prompt)
    var collector = MessageCollector()
    func handle(_ events: [ResponseEvent]) {
      for event in events {
        collector.add(event)
        onEvent(event)
      }
    }
    let (text, generation) = try complete(
      tokens, options: options, skipSpecial: false, progress: progress, isCancelled: isCancelled,
      onText: { handle(parser.feed($0)) })
    handle(parser.finish())
    return Answer(message: collector.message, text: text, generation: generation)
  }

  /// Continues a prompt of tokens with plain text.
  public func complete(
    _ prompt: [Int32], options: GenerationOptions, skipSpecial: Bool = true,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }, onText: (String) -> Void = { _ in }
  ) throws -> (text: String, generation: Generation) {
    var decoder = StreamingDecoder(model.tokenizer, skipSpecial: skipSpecial)
    var stops = StopStrings(options.stopStrings)
    var text = ""
    func show(_ piece: String) {
      guard !piece.isEmpty else { return }
      text += piece
      onText(piece)
    }
    var isStopped = false
    let generation = try session.generate(
      prompt: prompt, options: options, progress: progress, isCancelled: isCancelled
    ) { token in
      if options.stopTokens.contains(token) { return true }
      let (shown, stopped) = stops.append(decoder.append(token))
      show(shown)
      isStopped = stopped
      return !stopped
    }
    if !isStopped {
      let (shown, stopped) = stops.append(decoder.finish())
      show(shown)
      if !stopped { show(stops.finish()) }
    }
    return (text, generation)
  }
}

/// Puts the events of an answer together again.
private struct MessageCollector {
  private var reasoning = ""
  private var content = ""
  private var calls: [ToolCall] = []
  /// Those of the last call.
  private var arguments = ""

  mutating func add(_ event: ResponseEvent) {
    switch event {
    case .reasoning(let text): reasoning += text
    case .content(let text), .malformedToolCall(let text): content += text
    case .toolCall(let index, let name):
      calls.append(ToolCall(id: "call_\(index)", name: name, arguments: .text("")))
      arguments = ""
    case .toolArguments(_, let text):
      arguments += text
      if let last = calls.indices.last { calls[last].arguments = .text(arguments) }
    }
  }

  var message: ChatMessage {
    ChatMessage(
      role: .assistant, content: content,
      reasoningContent: reasoning.isEmpty ? nil : reasoning,
      toolCalls: calls.isEmpty ? .absent : .calls(calls))
  }
}
