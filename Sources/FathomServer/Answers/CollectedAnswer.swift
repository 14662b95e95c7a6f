import FathomInference
import FathomText

/// An answer put together from its events.
struct CollectedAnswer {
  var content = ""
  var reasoning = ""
  var calls: [(name: String, arguments: String)] = []
  var pieces: [AnswerPiece] = []
  var promptScores: [TokenScore?] = []
  var reasoningTokens = 0
  var reason: FinishReason?
  var statistics = GenerationStatistics()

  /// - Throws: `EngineFailure`.
  mutating func add(_ event: EngineEvent) throws {
    switch event {
    case .accepted, .started, .progress, .waiting: break
    case .promptScores(let scores): promptScores = scores
    case .piece(let piece):
      if piece.score != nil { pieces.append(piece) }
      if piece.isReasoning { reasoningTokens += 1 }
      for event in piece.events {
        switch event {
        case .reasoning(let text): reasoning += text
        case .content(let text), .malformedToolCall(let text): content += text
        case .toolCall(_, let name, let arguments): calls.append((name, arguments))
        }
      }
    case .finished(let reason, let statistics, _):
      self.reason = reason
      self.statistics = statistics
    case .failed(let failure): throw failure
    }
  }
}
