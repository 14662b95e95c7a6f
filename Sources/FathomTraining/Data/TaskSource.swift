import FathomTasks
import FathomTensors

/// Problems of several families, drawn by weight.
///
/// Held-out problems are passed over, whatever the seed.
public struct ProblemSource: Sendable {
  /// A family and how often it is drawn.
  public struct Share: Sendable {
    public let family: any TaskFamily
    /// Weights at addresses; straight lines between, level before the first and behind the last.
    public let weights: [(cursor: UInt64, weight: Double)]

    public init(_ family: any TaskFamily, weight: Double) {
      self.init(family, weights: [(0, weight)])
    }

    public init(_ family: any TaskFamily, weights: [(cursor: UInt64, weight: Double)]) {
      precondition(!weights.isEmpty, "no weights for \(family.name)")
      precondition(
        zip(weights, weights.dropFirst()).allSatisfy { $0.cursor < $1.cursor },
        "addresses \(weights.map(\.cursor)) do not rise")
      self.family = family
      self.weights = weights
    }

    func weight(at cursor: UInt64) -> Double {
      guard let next = weights.firstIndex(where: { $0.cursor > cursor }) else {
        return weights[weights.count - 1].weight
      }
      guard next > 0 else { return weights[0].weight }
      let (from, to) = (weights[next - 1], weights[next])
      let part = Double(cursor - from.cursor) / Double(to.cursor - from.cursor)
      return from.weight + (to.weight - from.weight) * part
    }
  }

  private let shares: [Share]
  private let seed: UInt64
  private let random: CounterRandom

  public init(_ shares: [Share], seed: UInt64) {
    precondition(!shares.isEmpty, "no task families")
    self.shares = shares
    self.seed = seed
    // Not the draws of the problems themselves.
    random = CounterRandom(seed: seed ^ 0x6661_6D69_6C79_2031)
  }

  /// The problem at an address or the first behind it that may be learnt from.
  ///
  /// - Parameter factor: what the weight of a family is multiplied by.
  public func problem(at cursor: UInt64, factor: (_ family: String) -> Double = { _ in 1 }) -> (
    problem: Problem, next: UInt64
  ) {
    var cursor = cursor
    while true {
      let choice = weightedChoice(
        shares.map { $0.weight(at: cursor) * factor($0.family.name) }, random.uniform(at: cursor))
      let problem = shares[choice].family.problem(seed: seed, index: cursor)
      cursor += 1
      if !problem.isHeldOut { return (problem, cursor) }
    }
  }
}

/// The problems of a source as samples.
public struct TaskSource: SampleSource {
  private let problems: ProblemSource
  private let encoder: SampleEncoder

  public init(_ shares: [ProblemSource.Share], seed: UInt64, encoder: SampleEncoder) {
    problems = ProblemSource(shares, seed: seed)
    self.encoder = encoder
  }

  /// The problem at an address or the first behind it that may be learnt from.
  public func problem(at cursor: UInt64) -> (problem: Problem, next: UInt64) {
    problems.problem(at: cursor)
  }

  public func sample(at cursor: UInt64) throws -> (sample: TrainingSample, next: UInt64) {
    let (problem, next) = problem(at: cursor)
    return (try encoder.sample(problem), next)
  }
}
