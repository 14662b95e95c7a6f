import CFathomKernels
import FathomTensors

/// What optimisers keep between steps, side by side with the gradients.
///
/// `@unchecked Sendable`: as for `ParameterStore`.
package final class OptimizerState: @unchecked Sendable {
  /// Momentum of Muon, first moment of AdamW.
  package let first: UnsafeMutablePointer<Float>
  /// Second moment of AdamW; unused for what Muon moves.
  package let second: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ parameters: ParameterStore) {
    count = parameters.gradientCount
    first = ParameterStore.memory(count)
    second = ParameterStore.memory(count)
  }

  deinit {
    first.deallocate()
    second.deallocate()
  }
}

/// How parameters are moved by their gradients.
public struct OptimizerOptions: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case adamw
    /// Muon for the matrices of the layers, AdamW for embedding, head, norms, router and adapters.
    case muon
  }

  public var kind: Kind = .muon
  public var beta1: Double = 0.9
  public var beta2: Double = 0.95
  public var epsilon: Double = 1e-8
  /// Of matrices; nothing else decays.
  public var weightDecay: Double = 0.1
  public var muonMomentum: Double = 0.95
  /// Gradients are scaled down to this norm; infinite for never.
  public var maxGradNorm: Double = 1

  public init() {}
}

/// One step of an optimiser over all trainable parameters.
package struct Optimizer {
  package let options: OptimizerOptions
  package let parameters: ParameterStore
  package let state: OptimizerState
  package let compute: TrainingCompute
  package let workspace: Workspace

  /// Values that one unit of work updates.
  private static let unit = 1 << 14

  package init(
    _ options: OptimizerOptions, parameters: ParameterStore, state: OptimizerState,
    compute: TrainingCompute, workspace: Workspace
  ) {
    self.options = options
    self.parameters = parameters
    self.state = state
    self.compute = compute
    self.workspace = workspace
  }

  /// The norm of all gradients.
  package func gradientNorm() -> Double {
    let units = (parameters.gradientCount + Self.unit - 1) / Self.unit
    return workspace.scope {
      let sums = workspace.take(units)
      compute.pool.run(units: units) { unit, _ in
        let begin = unit * Self.unit
        sums[unit] = compute.kernels.pointee.sum_of_squares(
          parameters.gradients + begin, min(Self.unit, parameters.gradientCount - begin))
      }
      var total = 0.0
      for unit in 0..<units { total += Double(sums[unit]) }
      return total.squareRoot()
    }
  }

  /// Scales all gradients so that their norm is at most `maxGradNorm`.
  package func clip(norm: Double) {
    guard norm > options.maxGradNorm else { return }
    let factor = Float(options.maxGradNorm / norm)
    let units = (parameters.gradientCount + Self.unit - 1) / Self.unit
    compute.pool.run(units: units) { unit, _ in
      let begin = unit * Self.unit
      let gradients = parameters.gradients + begin
      compute.kernels.pointee.blend(
        gradients, gradients, 0, factor, min(Self.unit, parameters.gradientCount - begin))
    }
  }

  /// - Parameters:
  ///   - step: counted from 0.
  ///   - rate: of AdamW.
  package func apply(step: Int, rate: Double) {
    var muon: [ParameterID] = []
    var adam: [(begin: Int, gradient: Int, count: Int, decays: Bool)] = []
    for id in parameters.ids {
      guard let gradient = parameters.gradientOffset(id) else { continue }
      let parameter = parameters[id]
      if options.kind == .muon, parameter.role == .matrix {
        muon.append(id)
        continue
      }
      let value = parameters.value(id).pointer - parameters.values
      for begin in stride(from: 0, to: parameter.count, by: Self.unit) {
        adam.append(
          (
            value + begin, gradient + begin, min(Self.unit, parameter.count - begin),
            parameter.role == .matrix
          ))
      }
    }
    let (beta1, beta2) = (Float(options.beta1), Float(options.beta2))
    var plain = ft_adam(
      rate: Float(rate), beta1: beta1, beta2: beta2, epsilon: Float(options.epsilon), decay: 0,
      correction1: Float(1 - power(options.beta1, step + 1)),
      correction2: Float(1 - power(options.beta2, step + 1)))
    var decaying = plain
    decaying.decay = Float(options.weightDecay)
    withUnsafePointer(to: &plain) { plain in
      withUnsafePointer(to: &decaying) { decaying in
        compute.pool.run(units: adam.count) { unit, _ in
          let piece = adam[unit]
          compute.kernels.pointee.adam(
            parameters.values + piece.begin, parameters.gradients + piece.gradient,
            state.first + piece.gradient, state.second + piece.gradient, piece.count,
            piece.decays ? decaying : plain)
        }
      }
    }
    applyMuon(muon, rate: rate)
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
