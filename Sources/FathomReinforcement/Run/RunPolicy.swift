import FathomCheckpoints
import FathomCore
import FathomInference
import FathomTasks
import FathomTensors
import FathomTraining
import Foundation

/// The policy of a run: a network that is trained, and answers the run's questions with the engine that serves.
struct RunPolicy {
  let run: RunConfiguration
  let text: RunText
  let model: RunModel
  let trainer: Trainer
  let checkpoints: TrainingCheckpoint
  /// The step that a resumed run goes on behind; nil for one that begins anew.
  let resumedStep: Int?
  private let problems: ProblemSource
  private let hooks: TrainingRun.Hooks

  /// - Parameters:
  ///   - taskFiles: problems beside those of the configuration's families.
  ///   - vocabularySize: of a fresh network whose configuration names none; nil takes the tokenizer's.
  ///   - resumes: whether to go on behind the last checkpoint of the run's folder, where there is one.
  /// - Throws: `InputError` or `InputErrors` for what the configuration names and is not as expected.
  init(
    _ run: RunConfiguration, taskFiles: [TaskFile], vocabularySize: Int? = nil, threads: Int,
    instructionSet: InstructionSet, resumes: Bool, hooks: TrainingRun.Hooks
  ) throws {
    self.run = run
    self.hooks = hooks
    checkpoints = TrainingCheckpoint(folder: run.outputDir)
    resumedStep = resumes ? checkpoints.steps().last : nil
    text = try RunText(run, tokenizerFrom: resumedStep.map(checkpoints.path))
    model = try RunModel(run, vocabularySize: vocabularySize ?? text.tokenizer.vocabularySize)
    try text.check(fits: model.blueprint.shape.vocabSize)
    trainer = Trainer(
      model.network, model.parameters,
      options: TrainingOptions(run, steps: run.maxSteps ?? 1, threads: threads),
      instructionSet: instructionSet)
    problems = ProblemSource(
      try run.problemShares() + taskFiles.map { try $0.share() }, seed: run.seed)
  }

  /// Puts the run where it was after a step; it begins with the weights of its configuration.
  func restore(step: Int) throws {
    try checkpoints.restore(trainer, model: model, step: step)
  }

  /// Runs `body` in the run's folder, without what a killed run left half written there, and keeps `run.json`.
  ///
  /// - Parameter kind: the command that runs.
  func recorded(
    as kind: String, _ body: () async throws -> RolloutRunOutcome
  ) async throws -> RolloutRunOutcome {
    let folder = run.outputDir
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    checkpoints.removeRemains()
    let record = RunRecord(kind: kind, steps: trainer.options.schedule.steps, words: run.words)
    try record.write(to: folder)
    do {
      let outcome = try await body()
      record.end(outcome.rawValue, in: folder)
      return outcome
    } catch {
      record.end(RunRecord.failed, in: folder)
      throw error
    }
  }

  var isOver: Bool { trainer.step >= trainer.options.schedule.steps }

  /// Whether a multiple of `interval` lies behind step `before` and not behind the present one.
  func isDue(_ interval: Int?, after before: Int) -> Bool {
    interval.map { before / $0 < trainer.step / $0 } ?? false
  }

  /// Whether the present weights are to be scored, `step` being where the run was before.
  func isEvaluated(after step: Int) -> Bool { isDue(run.evalSteps, after: step) || isOver }

  /// Problems from the run's cursor on, and the cursor behind them.
  ///
  /// - Parameter factor: what the weight of a family is multiplied by.
  func questions(_ count: Int, factor: (_ family: String) -> Double = { _ in 1 }) -> (
    questions: [Problem], next: UInt64
  ) {
    var questions: [Problem] = []
    var cursor = trainer.cursor
    while questions.count < count {
      let (problem, next) = problems.problem(at: cursor, factor: factor)
      questions.append(problem)
      cursor = next
    }
    return (questions, cursor)
  }

  /// Answers of the present weights to questions from the run's cursor on.
  func rollouts(_ questions: [Problem], _ options: RolloutMaker.Options) async throws -> [Rollout] {
    guard !questions.isEmpty else { return [] }
    let folder = "\(checkpoints.folderForEvaluation)-policy"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try model.export(to: folder, beside: text.files(), format: .f32)
    let policy = try LanguageModel(
      path: folder, format: run.chatTemplate, placement: .resident())
    return try await RolloutMaker.rollouts(policy, questions, options, address: trainer.cursor)
  }

  /// Has the present weights scored, where anybody scores; half a score counts for nothing.
  func evaluate(_ reports: inout RolloutReports) throws {
    guard let score = hooks.evaluate else { return }
    let folder = checkpoints.folderForEvaluation
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try model.export(to: folder, beside: text.files(), format: .f32)
    let values = try score(folder)
    if hooks.shouldStop() { return }
    try reports.note(evaluation: values, step: trainer.step)
  }

  /// Scores the weights of a resumed run that was stopped between a step and its score.
  ///
  /// - Parameter stepsEach: steps that are made at a time.
  func makeUpForEvaluation(_ reports: inout RolloutReports, stepsEach: Int) throws {
    guard let resumedStep, isEvaluated(after: max(0, resumedStep - stepsEach)),
      resumedStep >= stepsEach, !reports.hasEvaluation(of: resumedStep)
    else { return }
    try evaluate(&reports)
  }

  /// Saves the run at its present step.
  ///
  /// - Parameters:
  ///   - files: more small files beside the weights.
  ///   - more: writes what else belongs into the folder.
  func save(
    files: [(name: String, content: [UInt8])] = [],
    more: (_ folder: String) throws -> Void = { _ in }
  ) throws {
    try checkpoints.save(trainer, model: model, files: text.files() + files, more: more)
  }
}
