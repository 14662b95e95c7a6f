import FathomTensors

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How fresh weights are drawn.
public enum Initialization: Sendable, Equatable {
  /// Normal with one deviation for all matrices, as the reports have it (0.006).
  case normal(deviation: Double)
  /// Half a deviation of 1 / √columns, small where the residual stream is written and at the head: for small networks.
  case scaled
}

extension ParameterStore {
  /// Draws all values: each parameter from a stream of its own, so that a value depends on seed, name and place alone.
  package func initialize(_ initialization: Initialization, seed: UInt64) {
    for id in ids {
      let parameter = self[id]
      let value = self.value(id).pointer
      switch parameter.role {
      case .norm: value.update(repeating: 1, count: parameter.count)
      case .bias, .balance, .adapterUp: value.update(repeating: 0, count: parameter.count)
      default:
        fill(value, parameter, deviation: deviation(parameter, initialization), seed: seed)
      }
    }
  }

  private func deviation(_ parameter: Parameter, _ initialization: Initialization) -> Double {
    let fan = 1 / Double(parameter.columns).squareRoot()
    if parameter.role == .adapterDown { return fan }
    switch initialization {
    case .normal(let deviation): return deviation
    case .scaled:
      switch parameter.role {
      case .embedding: return 0.5
      case .head: return 0.006
      case .router: return 0.02
      default:
        let isResidual =
          parameter.name.hasSuffix("o_proj.weight") || parameter.name.hasSuffix("down_proj.weight")
        return isResidual ? min(0.02, 0.5 * fan) : 0.5 * fan
      }
    }
  }

  private func fill(
    _ values: UnsafeMutablePointer<Float>, _ parameter: Parameter, deviation: Double, seed: UInt64
  ) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in parameter.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let random = CounterRandom(seed: seed ^ hash)
    for index in stride(from: 0, to: parameter.count, by: 2) {
      // Box–Muller.
      let radius = (-2 * log(1 - random.uniform(at: UInt64(index)))).squareRoot() * deviation
      let angle = 2 * Double.pi * random.uniform(at: UInt64(index + 1))
      values[index] = Float(radius * cos(angle))
      if index + 1 < parameter.count { values[index + 1] = Float(radius * sin(angle)) }
    }
  }
}
