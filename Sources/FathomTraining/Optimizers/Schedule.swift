#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How the learning rate moves: a linear warm-up, a plateau, and a decay over the last steps.
public struct Schedule: Sendable, Equatable {
  public enum Decay: String, Sendable, CaseIterable {
    case constant, linear, cosine
  }

  public var peak: Double
  public var steps: Int
  public var warmupSteps: Int
  /// Steps of the decay, at the end.
  public var decaySteps: Int
  public var decay: Decay
  /// What is left at the last step, of the peak.
  public var floor: Double

  public init(
    peak: Double, steps: Int, warmupSteps: Int = 0, decaySteps: Int = 0,
    decay: Decay = .linear, floor: Double = 0
  ) {
    self.peak = peak
    self.steps = steps
    self.warmupSteps = warmupSteps
    self.decaySteps = decaySteps
    self.decay = decay
    self.floor = floor
  }

  /// The share of the peak at step `step`, counted from 0.
  public func factor(at step: Int) -> Double {
    let rise = warmupSteps > 0 ? min(1, Double(step + 1) / Double(warmupSteps)) : 1
    guard decay != .constant, decaySteps > 0, step >= steps - decaySteps else { return rise }
    let along = min(1, Double(step + 1 - (steps - decaySteps)) / Double(decaySteps))
    let left = decay == .linear ? 1 - along : (1 + cos(Double.pi * along)) / 2
    return rise * (floor + (1 - floor) * left)
  }

  public func rate(at step: Int) -> Double { peak * factor(at: step) }
}
