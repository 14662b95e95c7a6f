import FathomReinforcement
import FathomTraining
import Testing

@Suite struct RewardCheckTests {
  /// Forty rollouts on the way from one value to another, each a little off.
  private func values(_ first: Double, _ last: Double, count: Int = 40) -> [Double] {
    (0..<count).map { index in
      let share = Double(index) / Double(count - 1)
      return first + share * (last - first) + [0.01, -0.02, 0.015, -0.005][index % 4]
    }
  }

  private func heldOut(_ before: Int, _ after: Int, of count: Int = 200) -> RewardCheck.HeldOut {
    RewardCheck.HeldOut(
      before: Tally((0..<count).map { $0 < before }), after: Tally((0..<count).map { $0 < after }))
  }

  @Test(arguments: [
    // A reward that is gamed: it rises, and right answers become few.
    (0.4, 0.9, 0.9, 0.2, 180, 40, RewardCheck.Finding.answersGotWorse),
    // Rollouts alone would not say so.
    (0.4, 0.9, 0.9, 0.9, 180, 150, .answersGotWorse),
    // It rises, and nothing else does.
    (0.4, 0.9, 0.5, 0.5, 100, 100, .disagrees), (0.4, 0.9, 0.5, 0.5, 100, 110, .disagrees),
    (0.4, 0.9, 0.5, 0.4, 100, 95, .disagrees),
    // What is learnt does not go further than the problems it was learnt on.
    (0.4, 0.9, 0.4, 0.9, 100, 101, .onlyInRollouts),
    // What is rewarded is what is wanted.
    (0.4, 0.9, 0.4, 0.9, 80, 170, .agrees), (0.4, 0.9, 0.5, 0.5, 80, 170, .agrees),
    // No reward, no question.
    (0.5, 0.5, 0.9, 0.2, 180, 175, .rewardDidNotRise),
    (0.9, 0.4, 0.2, 0.9, 40, 180, .rewardDidNotRise),
    (0.5, 0.5, 0.9, 0.2, 180, 40, .answersGotWorseAnyway),
  ])
  func `reward and verifier are compared`(
    reward: Double, rewardEnd: Double, pass: Double, passEnd: Double, before: Int, after: Int,
    finding: RewardCheck.Finding
  ) {
    let check = RewardCheck(
      rewards: values(reward, rewardEnd), passRates: values(pass, passEnd),
      heldOut: heldOut(before, after))
    #expect(check.finding == finding)
    #expect(check.finding.isWarning == ![.agrees, .rewardDidNotRise].contains(finding))
  }

  @Test(arguments: [
    (0.3, 0.9, RewardCheck.Finding.agrees), (0.5, 0.5, .disagrees), (0.9, 0.3, .answersGotWorse),
  ])
  func `where nobody asked held-out problems, the rollouts' verdicts stand in`(
    pass: Double, passEnd: Double, finding: RewardCheck.Finding
  ) {
    let check = RewardCheck(rewards: values(0.4, 0.9), passRates: values(pass, passEnd))
    #expect(check.finding == finding)
    #expect(check.details.last == "No held-out problems were asked.")
  }

  @Test func `numbers stand beside the words, with Wilson's intervals`() {
    let check = RewardCheck(
      rewards: values(0.4, 0.9), passRates: values(0.9, 0.2), heldOut: heldOut(180, 40))
    #expect(check.details[0] == "Reward: 0.445 over the first 8 rollouts, 0.855 over the last 8.")
    #expect(
      check.details[2].hasPrefix(
        "Right on 200 held-out problems, greedy: 90.0 % (85.1 to 93.4) before, 20.0 % (15.0 to 26.1) after, "
          + "a difference of -70.0 points (-76.0 to -62.2)."), "\(check.details[2])")
    #expect(check.json["held_out"]?["after"]?["correct"] == .integer(40))
    #expect(check.json["finding"] == .string("answers_got_worse"))
  }

  @Test func `few rollouts say nothing, and chance is no rise`() {
    #expect(
      RewardCheck(rewards: [0, 0, 0, 1, 1], passRates: [0, 0, 0, 1, 1]).finding == .tooFewRollouts)
    #expect(RolloutTrend([0, 0, 0, 1, 1, 1])?.direction == .up)
    #expect(RolloutTrend([0.2, 0.9, 0.4, 0.5, 0.3, 0.8])?.direction == .unclear)
    #expect(RolloutTrend([Double](repeating: 0.3, count: 50))?.direction == .unclear)
    // Ten of 200 rollouts would be a guess; twenty are taken.
    #expect(RolloutTrend(values(0, 1, count: 200))?.rollouts == 20)
  }
}
