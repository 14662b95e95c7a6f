import FathomCore
import FathomTasks
import FathomTraining
import Testing

@testable import FathomReinforcement

@Suite struct RunProgressTests {
  private static func rollout(_ reward: Double, _ rates: [String: Double] = [:]) -> RolloutMetrics {
    var metrics = RolloutMetrics()
    metrics.reward = reward
    metrics.answers.familyPassRates = rates
    return metrics
  }

  @Test func `a reward has collapsed when ten rollouts lie a share below the best ten`() {
    var progress = RunProgress()
    for _ in 0..<9 { progress.note(Self.rollout(1)) }
    #expect(progress.meanReward == nil && !progress.hasCollapsed(threshold: 0.3))
    progress.note(Self.rollout(1))
    #expect(progress.meanReward == 1 && progress.bestReward == 1)
    for _ in 0..<3 { progress.note(Self.rollout(0)) }
    // 0.7 of 1 is not below 0.7.
    #expect(!progress.hasCollapsed(threshold: 0.3))
    progress.note(Self.rollout(0))
    #expect(progress.hasCollapsed(threshold: 0.3) && !progress.hasCollapsed(threshold: 0.5))
    #expect(!progress.hasCollapsed(threshold: 0))
    progress.rollBack()
    #expect(progress.rateFactor == 0.5 && progress.rollBacks == 1 && progress.meanReward == nil)
    #expect(progress.bestReward == 1 && !progress.hasCollapsed(threshold: 0.3))
  }

  @Test func `families are drawn the more often the nearer half of their answers are right`() {
    var progress = RunProgress()
    #expect(progress.curriculumFactor("words") == 1)
    progress.note(Self.rollout(0, ["words": 0.5, "tables": 1, "mapping": 0]))
    #expect(progress.curriculumFactor("words") == 1)
    #expect(
      progress.curriculumFactor("tables") == 0.1 && progress.curriculumFactor("mapping") == 0.1)
    // A fifth of what is new.
    progress.note(Self.rollout(0, ["mapping": 1]))
    #expect(abs(progress.curriculumFactor("mapping") - 4 * 0.2 * 0.8) < 1e-12)
    let source = ProblemSource(
      ["words", "tables"].compactMap { name in
        (try? Families.named(name)).map { ProblemSource.Share($0, weight: 1) }
      }, seed: 1)
    var (words, cursor) = (0, UInt64(0))
    for _ in 0..<2000 {
      let (problem, next) = source.problem(at: cursor) { progress.curriculumFactor($0) }
      if problem.family == "words" { words += 1 }
      cursor = next
    }
    // Ten of eleven.
    #expect((1780...1860).contains(words), "\(words)")
  }

  @Test func `what is saved is read back`() throws {
    var progress = RunProgress()
    for reward in 0..<12 { progress.note(Self.rollout(Double(reward), ["words": 0.25])) }
    progress.bestStep = 7
    progress.rollBack()
    progress.note(Self.rollout(0.5))
    let text = progress.json.text(.indented)
    #expect(try RunProgress(JSON.parse(text), file: "x") == progress)
    #expect(throws: InputError.self) { try RunProgress(JSON.parse(#"{"rewards": []}"#), file: "x") }
  }
}
