/// The weighted mean of several graders' scores: R1's rule-based reward is accuracy and format with equal weights.
///
/// Whether it passes, and what agrees in a vote, is the first grader's to say.
///
/// Source: DeepSeek-R1 report §2.2.2.
public struct WeightedGrader: Grader {
  public struct Part: Sendable {
    public let weight: Double
    public let grader: any Grader

    public init(_ grader: any Grader, weight: Double = 1) {
      self.weight = weight
      self.grader = grader
    }
  }

  public let parts: [Part]

  /// - Parameter parts: at least one; weights are positive.
  public init(_ parts: [Part]) {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.weight > 0 }, "weights of parts")
    self.parts = parts
  }

  public func grade(_ completion: Completion) async -> Verdict {
    var sum = 0.0
    var verdicts: [Verdict] = []
    for part in parts {
      let verdict = await part.grader.grade(completion)
      sum += part.weight * verdict.score
      verdicts.append(verdict)
    }
    let total = parts.reduce(0) { $0 + $1.weight }
    return Verdict(
      score: sum / total, passed: verdicts[0].passed,
      detail: verdicts.map(\.detail).filter { !$0.isEmpty }.joined(separator: "; "),
      extracted: verdicts[0].extracted)
  }
}
