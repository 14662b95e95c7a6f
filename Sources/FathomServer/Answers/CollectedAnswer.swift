import FathomInference
import FathomText

/// An answer put together from its events.
struct CollectedAnswer {
  /// Reasoning, content and calls in the order in which they came.
  private(set) var parts: [AnswerPart] = []
  private(set) var pieces: [AnswerPiece] = []
  private(set) var promptScores: [TokenScore?] = []
  private(set) var reasoningTokens = 0
  private(set) var reason: FinishReason?
  /// The stop string that ended it.
  private(set) var stopString: String?
  var statistics = GenerationStatistics()

  var content: String { text(of: .content) }
  var reasoning: String { text(of: .reasoning) }
  var calls: [(name: String, arguments: String)] {
    parts.compactMap { if case .call(let name) = $0.kind { (name, $0.text) } else { nil } }
  }

  private func text(of kind: AnswerPart.Kind) -> String {
    parts.reduce(into: "") { if $1.kind == kind { $0 += $1.text } }
  }

  /// - Parameter onPart: called with each piece of a part, whether the part begins with it, and what ended there.
  /// - Throws: `EngineFailure`.
  mutating func add(
    _ event: EngineEvent,
    onPart: (_ piece: AnswerPart, _ begins: Bool, _ ended: AnswerPart?) -> Void = { _, _, _ in }
  ) throws {
    switch event {
    case .accepted, .started, .progress, .waiting, .trace: break
    case .promptScores(let scores): promptScores = scores
    case .piece(let piece):
      if piece.score != nil { pieces.append(piece) }
      if piece.isReasoning { reasoningTokens += 1 }
      for event in piece.events {
        let ended = parts.last
        let piece = AnswerPart(event, behind: ended)
        if let ended, ended.kind == piece.kind, !event.beginsCall {
          parts[parts.count - 1].text += piece.text
          onPart(piece, false, nil)
        } else {
          parts.append(piece)
          onPart(piece, true, ended)
        }
      }
    case .finished(let reason, let statistics, _, let stopString):
      self.reason = reason
      self.statistics = statistics
      self.stopString = reason == .stop ? stopString : nil
    case .failed(let failure): throw failure
    }
  }
}

/// A stretch of an answer that is all of one kind: what Anthropic calls a block, and OpenAI an item. Every call is one.
struct AnswerPart: Equatable {
  enum Kind: Equatable {
    case reasoning
    case content
    case call(name: String)
  }
  let kind: Kind
  /// Of a call, its arguments.
  var text: String

  var isCall: Bool { if case .call = kind { true } else { false } }

  init(_ event: ResponseEvent, behind last: AnswerPart?) {
    switch event {
    case .reasoning(let text): (kind, self.text) = (.reasoning, text)
    case .content(let text), .malformedToolCall(let text): (kind, self.text) = (.content, text)
    case .toolCall(_, let name): (kind, text) = (.call(name: name), "")
    case .toolArguments(_, let text): (kind, self.text) = (last?.kind ?? .content, text)
    }
  }
}

extension ResponseEvent {
  fileprivate var beginsCall: Bool { if case .toolCall = self { true } else { false } }
}
