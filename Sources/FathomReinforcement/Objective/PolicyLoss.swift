#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What one token costs, and how that falls with its log-probability.
///
/// `−min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A) + β D`, with `ρ = π_θ/π_old` and `D = π_ref/π_θ − log(π_ref/π_θ) − 1`.
public struct PolicyLoss: Sendable, Equatable {
  public var loss: Double
  /// Derivative of the loss with respect to log π_θ.
  public var slope: Double
  /// Whether the clip took the policy's part of the slope away.
  public var isClipped: Bool
  /// D, times ρ where it is corrected.
  public var divergence: Double

  /// - Parameters:
  ///   - logprob: log π_θ of the token.
  ///   - old: log π_old, of the policy that drew it.
  ///   - reference: log π_ref; nil where there is no reference.
  ///   - counts: whether the policy's part counts; the divergence does anyway.
  public init(
    logprob: Double, old: Double, reference: Double?, advantage: Double, counts: Bool = true,
    _ options: PolicyOptions
  ) {
    let ratio = exp(logprob - old)
    let clipped = min(max(ratio, 1 - options.epsilon), 1 + options.epsilonHigh)
    isClipped = counts && clipped * advantage < ratio * advantage
    loss = counts ? -min(ratio * advantage, clipped * advantage) : 0
    slope = counts && !isClipped ? -ratio * advantage : 0
    divergence = 0
    guard let reference, options.beta != 0 else { return }
    let gap = reference - logprob
    divergence = exp(gap) - gap - 1
    var fall = 1 - exp(gap)
    if options.correctsKL {
      fall = ratio * (fall + divergence)
      divergence *= ratio
    }
    loss += options.beta * divergence
    slope += options.beta * fall
  }
}
