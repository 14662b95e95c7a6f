import FathomCheckpoints
import FathomCore
import FathomInference
import FathomModels
import FathomTasks
import FathomTensors
import FathomText
import FathomTraining

/// A run of on-policy distillation: the student answers, the teacher says what it would have said at each token, the student takes a step
/// towards that.
///
/// Not `Sendable`: it owns the memory of the run.
public final class DistillationRun: RolloutRun {
  public let configuration: DistillationConfiguration
  private let hooks: TrainingRun.Hooks
  private let policy: RunPolicy
  private let learner: DistillationLearner
  /// The teacher as one that answers; nil where it is never asked.
  private let answering: LanguageModel?

  /// - Parameter resumes: whether to go on behind the last checkpoint of the run's folder, where there is one.
  /// - Throws: `InputError` or `InputErrors` for what the configuration names and is not as expected, and for a teacher with another
  ///   vocabulary.
  public init(
    _ configuration: DistillationConfiguration, threads: Int, instructionSet: InstructionSet,
    resumes: Bool = false, hooks: TrainingRun.Hooks = TrainingRun.Hooks()
  ) throws {
    self.configuration = configuration
    self.hooks = hooks
    let checkpoint = try Checkpoint.open(configuration.teacher)
    let vocabulary = try Architectures.blueprint(checkpoint.config).shape.vocabSize
    policy = try RunPolicy(
      configuration.run, taskFiles: configuration.taskFiles, vocabularySize: vocabulary,
      threads: threads, instructionSet: instructionSet, resumes: resumes, hooks: hooks)
    try Self.check(configuration.teacher, vocabulary, against: policy)
    learner = DistillationLearner(
      trainer: policy.trainer,
      teacher: try RunModel(checkpoint, adapters: nil, seed: 0) { _ in false },
      temperature: configuration.temperature, padding: policy.text.tokenizer.eosID ?? 0)
    answering =
      configuration.ownAnswers < configuration.rolloutSize
      ? try LanguageModel(path: configuration.teacher, format: configuration.run.chatTemplate)
      : nil
    if let step = policy.resumedStep { try policy.restore(step: step) }
  }

  /// The same number must mean the same token to both.
  private static func check(_ path: String, _ vocabulary: Int, against policy: RunPolicy) throws {
    let place = "\"teacher_model\", \(path)"
    let own = policy.model.blueprint.shape.vocabSize
    guard vocabulary == own else {
      throw InputError(
        place, expected: "the student's vocab_size, which is \(own)", found: "\(vocabulary)")
    }
    let (student, teacher) = (policy.text.tokenizer, try CheckpointText(path: path).tokenizer)
    if let id = student.firstDifference(from: teacher) {
      func spelling(_ tokenizer: Tokenizer) -> String {
        tokenizer.piece(of: id).map { InputError.excerpt($0) } ?? "no token"
      }
      throw InputError(
        place, expected: "the student's tokenizer, whose token \(id) is \(spelling(student))",
        found: spelling(teacher))
    }
  }
}

// Steps.
extension DistillationRun {
  /// Steps done.
  public var step: Int { policy.trainer.step }

  /// The step that a resumed run goes on behind; nil for one that begins anew.
  public var resumedStep: Int? { policy.resumedStep }

  private static let picture = RolloutReports.Picture(
    title: "Distillation", file: "kl.svg",
    curves: [
      ("loss", "divergence, nats"), ("kl", "of the student's answers"), ("pass_rate", "right"),
      ("entropy", "entropy, nats"),
    ])

  /// Runs to the end, or until someone stops it.
  public func run() async throws -> RolloutRunOutcome {
    try await policy.recorded(as: "distill") { try await goOn() }
  }

  private func goOn() async throws -> RolloutRunOutcome {
    var reports = try RolloutReports(
      configuration.run, step: step, picture: Self.picture, hooks: hooks)
    try policy.makeUpForEvaluation(&reports, stepsEach: 1)
    while !policy.isOver {
      let before = step
      let (metrics, samples) = try await rollOut()
      try reports.note(metrics, samples: samples)
      let stops = hooks.shouldStop()
      if policy.isDue(configuration.run.saveSteps, after: before) || stops || policy.isOver {
        try save()
      }
      if policy.isEvaluated(after: before) { try policy.evaluate(&reports) }
      if stops, !policy.isOver { return .interrupted }
    }
    return .finished
  }

  /// Answers to some questions, and the step that is made of them.
  private func rollOut() async throws -> (DistillationMetrics, [RolloutSample]) {
    var metrics = DistillationMetrics()
    let clock = ContinuousClock()
    let begin = clock.now
    let (questions, next) = policy.questions(configuration.rolloutSize)
    let asked = Array(questions.prefix(configuration.ownAnswers))
    let own = try await policy.rollouts(asked, rolloutOptions)
    let shown = try await teacherAnswers(
      Array(questions.dropFirst(configuration.ownAnswers)), into: &metrics)
    let drawn = clock.now
    let answers = own + shown
    let learnt = try learner.learn(
      answers,
      counts: answers.map { $0.completion.isFinished || !configuration.masksTruncated },
      into: &metrics)
    policy.trainer.cursor = next
    metrics.rolloutSeconds = (drawn - begin).seconds
    metrics.learningSeconds = (clock.now - drawn).seconds
    guard !own.isEmpty else { return (metrics, []) }
    metrics.describe(own: learnt.prefix(own.count).compactMap(\.self))
    let isRight = own.map { asked[$0.question].isSolved(by: $0.completion) }
    metrics.answers = AnswerFigures(own, asked, isRight: isRight)
    let divergences = learnt.map { $0?.meanDivergence ?? 0 }
    let samples = RolloutSample.extremes(
      of: own, asked, by: divergences, kinds: ("farthest", "nearest")
    ) { [("kl", .double(divergences[$0])), ("right", .bool(isRight[$0]))] }
    return (metrics, samples)
  }

  /// The teacher's right answers.
  private func teacherAnswers(_ questions: [Problem], into metrics: inout DistillationMetrics)
    async throws -> [Rollout]
  {
    guard let answering, !questions.isEmpty else { return [] }
    let rollouts = try await RolloutMaker.rollouts(
      answering, questions, rolloutOptions, address: policy.trainer.cursor)
    let right = rollouts.filter { questions[$0.question].isSolved(by: $0.completion) }
    metrics.teacherPassRate = Double(right.count) / Double(rollouts.count)
    return right
  }

  private var rolloutOptions: RolloutMaker.Options {
    var options = RolloutMaker.Options()
    options.groupSize = 1
    options.maxTokens = configuration.maxTokens
    options.sampling.temperature = configuration.temperature
    options.seed = configuration.run.seed
    options.threads = policy.trainer.options.threads
    options.isTraced = false
    return options
  }

  /// Saves the run at its present step and removes checkpoints that are too many.
  public func save() throws {
    try policy.save()
    try policy.checkpoints.prune(keepLast: configuration.run.saveTotalLimit)
  }
}
