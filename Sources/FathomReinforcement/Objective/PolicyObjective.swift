import CFathomKernels
import FathomTraining

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The loss of a batch of rollouts, and what was seen while it was computed.
struct PolicyObjective: TokenObjective {
  let batch: RolloutBatch
  let options: PolicyOptions
  let seen: TokenRecords

  func loss(
    _ token: Int, of _: TrainingBatch, logits: UnsafeMutablePointer<Float>, width: Int,
    scale: Float, kernels: ft_kernels
  ) -> Float {
    let terms = batch.terms[token]
    let (logprob, entropy) = batch.distribution(
      at: token, logits: logits, width: width, temperature: options.temperature, kernels: kernels)
    let loss = PolicyLoss(
      logprob: logprob, old: terms.old ?? logprob, reference: terms.reference,
      advantage: terms.advantage, counts: terms.counts, options)
    seen.values[token] = TokenRecord(
      logprob: logprob, entropy: entropy, divergence: loss.divergence, isClipped: loss.isClipped)
    let weight = batch.batch.weights[token] * scale
    // The logits hold p − 1 at the token and p elsewhere: minus the slope of its log-probability.
    let factor = -Float(loss.slope / options.temperature) * weight
    for k in 0..<width { logits[k] *= factor }
    return Float(loss.loss) * weight
  }
}

/// Reads log-probabilities of the drawn tokens, and teaches nothing.
struct LogprobReading: TokenObjective {
  let batch: RolloutBatch
  let temperature: Double
  let seen: TokenRecords

  func loss(
    _ token: Int, of _: TrainingBatch, logits: UnsafeMutablePointer<Float>, width: Int,
    scale: Float, kernels: ft_kernels
  ) -> Float {
    let (logprob, entropy) = batch.distribution(
      at: token, logits: logits, width: width, temperature: temperature, kernels: kernels)
    seen.values[token] = TokenRecord(logprob: logprob, entropy: entropy)
    return 0
  }
}

struct TokenRecord: BitwiseCopyable {
  /// Of the drawn token, at the temperature it was drawn at and among the tokens it was drawn from.
  var logprob = 0.0
  /// Of the distribution it was drawn from, nats.
  var entropy = 0.0
  var divergence = 0.0
  var isClipped = false
}

/// `@unchecked Sendable`: each token's record is written once, by whoever computes that token.
final class TokenRecords: @unchecked Sendable {
  let values: UnsafeMutablePointer<TokenRecord>

  init(_ count: Int) {
    values = .allocate(capacity: max(1, count))
    values.initialize(repeating: TokenRecord(), count: max(1, count))
  }

  deinit { values.deallocate() }
}

extension RolloutBatch {
  /// The log-probability of a token's target and the entropy of where it was drawn from. Leaves p − (1 at the target) in `logits`.
  fileprivate func distribution(
    at token: Int, logits: UnsafeMutablePointer<Float>, width: Int, temperature: Double,
    kernels: ft_kernels
  ) -> (logprob: Double, entropy: Double) {
    if let allowed = terms[token].drawnFrom {
      var next = 0
      for k in 0..<width {
        if next < allowed.count, allowed[next] == Int32(k) {
          next += 1
        } else {
          logits[k] = -Self.impossible
        }
      }
    }
    if temperature != 1 {
      let factor = Float(1 / temperature)
      for k in 0..<width { logits[k] *= factor }
    }
    let target = Int(batch.targets[token])
    let cost = kernels.cross_entropy(logits, width, target, 1)
    var entropy = 0.0
    for k in 0..<width {
      let p = k == target ? logits[k] + 1 : logits[k]
      if p > 0 { entropy -= Double(p * logf(p)) }
    }
    return (-Double(cost), entropy)
  }

  /// Below any logit, and finite at any temperature.
  private static let impossible: Float = 1e30
}
