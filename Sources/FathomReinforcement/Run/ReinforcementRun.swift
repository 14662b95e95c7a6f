import FathomCheckpoints
import FathomCore
import FathomTasks
import FathomTensors
import FathomTraining

/// A run of reinforcement learning with verifiable rewards: rollouts, rewards, steps, reports, checkpoints.
///
/// Not `Sendable`: it owns the memory of the run.
public final class ReinforcementRun: RolloutRun {
  public let configuration: ReinforcementConfiguration
  private let hooks: TrainingRun.Hooks
  private let policy: RunPolicy
  private let rewards: RewardMaker
  private var learner: PolicyLearner
  private var progress = RunProgress()

  /// - Parameter resumes: whether to go on behind the last checkpoint of the run's folder, where there is one.
  /// - Throws: `InputError` or `InputErrors` for what the configuration names and is not as expected.
  public init(
    _ configuration: ReinforcementConfiguration, threads: Int, instructionSet: InstructionSet,
    resumes: Bool = false, hooks: TrainingRun.Hooks = TrainingRun.Hooks()
  ) throws {
    self.configuration = configuration
    self.hooks = hooks
    policy = try RunPolicy(
      configuration.run, taskFiles: configuration.taskFiles, threads: threads,
      instructionSet: instructionSet, resumes: resumes, hooks: hooks)
    rewards = try RewardMaker(configuration.rewards, maxTokens: configuration.maxTokens)
    learner = PolicyLearner(
      trainer: policy.trainer, configuration: configuration,
      padding: policy.text.tokenizer.eosID ?? 0,
      reference: configuration.policy.beta > 0 ? policy.model.parameters.frozenCopy() : nil)
    if let step = policy.resumedStep { try restore(step: step) }
  }

  private func restore(step: Int) throws {
    try policy.restore(step: step)
    let folder = policy.checkpoints.path(step)
    let file = "\(folder)/\(Self.progressFile)"
    progress = try RunProgress(try JSON.parse(try FileBytes.read(file, limit: 1 << 20)), file: file)
    policy.trainer.rateFactor = progress.rateFactor
    guard let reference = learner.reference, configuration.referenceSteps != nil else { return }
    let path = "\(folder)/\(Self.referenceFile)"
    let stored = try SafetensorsFile(path: path).tensors.first { $0.name == "values" }
    guard let floats = stored?.floats(), floats.count == reference.valueCount else {
      throw InputError(
        path, expected: "\(reference.valueCount) values", found: stored?.summary ?? "none")
    }
    reference.values.update(from: floats, count: floats.count)
  }

  private static let progressFile = "reinforcement.json"
  private static let referenceFile = "reference.state"
  private static let mostRollBacks = 3
}

// Steps.
extension ReinforcementRun {
  /// Steps done.
  public var step: Int { policy.trainer.step }

  /// The step that a resumed run goes on behind; nil for one that begins anew.
  public var resumedStep: Int? { policy.resumedStep }

  private static let picture = RolloutReports.Picture(
    title: "Reward", file: "reward.svg",
    curves: [
      ("reward", "reward"), ("pass_rate", "right"), ("entropy", "entropy, nats"),
      ("zero_variance_fraction", "flat groups"),
    ])

  /// Runs to the end, or until someone stops it.
  public func run() async throws -> RolloutRunOutcome {
    try await policy.recorded(as: "reinforce") { try await goOn() }
  }

  private func goOn() async throws -> RolloutRunOutcome {
    var reports = try RolloutReports(
      configuration.run, step: step, picture: Self.picture, hooks: hooks)
    if resumedStep == nil { try save() }
    try policy.makeUpForEvaluation(&reports, stepsEach: configuration.stepsEachRollout)
    while !policy.isOver {
      let before = step
      let (metrics, samples) = try await rollOut()
      try reports.note(
        metrics, more: [("roll_backs", Double(progress.rollBacks))], samples: samples)
      let stops = hooks.shouldStop()
      if progress.hasCollapsed(threshold: configuration.collapseThreshold) {
        guard progress.rollBacks < Self.mostRollBacks else { return .collapsed }
        try rollBack(&reports)
      } else if progress.meanReward == progress.bestReward {
        progress.bestStep = step
      }
      if policy.isDue(configuration.referenceSteps, after: before) {
        learner.reference?.move(to: policy.trainer.parameters, share: configuration.referenceShare)
      }
      if policy.isDue(configuration.run.saveSteps, after: before) || stops || policy.isOver {
        try save()
      }
      if policy.isEvaluated(after: before) { try policy.evaluate(&reports) }
      if stops, !policy.isOver { return .interrupted }
    }
    return .finished
  }

  /// One rollout and its steps.
  private func rollOut() async throws -> (RolloutMetrics, [RolloutSample]) {
    var metrics = RolloutMetrics()
    let clock = ContinuousClock()
    let begin = clock.now
    let (questions, next) = policy.questions(
      configuration.rolloutSize / configuration.groupSize
    ) { configuration.usesCurriculum ? progress.curriculumFactor($0) : 1 }
    var rollouts = try await policy.rollouts(questions, rolloutOptions)
    if !configuration.replaysRouting {
      for index in rollouts.indices { rollouts[index].routes = [] }
    }
    let drawn = clock.now
    let scores = await rewards.scores(rollouts, problems: questions)
    let rewarded = clock.now
    describe(rollouts, scores, questions, in: &metrics)
    try learner.learn(rollouts, rewards: scores.map(\.reward), into: &metrics)
    policy.trainer.cursor = next
    metrics.rolloutSeconds = (drawn - begin).seconds
    metrics.rewardSeconds = (rewarded - drawn).seconds
    metrics.learningSeconds = (clock.now - rewarded).seconds
    progress.note(metrics)
    let samples = RolloutSample.extremes(
      of: rollouts, questions, by: scores.map(\.reward), kinds: ("best", "worst")
    ) { scores[$0].figures }
    return (metrics, samples)
  }

  private func describe(
    _ rollouts: [Rollout], _ scores: [RewardScore], _ questions: [Problem],
    in metrics: inout RolloutMetrics
  ) {
    let count = Double(max(1, rollouts.count))
    metrics.reward = scores.reduce(0) { $0 + $1.reward } / count
    let squares = scores.reduce(0) {
      $0 + ($1.reward - metrics.reward) * ($1.reward - metrics.reward)
    }
    metrics.rewardDeviation = (squares / max(1, count - 1)).squareRoot()
    metrics.answers = AnswerFigures(rollouts, questions, isRight: scores.map(\.isRight))
  }

  private var rolloutOptions: RolloutMaker.Options {
    var options = RolloutMaker.Options()
    options.groupSize = configuration.groupSize
    options.maxTokens = configuration.maxTokens
    options.sampling.temperature = configuration.policy.temperature
    options.sampling.topP = configuration.topP
    options.sampling.topK = configuration.topK
    options.seed = configuration.run.seed
    options.threads = policy.trainer.options.threads
    return options
  }

  /// Back to the last good checkpoint, with half the learning rate; the questions go on where they were.
  private func rollBack(_ reports: inout RolloutReports) throws {
    let saved = policy.checkpoints.steps()
    guard let step = saved.last(where: { $0 <= progress.bestStep ?? 0 }) ?? saved.first else {
      return
    }
    let trainer = policy.trainer
    let (present, cursor, tokens) = (trainer.step, trainer.cursor, trainer.tokens)
    try policy.restore(step: step)
    (trainer.step, trainer.cursor, trainer.tokens) = (present, cursor, tokens)
    progress.rollBack()
    trainer.rateFactor = progress.rateFactor
    reports.note(
      "step \(present): the reward fell; back to the weights of step \(step), learning rate × \(progress.rateFactor)"
    )
    try save()
  }

  /// Saves the run at its present step and removes checkpoints that are too many.
  public func save() throws {
    let file = (Self.progressFile, Array((progress.json.text(.indented) + "\n").utf8))
    try policy.save(files: [file]) { folder in
      guard let reference = learner.reference, configuration.referenceSteps != nil else { return }
      try SafetensorsWriter(path: "\(folder)/\(Self.referenceFile)").write([
        .init("values", [reference.valueCount], floats: reference.values)
      ])
    }
    try policy.checkpoints.prune(
      keepLast: configuration.run.saveTotalLimit,
      keeping: Set(
        policy.checkpoints.steps().last { $0 <= progress.bestStep ?? 0 }.map { [$0] } ?? []))
  }
}
