import CFathomKernels
import FathomConstraints
import FathomTensors

/// Picks tokens from logits, one after another, for one answer.
///
/// Randomness is addressed by the number of the token within the answer, so what else runs in between cannot
/// change it, and a drafted token is checked with the very number that an undrafted one would have met.
///
/// Order of the steps: bias, penalties, top-k, temperature, top-p, min-p.
public struct Sampler: Sendable {
  public let options: SamplingOptions
  /// The seed in use: the one asked for, or the one that was drawn.
  public let seed: UInt64

  private let random: CounterRandom
  /// How often each token was generated in this answer.
  private var generated: [Int32: Int] = [:]
  /// Tokens of the prompt; only the repetition penalty looks at them.
  private var prompt: Set<Int32> = []
  private var picked: UInt64 = 0
  var adjusted: [Float] = []
  var candidates: [Candidate] = []
  private var isRestricted = false

  /// The tokens that the last one was drawn from, ascending; nil where that was the whole vocabulary, or nothing was drawn.
  var drawnFrom: [Int32]? {
    isRestricted ? candidates.filter { $0.weight > 0 }.map(\.token).sorted() : nil
  }

  struct Candidate {
    var token: Int32
    var logit: Float
    var weight: Double
  }

  /// - Parameter prompt: tokens the repetition penalty counts as seen.
  public init(_ options: SamplingOptions, prompt: some Sequence<Int32> = []) {
    self.options = options
    seed = options.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    random = CounterRandom(seed: seed)
    if options.repetitionPenalty != 1 { self.prompt = Set(prompt) }
  }

  var adjusts: Bool {
    !options.logitBias.isEmpty || options.repetitionPenalty != 1 || options.presencePenalty != 0
      || options.frequencyPenalty != 0
  }

  /// Picks the next token of the answer and remembers it.
  ///
  /// - Parameters:
  ///   - logits: `[vocab]`, left as it is.
  ///   - mask: the tokens that may be picked, at least one; nil allows all.
  public mutating func pick(
    _ logits: UnsafeBufferPointer<Float>, allowed mask: TokenMask? = nil
  ) -> Int32 {
    let token: Int32
    isRestricted = !options.isGreedy && (options.truncates || mask != nil)
    if adjusts || mask != nil {
      adjusted.removeAll(keepingCapacity: true)
      adjusted.append(contentsOf: logits)
      if adjusts { adjust() }
      if let mask { forbid(allBut: mask) }
      var ready: [Float] = []
      swap(&ready, &adjusted)
      token = ready.withUnsafeBufferPointer { choose($0) }
      swap(&ready, &adjusted)
    } else {
      token = choose(logits)
    }
    generated[token, default: 0] += 1
    picked += 1
    return token
  }

  private mutating func forbid(allBut mask: TokenMask) {
    for token in adjusted.indices where !mask[Int32(truncatingIfNeeded: token)] {
      adjusted[token] = -.infinity
    }
  }

  mutating func adjust() {
    for (token, bias) in options.logitBias where adjusted.indices.contains(Int(token)) {
      adjusted[Int(token)] += Float(bias)
    }
    if options.repetitionPenalty != 1 {
      let penalty = Float(options.repetitionPenalty)
      for token in prompt.union(generated.keys) where adjusted.indices.contains(Int(token)) {
        let logit = adjusted[Int(token)]
        adjusted[Int(token)] = logit > 0 ? logit / penalty : logit * penalty
      }
    }
    for (token, count) in generated {
      adjusted[Int(token)] -= Float(
        options.presencePenalty + options.frequencyPenalty * Double(count))
    }
  }

  private mutating func choose(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    let best = Self.argmax(logits)
    if options.isGreedy { return best }
    let largest = Double(logits[Int(best)])
    let total = keep(of: gather(logits, largest: largest))
    var remaining = random.uniform(at: picked) * total
    for candidate in candidates {
      remaining -= candidate.weight
      if remaining < 0 { return candidate.token }
    }
    return candidates.last?.token ?? best
  }

  /// The likeliest token, the lowest of equals.
  package static func argmax(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    guard let first = logits.baseAddress, !logits.isEmpty else { return 0 }
    var best = fk_largest(first, logits.count)
    guard best == logits.count else { return Int32(best) }
    // A bias may have made a token certain or impossible: an infinity.
    best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return Int32(best)
  }

  /// Collects enough of the likeliest tokens, sorted, that everything `keep` may want is among them. Looking only
  /// at logits close to the best spares sorting the vocabulary.
  ///
  /// - Returns: the weight of the whole vocabulary, where top-p asks for it.
  mutating func gather(_ logits: UnsafeBufferPointer<Float>, largest: Double) -> Double {
    var total = 0.0
    if options.topP < 1 && options.topK == 0 {
      for logit in logits { total += weight(of: logit, largest: largest) }
    }
    // In units of the temperature, below the best logit: nothing beyond is kept by min-p.
    let reachOfMinP = options.minP > 0 ? 1 - logarithm(options.minP) : 0
    var reach = options.truncates ? max(12, reachOfMinP) : Double.infinity
    while true {
      candidates.removeAll(keepingCapacity: true)
      let floor = Float(largest - reach * options.temperature)
      var mass = 0.0
      for (token, logit) in logits.enumerated() where logit >= floor || reach.isInfinite {
        let weight = weight(of: logit, largest: largest)
        mass += weight
        candidates.append(Candidate(token: Int32(token), logit: logit, weight: weight))
      }
      let enough =
        options.topK > 0
        ? candidates.count >= options.topK
        : options.topP == 1 || mass >= options.topP * total
      if enough || reach.isInfinite { break }
      reach = reach > 100 ? .infinity : reach * 4
    }
    if options.truncates {
      candidates.sort { $0.logit > $1.logit || ($0.logit == $1.logit && $0.token < $1.token) }
    }
    return total
  }

  func weight(of logit: Float, largest: Double) -> Double {
    exponential((Double(logit) - largest) / options.temperature)
  }

  /// Applies top-k, top-p and min-p to the sorted candidates; returns the weight of those that stay.
  ///
  /// - Parameter vocabulary: the weight of all tokens; behind top-k, top-p is a share of what top-k left.
  mutating func keep(of vocabulary: Double) -> Double {
    if options.topK > 0, candidates.count > options.topK {
      candidates.removeLast(candidates.count - options.topK)
    }
    var total = candidates.reduce(0) { $0 + $1.weight }
    if options.topP < 1 {
      var mass = 0.0
      let wanted = options.topP * (options.topK > 0 ? total : vocabulary)
      let count = candidates.firstIndex { candidate in
        mass += candidate.weight
        return mass >= wanted
      }
      if let count {
        candidates.removeLast(candidates.count - count - 1)
        total = mass
      }
    }
    if options.minP > 0, let best = candidates.first?.weight {
      candidates.removeAll { $0.weight < options.minP * best }
      total = candidates.reduce(0) { $0 + $1.weight }
    }
    return total
  }
}

extension SamplingOptions {
  fileprivate var isGreedy: Bool { temperature == 0 || topK == 1 }

  /// Whether some tokens are left out however the logits are.
  fileprivate var truncates: Bool { topK > 0 || topP < 1 || minP > 0 }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

private func exponential(_ x: Double) -> Double { exp(x) }
private func logarithm(_ x: Double) -> Double { log(x) }
