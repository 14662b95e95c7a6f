import FathomEvaluation
import FathomTasks

/// One answer of the policy, with everything a step needs of it.
public struct Rollout: Sendable {
  /// Which question of the step it answers.
  public let question: Int
  /// Which of the answers to it, counted from 0.
  public let sample: Int
  public let prompt: [Int32]
  /// The answer, the token that ended it included.
  public let answer: [Int32]
  /// Natural log-probability of each token of the answer before temperature, as the engine told it.
  public let logprobs: [Double]
  /// For each token of the answer the tokens it was drawn from; nil where that was the whole vocabulary.
  public internal(set) var drawnFrom: [[Int32]?]
  /// Experts of each token but the last, for each mixture; -1 where the engine had the token cached.
  public internal(set) var routes: [[Int32]]
  public let completion: Completion

  public var tokens: [Int32] { prompt + answer }
}

extension Rollout {
  /// As if the whole vocabulary had been there to draw from.
  mutating func forgetDrawing() { drawnFrom = answer.map { _ in nil } }

  /// Takes the experts of cached tokens from others that begin with the same prompt.
  static func shareRoutes(_ group: inout [Rollout]) {
    guard let mixtures = group.map(\.routes.count).max() else { return }
    for mixture in 0..<mixtures {
      for index in group.indices {
        let length = group[index].tokens.count - 1
        guard length > 0, group[index].routes.count > mixture else { continue }
        let width = group[index].routes[mixture].count / length
        let prompt = min(group[index].prompt.count, length)
        for position in 0..<prompt where group[index].routes[mixture][position * width] < 0 {
          let place = position * width
          let source = group.first {
            $0.routes.count > mixture && $0.routes[mixture].count > place
              && $0.routes[mixture][place] >= 0
          }
          guard let source else { continue }
          for slot in place..<place + width {
            group[index].routes[mixture][slot] = source.routes[mixture][slot]
          }
        }
      }
    }
  }
}

extension Problem {
  /// Whether what was written came to an end by itself and its answer is right.
  func isSolved(by completion: Completion) -> Bool {
    completion.isFinished && accepts(completion.plainAnswer)
  }
}
