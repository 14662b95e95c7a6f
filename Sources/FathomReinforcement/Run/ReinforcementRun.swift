import FathomCheckpoints
import FathomCore
import FathomEvaluation
import FathomInference
import FathomModels
import FathomTasks
import FathomTensors
import FathomTraining
import Foundation

/// A run of reinforcement learning with verifiable rewards: rollouts, rewards, steps, reports, checkpoints.
///
/// Not `Sendable`: it owns the memory of the run.
public final class ReinforcementRun {
  /// How a run ended.
  public enum Outcome: String, Sendable {
    case finished
    /// Everything is saved; the same command with `--resume` goes on.
    case interrupted
    /// The reward fell again and again, though the run went back and on more slowly.
    case collapsed
  }

  public let configuration: ReinforcementConfiguration
  /// The step that a resumed run goes on behind; nil for one that begins anew.
  public let resumedStep: Int?
  private let hooks: TrainingRun.Hooks
  private let text: RunText
  private let model: RunModel
  private let trainer: Trainer
  private let checkpoints: TrainingCheckpoint
  private let problems: ProblemSource
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
    let run = configuration.run
    checkpoints = TrainingCheckpoint(folder: run.outputDir)
    resumedStep = resumes ? checkpoints.steps().last : nil
    text = try RunText(run, tokenizerFrom: resumedStep.map(checkpoints.path))
    let base = try Checkpoint.open(run.baseModel ?? "")
    let layers = try Architectures.blueprint(base.config).shape.numHiddenLayers
    model = try RunModel(
      base,
      adapters: run.adapter == .lora
        ? .init(rank: run.loraR, alpha: run.loraAlpha) : nil, seed: run.seed
    ) { $0.role != .router && !$0.name.hasPrefix("model.layers.\(layers).") }
    try text.check(fits: model.blueprint.shape.vocabSize)
    trainer = Trainer(
      model.network, model.parameters,
      options: TrainingOptions(run, steps: run.maxSteps ?? 1, threads: threads),
      instructionSet: instructionSet)
    problems = ProblemSource(try run.problemShares(), seed: run.seed)
    rewards = RewardMaker(configuration.rewards, maxTokens: configuration.maxTokens)
    learner = PolicyLearner(
      trainer: trainer, configuration: configuration, padding: text.tokenizer.eosID ?? 0,
      reference: configuration.policy.beta > 0 ? model.parameters.frozenCopy() : nil)
    if let resumedStep { try restore(step: resumedStep) }
  }

  private func restore(step: Int) throws {
    _ = try checkpoints.restore(trainer, model: model, step: step)
    let folder = checkpoints.path(step)
    let file = "\(folder)/\(Self.progressFile)"
    progress = try RunProgress(try JSON.parse(try FileBytes.read(file, limit: 1 << 20)), file: file)
    trainer.rateFactor = progress.rateFactor
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
  public var step: Int { trainer.step }

  /// Runs to the end, or until someone stops it.
  public func run() async throws -> Outcome {
    let folder = configuration.run.outputDir
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    checkpoints.removeRemains()
    let record = RunRecord(
      kind: "reinforce", steps: trainer.options.schedule.steps, words: configuration.run.words)
    try record.write(to: folder)
    do {
      let outcome = try await goOn()
      record.end(outcome.rawValue, in: folder)
      return outcome
    } catch {
      record.end(RunRecord.failed, in: folder)
      throw error
    }
  }

  private func goOn() async throws -> Outcome {
    var reports = try ReinforcementReports(
      folder: configuration.run.outputDir, step: trainer.step, configuration: configuration,
      hooks: hooks)
    if resumedStep == nil {
      try save()
    } else if isEvaluated, !reports.hasEvaluation(of: trainer.step) {
      // It was stopped between the step and its evaluation.
      try evaluate(&reports)
    }
    while trainer.step < trainer.options.schedule.steps {
      let before = trainer.step
      let (metrics, samples) = try await rollOut()
      try reports.note(metrics, samples: samples, progress: progress)
      let stops = hooks.shouldStop()
      if progress.hasCollapsed(threshold: configuration.collapseThreshold) {
        guard progress.rollBacks < Self.mostRollBacks else { return .collapsed }
        try rollBack(&reports)
      } else if progress.meanReward == progress.bestReward {
        progress.bestStep = trainer.step
      }
      if referenceIsDue(after: before) {
        learner.reference?.values.update(
          from: trainer.parameters.values, count: trainer.parameters.valueCount)
      }
      if isDue(configuration.run.saveSteps, after: before) || stops || isOver { try save() }
      if isEvaluated { try evaluate(&reports) }
      if stops, !isOver { return .interrupted }
    }
    return .finished
  }

  private var isOver: Bool { trainer.step >= trainer.options.schedule.steps }

  /// Whether a multiple of `interval` lies behind step `before` and not behind the present one.
  private func isDue(_ interval: Int?, after before: Int) -> Bool {
    interval.map { before / $0 < trainer.step / $0 } ?? false
  }

  /// Whether the present step is one whose weights answer held-out problems.
  private var isEvaluated: Bool {
    let before = trainer.step - configuration.stepsEachRollout
    return before >= 0 && (isDue(configuration.run.evalSteps, after: before) || isOver)
  }

  private func referenceIsDue(after before: Int) -> Bool {
    learner.reference != nil && isDue(configuration.referenceSteps, after: before)
  }

  /// One rollout and its steps.
  private func rollOut() async throws -> (RolloutMetrics, [RolloutSample]) {
    var metrics = RolloutMetrics()
    let clock = ContinuousClock()
    let begin = clock.now
    var questions: [Problem] = []
    var cursor = trainer.cursor
    while questions.count < configuration.rolloutSize / configuration.groupSize {
      let (problem, next) = problems.problem(at: cursor) {
        configuration.usesCurriculum ? progress.curriculumFactor($0) : 1
      }
      questions.append(problem)
      cursor = next
    }
    var rollouts = try await withPolicy { maker in
      try await maker.rollouts(
        try questions.map { try maker.prompt($0.prompt) }, address: trainer.cursor)
    }
    if !configuration.replaysRouting {
      for index in rollouts.indices { rollouts[index].routes = [] }
    }
    let drawn = clock.now
    let scores = await rewards.scores(rollouts, problems: questions)
    let rewarded = clock.now
    describe(rollouts, scores, questions, in: &metrics)
    try learner.learn(rollouts, rewards: scores.map(\.reward), into: &metrics)
    trainer.cursor = cursor
    metrics.rolloutSeconds = (drawn - begin).seconds
    metrics.rewardSeconds = (rewarded - drawn).seconds
    metrics.learningSeconds = (clock.now - rewarded).seconds
    progress.note(metrics)
    return (metrics, RolloutSample.bestAndWorst(rollouts, scores, questions))
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
    metrics.passRate = Double(scores.count { $0.isRight }) / count
    metrics.tokens = rollouts.reduce(0) { $0 + $1.answer.count }
    metrics.length = Double(metrics.tokens) / count
    metrics.cutOff = Double(rollouts.count { !$0.completion.isFinished }) / count
    var families: [String: (right: Int, all: Int)] = [:]
    for (rollout, score) in zip(rollouts, scores) {
      let family = questions[rollout.question].family
      families[family, default: (0, 0)].all += 1
      if score.isRight { families[family, default: (0, 0)].right += 1 }
    }
    metrics.familyPassRates = families.mapValues { Double($0.right) / Double($0.all) }
  }

  /// Lends the present weights to the engine that serves.
  private func withPolicy<Result>(_ body: (RolloutMaker) async throws -> Result) async throws
    -> Result
  {
    let folder = "\(checkpoints.folderForEvaluation)-policy"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try export(to: folder, format: .f32)
    var options = RolloutMaker.Options()
    options.groupSize = configuration.groupSize
    options.maxTokens = configuration.maxTokens
    options.sampling.temperature = configuration.policy.temperature
    options.sampling.topP = configuration.topP
    options.sampling.topK = configuration.topK
    options.seed = configuration.run.seed
    options.threads = trainer.options.threads
    let policy = try LanguageModel(
      path: folder, format: configuration.run.chatTemplate, placement: .resident())
    let maker = try RolloutMaker(policy, options)
    defer { maker.stop() }
    return try await body(maker)
  }

  private func evaluate(_ reports: inout ReinforcementReports) throws {
    guard let score = hooks.evaluate else { return }
    let folder = checkpoints.folderForEvaluation
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try export(to: folder, format: .f32)
    let values = try score(folder)
    // Half an evaluation counts for nothing.
    if hooks.shouldStop() { return }
    try reports.note(evaluation: values, step: trainer.step)
  }

  /// Back to the last good checkpoint, with half the learning rate; the questions go on where they were.
  private func rollBack(_ reports: inout ReinforcementReports) throws {
    let saved = checkpoints.steps()
    guard let step = saved.last(where: { $0 <= progress.bestStep ?? 0 }) ?? saved.first else {
      return
    }
    let (present, cursor, tokens) = (trainer.step, trainer.cursor, trainer.tokens)
    _ = try checkpoints.restore(trainer, model: model, step: step)
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
    var files = text.files()
    files.append(
      (Self.progressFile, Array((progress.json.text(.indented) + "\n").utf8)))
    try checkpoints.save(trainer, model: model, files: files) { folder in
      guard let reference = learner.reference, configuration.referenceSteps != nil else { return }
      try SafetensorsWriter(path: "\(folder)/\(Self.referenceFile)").write([
        .init("values", [reference.valueCount], floats: reference.values)
      ])
    }
    try checkpoints.prune(
      keepLast: configuration.run.saveTotalLimit,
      keeping: Set(
        checkpoints.steps().last { $0 <= progress.bestStep ?? 0 }.map { [$0] } ?? []))
  }

  /// Writes the present weights as a checkpoint folder that opens anywhere.
  public func export(to folder: String, format: CheckpointFormat) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try model.write(to: folder, format: format)
    for file in text.files() { try AtomicFile.write(file.content, to: "\(folder)/\(file.name)") }
  }
}
