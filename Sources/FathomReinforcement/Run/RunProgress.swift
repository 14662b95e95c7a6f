import FathomCore

/// What a run of reinforcement learning has seen so far. It is saved with the weights: the same progress goes on the same way.
struct RunProgress: Equatable {
  /// Pass rates of the families, newer rollouts counting more.
  private(set) var passRates: [String: Double] = [:]
  /// Rewards of the latest rollouts, the newest last.
  private(set) var rewards: [Double] = []
  /// The best mean of ten rollouts in a row.
  private(set) var bestReward = 0.0
  /// The checkpoint of that time.
  var bestStep: Int?
  var rateFactor = 1.0
  var rollBacks = 0

  private static let memory = 0.8
  static let window = 10

  mutating func note(_ metrics: RolloutMetrics) {
    for (family, rate) in metrics.answers.familyPassRates {
      passRates[family] =
        passRates[family].map { Self.memory * $0 + (1 - Self.memory) * rate } ?? rate
    }
    rewards.append(metrics.reward)
    if rewards.count > Self.window { rewards.removeFirst() }
    if let mean = meanReward { bestReward = max(bestReward, mean) }
  }

  /// The mean over the window, once it is full.
  var meanReward: Double? {
    rewards.count == Self.window ? rewards.reduce(0, +) / Double(Self.window) : nil
  }

  func hasCollapsed(threshold: Double) -> Bool {
    guard threshold > 0, let mean = meanReward else { return false }
    return mean < (1 - threshold) * bestReward
  }

  /// Begins anew behind a roll-back, more slowly.
  mutating func rollBack() {
    rewards = []
    rateFactor /= 2
    rollBacks += 1
  }

  /// How often a family is drawn, relative to its weight: most where half of its answers are right.
  func curriculumFactor(_ family: String) -> Double {
    passRates[family].map { max(Self.leastFactor, 4 * $0 * (1 - $0)) } ?? 1
  }

  private static let leastFactor = 0.1
}

extension RunProgress {
  var json: JSON {
    var rates = JSONObject()
    for (family, rate) in passRates.sorted(by: { $0.key < $1.key }) {
      rates[family] = .double(rate)
    }
    var object = JSONObject([
      "pass_rates": .object(rates), "rewards": .array(rewards.map { .double($0) }),
      "best_reward": .double(bestReward), "rate_factor": .double(rateFactor),
      "roll_backs": .integer(rollBacks),
    ])
    if let bestStep { object["best_step"] = .integer(bestStep) }
    return .object(object)
  }

  /// - Parameter file: the name for error messages.
  init(_ json: JSON, file: String) throws {
    guard let rates = json["pass_rates"]?.objectValue, let rewards = json["rewards"]?.arrayValue,
      let best = json["best_reward"]?.doubleValue, let factor = json["rate_factor"]?.doubleValue,
      let rollBacks = json["roll_backs"]?.intValue
    else {
      throw InputError(
        file, expected: "pass_rates, rewards, best_reward, rate_factor and roll_backs",
        found: InputError.excerpt(json.text()))
    }
    for (family, rate) in rates.members { passRates[family] = rate.doubleValue ?? 0 }
    self.rewards = rewards.compactMap(\.doubleValue).suffix(Self.window)
    bestReward = best
    bestStep = json["best_step"]?.intValue
    rateFactor = factor
    self.rollBacks = rollBacks
  }
}
