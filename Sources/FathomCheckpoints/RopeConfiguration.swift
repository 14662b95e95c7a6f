import FathomCore

/// How positions are rotated: the base and what stretches it to long contexts.
///
/// Two spellings are read: `rope_theta` beside `rope_scaling`, and the newer single object
/// `rope_parameters`.
public struct RopeConfiguration: Sendable, Equatable {
  public var theta: Double
  public var scaling: Scaling

  public enum Scaling: Sendable, Equatable {
    case none
    case linear(factor: Double)
    case yarn(Yarn)
    case llama3(Llama3)
    /// What the frequency of each pair is divided by: GGUF files hold it in place of the rule it came from.
    case divisors([Double])
  }

  public struct Yarn: Sendable, Equatable {
    public var factor: Double
    public var originalMaxPositionEmbeddings: Int
    public var betaFast: Double
    public var betaSlow: Double
    /// nil and 0 mean different things to the reference; see its README.
    public var mscale: Double?
    public var mscaleAllDim: Double?
    public var attentionFactor: Double?

    public init(
      factor: Double, originalMaxPositionEmbeddings: Int, betaFast: Double = 32,
      betaSlow: Double = 1, mscale: Double? = nil, mscaleAllDim: Double? = nil,
      attentionFactor: Double? = nil
    ) {
      self.factor = factor
      self.originalMaxPositionEmbeddings = originalMaxPositionEmbeddings
      self.betaFast = betaFast
      self.betaSlow = betaSlow
      self.mscale = mscale
      self.mscaleAllDim = mscaleAllDim
      self.attentionFactor = attentionFactor
    }
  }

  public struct Llama3: Sendable, Equatable {
    public var factor: Double
    public var lowFreqFactor: Double
    public var highFreqFactor: Double
    public var originalMaxPositionEmbeddings: Int

    public init(
      factor: Double, lowFreqFactor: Double, highFreqFactor: Double,
      originalMaxPositionEmbeddings: Int
    ) {
      self.factor = factor
      self.lowFreqFactor = lowFreqFactor
      self.highFreqFactor = highFreqFactor
      self.originalMaxPositionEmbeddings = originalMaxPositionEmbeddings
    }
  }

  public init(theta: Double, scaling: Scaling = .none) {
    self.theta = theta
    self.scaling = scaling
  }

  package init(_ config: ConfigurationReader) throws {
    let parameters = try config.section("rope_parameters")
    let scaling = try parameters ?? config.section("rope_scaling")
    let thetaHolder = parameters.flatMap { $0.has("rope_theta") ? $0 : nil } ?? config
    theta = try thetaHolder.double("rope_theta", in: 1...1e12, default: 10_000)
    self.scaling = try scaling.map { try Self.scaling($0, config: config) } ?? .none
  }

  /// The same, if it has a divisor for each pair of `width` channels or none at all.
  package func fitting(width: Int, in config: ConfigurationReader) throws -> RopeConfiguration {
    if case .divisors(let divisors) = scaling, divisors.count != width / 2 {
      throw InputError(
        config.place("rope_scaling"),
        expected: "a divisor for each of \(width / 2) pairs of channels", found: "\(divisors.count)"
      )
    }
    return self
  }

  private static func scaling(_ section: ConfigurationReader, config: ConfigurationReader) throws
    -> Scaling
  {
    let key = section.has("rope_type") ? "rope_type" : "type"
    let factors = 1.0...1_000_000.0
    switch try section.string(
      key, oneOf: ["default", "linear", "yarn", "llama3", Self.divisorsType], default: "default")
    {
    case "linear":
      return .linear(factor: try section.double("factor", in: factors))
    case "yarn":
      let yarn = Yarn(
        factor: try section.double("factor", in: factors),
        originalMaxPositionEmbeddings: try originalPositions(section, config: config),
        betaFast: try section.double("beta_fast", in: 1e-6...1e6, default: 32),
        betaSlow: try section.double("beta_slow", in: 1e-6...1e6, default: 1),
        mscale: try section.optionalDouble("mscale", in: 0...1000),
        mscaleAllDim: try section.optionalDouble("mscale_all_dim", in: 0...1000),
        attentionFactor: try section.optionalDouble("attention_factor", in: 1e-6...1000))
      guard yarn.betaFast > yarn.betaSlow else {
        throw section.error("beta_fast", expected: "a number above beta_slow (\(yarn.betaSlow))")
      }
      return .yarn(yarn)
    case "llama3":
      let llama3 = Llama3(
        factor: try section.double("factor", in: factors),
        lowFreqFactor: try section.double("low_freq_factor", in: 1e-6...1e6),
        highFreqFactor: try section.double("high_freq_factor", in: 1e-6...1e6),
        originalMaxPositionEmbeddings: try originalPositions(section, config: config))
      guard llama3.highFreqFactor > llama3.lowFreqFactor else {
        throw section.error(
          "high_freq_factor", expected: "a number above low_freq_factor (\(llama3.lowFreqFactor))")
      }
      return .llama3(llama3)
    case divisorsType:
      let divisors = (section[divisorsType]?.arrayValue ?? []).compactMap(\.doubleValue)
      guard !divisors.isEmpty, divisors.allSatisfy({ factors.contains($0) }) else {
        throw section.error(divisorsType, expected: "numbers from 1 to 1000000")
      }
      return .divisors(divisors)
    default:
      return .none
    }
  }

  /// The name under which divisors stand in a configuration made from a GGUF file.
  static let divisorsType = "divisors"

  private static func originalPositions(
    _ section: ConfigurationReader, config: ConfigurationReader
  ) throws -> Int {
    let key = "original_max_position_embeddings"
    let range = 1...1_000_000_000
    if let own = try section.optionalInt(key, in: range) { return own }
    return try config.optionalInt(key, in: range)
      ?? config.int("max_position_embeddings", in: range)
  }
}
