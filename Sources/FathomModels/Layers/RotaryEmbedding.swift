import FathomCheckpoints
import FathomTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Rotary position embedding: which angle each pair of channels turns by at each position.
package struct RotaryEmbedding: Sendable {
  /// Channels that turn; even.
  package let width: Int
  /// Angle per position for each pair, `[width / 2]`.
  package let inverseFrequencies: [Float]
  /// What cos and sin are multiplied by.
  package let attentionFactor: Float
  /// What the softmax scale is multiplied by (`mscale_all_dim`, squared).
  package let softmaxFactor: Float

  package init(_ rope: RopeConfiguration, width: Int) {
    precondition(width > 0 && width % 2 == 0, "rotary width \(width)")
    self.width = width
    let base = Float(rope.theta)
    let plain = (0..<width / 2).map { pair in
      1 / powf(base, Float(2 * pair) / Float(width))
    }
    switch rope.scaling {
    case .none:
      inverseFrequencies = plain
      attentionFactor = 1
      softmaxFactor = 1
    case .linear(let factor):
      inverseFrequencies = plain.map { $0 / Float(factor) }
      attentionFactor = 1
      softmaxFactor = 1
    case .yarn(let yarn):
      inverseFrequencies = Self.stretched(plain, width: width, theta: rope.theta, by: yarn)
      let allDim = yarn.mscaleAllDim ?? 0
      if let factor = yarn.attentionFactor {
        attentionFactor = Float(factor)
      } else if let mscale = yarn.mscale, mscale != 0, allDim != 0 {
        attentionFactor = Float(
          Self.magnitude(yarn.factor, mscale) / Self.magnitude(yarn.factor, allDim))
      } else {
        attentionFactor = Float(Self.magnitude(yarn.factor, 1))
      }
      let magnitude = allDim == 0 ? 1 : Self.magnitude(yarn.factor, allDim)
      softmaxFactor = Float(magnitude * magnitude)
    case .divisors(let divisors):
      inverseFrequencies = zip(plain, divisors).map { $0 / Float($1) }
      attentionFactor = 1
      softmaxFactor = 1
    case .llama3(let llama3):
      inverseFrequencies = plain.map { Self.stretched($0, by: llama3) }
      attentionFactor = 1
      softmaxFactor = 1
    }
  }

  private static func magnitude(_ factor: Double, _ mscale: Double) -> Double {
    factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1
  }

  /// Long wavelengths are stretched, short ones kept, those between blended.
  private static func stretched(_ frequency: Float, by llama3: RopeConfiguration.Llama3) -> Float {
    let wavelength = 2 * Double.pi / Double(frequency)
    let original = Double(llama3.originalMaxPositionEmbeddings)
    if wavelength < original / llama3.highFreqFactor { return frequency }
    if wavelength > original / llama3.lowFreqFactor { return frequency / Float(llama3.factor) }
    let smooth =
      (original / wavelength - llama3.lowFreqFactor)
      / (llama3.highFreqFactor - llama3.lowFreqFactor)
    return Float((1 - smooth) * Double(frequency) / llama3.factor + smooth * Double(frequency))
  }

  /// Slow pairs are interpolated (divided by `factor`), fast ones kept, those between blended along a ramp.
  private static func stretched(
    _ plain: [Float], width: Int, theta: Double, by yarn: RopeConfiguration.Yarn
  ) -> [Float] {
    func pair(turning rotations: Double) -> Double {
      let original = Double(yarn.originalMaxPositionEmbeddings)
      return Double(width) * log(original / (rotations * 2 * Double.pi)) / (2 * log(theta))
    }
    let low = max(floor(pair(turning: yarn.betaFast)), 0)
    var high = min(ceil(pair(turning: yarn.betaSlow)), Double(width - 1))
    if low == high { high += 0.001 }
    return plain.enumerated().map { index, frequency in
      let ramp = Float(min(max((Double(index) - low) / (high - low), 0), 1))
      return frequency / Float(yarn.factor) * ramp + frequency * (1 - ramp)
    }
  }

  /// Fills `cos [s, width / 2]` and `sin [s, width / 2]` for the positions of a step. The angle is an f32 product,
  /// as in the reference implementation, so that long contexts see the angles the models were trained with.
  package func fill(cos: Rows, sin: Rows, positions: [Int]) {
    for (row, position) in positions.enumerated() {
      for (pair, frequency) in inverseFrequencies.enumerated() {
        let angle = Double(Float(position) * frequency)
        cos[row][pair] = Float(Self.cosine(angle)) * attentionFactor
        sin[row][pair] = Float(Self.sine(angle)) * attentionFactor
      }
    }
  }

  // Inside `fill` the names cos and sin are the tables.
  private static func cosine(_ x: Double) -> Double { cos(x) }
  private static func sine(_ x: Double) -> Double { sin(x) }
}
