/// Reads a model's answer as it comes: reasoning, content and tool calls.
///
/// Feed it decoded text in any pieces. Events joined together are the same however the stream is
/// cut; text that may be the beginning of a mark waits until it is known.
///
/// ```swift
/// var parser = ResponseParser(format, after: prompt)
/// for text in stream { handle(parser.feed(text)) }
/// handle(parser.finish())
/// ```
public struct ResponseParser: Sendable {
  private var reasoning: ReasoningParser
  private var toolCalls: ToolCallParser

  /// - Parameter prompt: what the model answers; it says whether reasoning has begun.
  public init(_ format: ChatFormat, after prompt: RenderedPrompt) {
    self.init(
      reasoning: format.reasons ? prompt.reasoning : .closed, toolCalls: format.toolCallSyntax)
  }

  public init(reasoning: ReasoningStart, toolCalls: ToolCallSyntax) {
    self.reasoning = ReasoningParser(reasoning)
    self.toolCalls = ToolCallParser(toolCalls)
  }

  /// Where the answer stands between reasoning and what follows it.
  public var reasoningState: ReasoningParser { reasoning }

  public mutating func feed(_ text: String) -> [ResponseEvent] {
    events(of: reasoning.feed(text))
  }

  /// The last events. Call once, when the stream has ended.
  public mutating func finish() -> [ResponseEvent] {
    events(of: reasoning.finish()) + toolCalls.finish()
  }

  private mutating func events(of pieces: [ReasoningParser.Piece]) -> [ResponseEvent] {
    var events: [ResponseEvent] = []
    for piece in pieces {
      switch piece {
      case .reasoning(let text): events.append(.reasoning(text))
      case .answer(let text): events += toolCalls.feed(text)
      }
    }
    return events
  }
}
