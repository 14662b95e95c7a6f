import FathomModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the heads of one layer look at.
package struct AttentionFrame: Sendable, Equatable {
  package var layer: Int
  /// Before softmax: of what tokens say and of where they stand, or of both in one.
  package var scores: AttentionScores
  /// `[h][s][t ≤ s]`, row behind row as the scores; each row adds up to 1.
  package var probabilities: [Float]

  /// - Parameter rows: the tokens that each query may look at, ascending, where a layer chooses them; the others get no
  ///   probability whatever their score.
  init(layer: Int, scores: AttentionScores, rows: [[Int32]]?) {
    self.layer = layer
    self.scores = scores
    var sums = scores.content
    if let rotary = scores.rotary {
      for index in sums.indices { sums[index] += rotary[index] }
    }
    probabilities = []
    probabilities.reserveCapacity(sums.count)
    var begin = 0
    for _ in 0..<scores.heads {
      for s in 0..<scores.tokens {
        probabilities += Self.softmax(sums[begin...begin + s], chosen: rows?[s])
        begin += s + 1
      }
    }
  }

  private static func softmax(_ scores: ArraySlice<Float>, chosen: [Int32]?) -> [Float] {
    let begin = scores.startIndex
    let places = chosen?.map { begin + Int($0) } ?? Array(scores.indices)
    let largest = places.reduce(-Float.infinity) { max($0, scores[$1]) }
    var weights = [Float](repeating: 0, count: scores.count)
    var total: Float = 0
    for place in places {
      let weight = exp(scores[place] - largest)
      weights[place - begin] = weight
      total += weight
    }
    return weights.map { $0 / total }
  }
}
