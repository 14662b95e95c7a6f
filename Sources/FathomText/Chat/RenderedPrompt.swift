/// A conversation as the text that a model reads.
public struct RenderedPrompt: Sendable, Equatable {
  public let text: String
  /// UTF-8 byte ranges of `text` that the format wrote, ascending and apart.
  ///
  /// All other bytes came from outside (messages, tool definitions): a special token's text there is
  /// text and must not become that token.
  public let controlRanges: [Range<Int>]
  /// Where the prompt leaves the model, which is where a `ResponseParser` begins.
  public let reasoning: ReasoningStart

  /// The prompt ends inside `<think>`.
  public var opensReasoning: Bool { reasoning == .open }
}

/// Whether the model's first token is reasoning.
public enum ReasoningStart: Sendable, Equatable {
  /// The prompt ends inside `<think>`.
  case open
  /// The prompt says that there is none: what comes is the answer.
  case closed
  /// The model decides: it may begin with `<think>`.
  case undecided
}

/// Collects a prompt and remembers which bytes of it are the format's own.
package struct PromptWriter {
  package private(set) var text = ""
  private var controlRanges: [Range<Int>] = []
  package var reasoning = ReasoningStart.undecided

  package init() {}

  /// Appends the format's own text.
  package mutating func mark(_ marks: String...) {
    let start = text.utf8.count
    for mark in marks { text += mark }
    let end = text.utf8.count
    guard end > start else { return }
    if let last = controlRanges.last, last.upperBound == start {
      controlRanges[controlRanges.count - 1] = last.lowerBound..<end
    } else {
      controlRanges.append(start..<end)
    }
  }

  /// Appends text from outside.
  package mutating func content(_ content: String) { text += content }

  package func finish() -> RenderedPrompt {
    RenderedPrompt(text: text, controlRanges: controlRanges, reasoning: reasoning)
  }
}
