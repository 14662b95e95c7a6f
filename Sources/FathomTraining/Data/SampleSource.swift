import FathomTensors

/// Samples without end, addressed by number: the same address gives the same sample.
///
/// How far a run has come in its data is one number, so that it goes on exactly where it stopped.
public protocol SampleSource: Sendable {
  /// The sample at an address, and the address of the next.
  func sample(at cursor: UInt64) throws -> (sample: TrainingSample, next: UInt64)
}

/// Samples in memory, all of them once in each epoch, in an order of the epoch's own.
public struct ShuffledSamples: SampleSource {
  private let samples: [TrainingSample]
  private let seed: UInt64

  public init(_ samples: [TrainingSample], seed: UInt64) {
    precondition(!samples.isEmpty, "no samples")
    self.samples = samples
    self.seed = seed
  }

  /// How often all samples were seen before `cursor`.
  public func epochs(at cursor: UInt64) -> Double { Double(cursor) / Double(samples.count) }

  public func sample(at cursor: UInt64) -> (sample: TrainingSample, next: UInt64) {
    let (epoch, place) = cursor.quotientAndRemainder(dividingBy: UInt64(samples.count))
    let order = Permutation(
      count: UInt64(samples.count), seed: CounterRandom(seed: seed).bits(at: epoch))
    return (samples[Int(order[place])], cursor + 1)
  }
}

/// Draws each sample from one of several sources, by weight.
///
/// A source sees only the addresses that fall to it, so a data set in a mixture is drawn from rather than passed
/// through.
public struct MixedSources: SampleSource {
  private let sources: [(source: any SampleSource, weight: Double)]
  private let random: CounterRandom

  public init(_ sources: [(source: any SampleSource, weight: Double)], seed: UInt64) {
    precondition(sources.contains { $0.weight > 0 }, "no source has a weight")
    self.sources = sources
    // Not the draws of a source with the same seed.
    random = CounterRandom(seed: seed ^ 0x6D69_7865_6420_736F)
  }

  public func sample(at cursor: UInt64) throws -> (sample: TrainingSample, next: UInt64) {
    let choice = weightedChoice(sources.map(\.weight), random.uniform(at: cursor))
    return try sources[choice].source.sample(at: cursor)
  }
}

/// Which of some weights a number in [0, 1) falls to.
func weightedChoice(_ weights: [Double], _ uniform: Double) -> Int {
  var rest = uniform * weights.reduce(0, +)
  for (index, weight) in weights.enumerated() where weight > 0 {
    if rest < weight { return index }
    rest -= weight
  }
  return weights.lastIndex { $0 > 0 } ?? 0
}
