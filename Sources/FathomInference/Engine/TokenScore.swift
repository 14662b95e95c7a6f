#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How likely a token was, before temperature and everything else that shapes the choice.
public struct TokenScore: Sendable, Equatable {
  public struct Candidate: Sendable, Equatable {
    public var token: Int32
    /// Natural logarithm of the probability.
    public var logprob: Double

    package var probability: Double { exp(logprob) }
  }

  public var token: Int32
  public var logprob: Double
  /// The likeliest tokens, the likeliest first and the lowest of equals.
  public var top: [Candidate]

  package var probability: Double { exp(logprob) }

  /// - Parameter logits: `[vocab]`, finite.
  package init(of token: Int32, top count: Int, in logits: UnsafeBufferPointer<Float>) {
    let largest = Double(logits[Int(Sampler.argmax(logits))])
    var sum = 0.0
    for logit in logits { sum += exp(Double(logit) - largest) }
    let logSum = largest + log(sum)
    func logprob(_ token: Int32) -> Double { Double(logits[Int(token)]) - logSum }
    self.token = token
    self.logprob = logprob(token)
    top = Self.largest(count, of: logits).map { Candidate(token: $0, logprob: logprob($0)) }
  }

  /// The likeliest tokens, at most `count`.
  static func largest(_ count: Int, of logits: UnsafeBufferPointer<Float>) -> [Int32] {
    guard count > 0 else { return [] }
    var best: [Int32] = []
    for token in logits.indices {
      let logit = logits[token]
      if best.count == count, let last = best.last, logit <= logits[Int(last)] { continue }
      let place = best.firstIndex { logits[Int($0)] < logit } ?? best.count
      best.insert(Int32(token), at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }
}
