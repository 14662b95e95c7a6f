import FathomCheckpoints
import FathomCore
import FathomTasks
import FathomTensors
import FathomText
import Foundation

/// A run from its configuration to its last checkpoint: data, network, steps, reports.
///
/// Not `Sendable`: it owns the memory of the run.
public final class TrainingRun {
  /// What the outside lends a run.
  public struct Hooks {
    /// Text for people, as it is to appear.
    public var show: (String) -> Void = { _ in }
    public var isTerminal = false
    /// Asked after every step: whether to save and stop.
    public var shouldStop: () -> Bool = { false }
    /// Scores a saved model: names and values from 0 to 1.
    public var evaluate: ((_ folder: String) throws -> [(name: String, value: Double)])?

    public init() {}
  }

  /// How a run ended.
  public enum Outcome: String, Sendable {
    case finished
    /// Everything is saved; the same command with `--resume` goes on.
    case interrupted
    /// The held-out loss rose for as long as the patience lasts.
    case stoppedEarly = "stopped_early"
  }

  public let configuration: RunConfiguration
  public let options: TrainingOptions
  /// The step that a resumed run goes on behind; nil for one that begins anew.
  public let resumedStep: Int?
  package let model: RunModel
  package let trainer: Trainer
  package let checkpoints: TrainingCheckpoint
  private let text: RunText
  let data: RunData
  private var best = BestEvaluation()
  private let hooks: Hooks

  /// - Parameter resumes: whether to go on behind the last checkpoint of the run's folder, where there is one.
  /// - Throws: `InputError` or `InputErrors` for what the configuration names and is not as expected.
  public init(
    _ configuration: RunConfiguration, threads: Int, instructionSet: InstructionSet,
    resumes: Bool = false, hooks: Hooks = Hooks()
  ) throws {
    self.configuration = configuration
    self.hooks = hooks
    checkpoints = TrainingCheckpoint(folder: configuration.outputDir)
    resumedStep = resumes ? checkpoints.steps().last : nil
    // Weights know the tokens they were trained on, whatever the problems look like by now.
    let text = try RunText(configuration, tokenizerFrom: resumedStep.map(checkpoints.path))
    let data = try RunData(configuration, text: text)
    let steps = data.steps(configuration)
    let options = TrainingOptions(configuration, steps: steps, threads: threads)
    let model = try Self.model(
      configuration, text: text, data: data, options: options, instructionSet: instructionSet)
    try text.check(fits: model.blueprint.shape.vocabSize)
    self.text = text
    self.data = data
    self.options = options
    self.model = model
    trainer = Trainer(
      model.network, model.parameters, options: options, instructionSet: instructionSet)
    if let resumedStep {
      best = try checkpoints.restore(trainer, model: model, step: resumedStep)
    }
  }

  private static func model(
    _ configuration: RunConfiguration, text: RunText, data: RunData, options: TrainingOptions,
    instructionSet: InstructionSet
  ) throws -> RunModel {
    guard configuration.adapter == .esft else {
      return try RunModel(configuration, vocabularySize: text.tokenizer.vocabularySize)
    }
    let checkpoint = try Checkpoint.open(configuration.baseModel ?? "")
    let frozen = try RunModel(checkpoint, adapters: nil, seed: configuration.seed) { _ in false }
    try text.check(fits: frozen.blueprint.shape.vocabSize)
    let chosen = try expertsInUse(
      frozen, configuration, data: data, options: options, instructionSet: instructionSet)
    return try RunModel(checkpoint, adapters: nil, seed: configuration.seed) {
      ExpertSelection.contains($0, chosen)
    }
  }

  /// Batches that routers are watched over before `esft` chooses.
  private static let watchedBatches = 8

  private static func expertsInUse(
    _ model: RunModel, _ configuration: RunConfiguration, data: RunData,
    options: TrainingOptions, instructionSet: InstructionSet
  ) throws -> [String: Set<Int>] {
    let compute = TrainingCompute(
      instructionSet, threads: options.threads, precision: options.precision)
    let workspace = Workspace()
    var routing: [RouterStatistics] = []
    var cursor: UInt64 = 0
    for _ in 0..<watchedBatches {
      let (batch, next) = try data.batch(
        from: cursor, rows: options.microBatchRows, length: options.sequenceLength)
      cursor = next
      let pass = TrainingPass(
        batch, compute: compute, workspace: workspace, parameters: model.parameters, lossScale: 1)
      _ = model.network.run(pass, gradients: false)
      if routing.isEmpty {
        routing = pass.routing
      } else {
        for place in routing.indices { routing[place].add(pass.routing[place]) }
      }
    }
    guard !routing.isEmpty else {
      throw InputError(
        "\"adapter\"", expected: "a model with routed experts for esft", found: "a dense one")
    }
    let names = model.parameters.parameters.filter { $0.role == .router }.map {
      String($0.name.dropLast(".gate.weight".count))
    }
    return ExpertSelection.choose(routing, names: names, threshold: configuration.esftThreshold)
  }
}

// Steps.
extension TrainingRun {
  /// Runs to the end, or until someone stops it.
  public func run() throws -> Outcome {
    let folder = configuration.outputDir
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    checkpoints.removeRemains()
    let record = RunRecord(
      kind: configuration.model == nil ? "tune" : "pretrain", steps: options.schedule.steps,
      words: configuration.words)
    try record.write(to: folder)
    do {
      let outcome = try goOn()
      record.end(outcome.rawValue, in: folder)
      return outcome
    } catch {
      record.end(RunRecord.failed, in: folder)
      throw error
    }
  }

  private func goOn() throws -> Outcome {
    if isOutOfPatience { return .stoppedEarly }
    var reports = try RunReports(
      folder: configuration.outputDir, step: trainer.step, interval: configuration.loggingSteps,
      isTerminal: hooks.isTerminal, write: hooks.show)
    // Whoever stops a run at a step that is evaluated doesn't wait for it: it comes first when the run goes on.
    var isPending = isEvaluated(trainer.step) && best.lastStep != trainer.step
    while isPending || trainer.step < options.schedule.steps {
      if !isPending {
        let begin = ContinuousClock.now
        let step = try trainer.advance(on: data)
        try reports.note(
          step, of: options, tokens: trainer.tokens, seconds: (ContinuousClock.now - begin).seconds)
        isPending = isEvaluated(step.step)
        let stops = hooks.shouldStop()
        // Before an evaluation too, which may take long or fail: what was trained is safe, and the best can stay.
        if isDue(configuration.saveSteps, step.step) || isPending || stops {
          try save()
          try reports.drawCurves()
        }
        if stops {
          reports.clear()
          return .interrupted
        }
      }
      guard isPending else { continue }
      guard try evaluate(&reports) else {
        reports.clear()
        return .interrupted
      }
      isPending = false
      if isOutOfPatience {
        reports.clear()
        return .stoppedEarly
      }
    }
    reports.clear()
    return .finished
  }

  private func isDue(_ interval: Int?, _ step: Int) -> Bool {
    interval.map { step % $0 == 0 } ?? false
  }

  private func isEvaluated(_ step: Int) -> Bool {
    step > 0 && (isDue(configuration.evalSteps, step) || step == options.schedule.steps)
  }

  /// Held-out loss and what the verifiers say of the present weights; false where someone stopped it half-way, which counts
  /// for nothing.
  private func evaluate(_ reports: inout RunReports) throws -> Bool {
    var values: [(name: String, value: Double)] = []
    var best = best
    best.lastStep = trainer.step
    if !data.heldOut.isEmpty {
      let loss = trainer.withAverage { trainer.evaluate(data.heldOut) }
      values.append(("eval_loss", loss))
      best.note(loss, step: trainer.step)
    }
    if let score = hooks.evaluate {
      let folder = checkpoints.folderForEvaluation
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try export(to: folder, format: .f32)
      values += try score(folder).map { ("eval_\($0.name)", $0.value) }
    }
    if hooks.shouldStop() { return false }
    self.best = best
    try checkpoints.writeState(trainer, best: best)
    try prune()
    try reports.note(evaluation: values, step: trainer.step)
    return true
  }

  private var isOutOfPatience: Bool {
    best.evaluationsSince >= configuration.earlyStoppingPatience ?? .max
  }

  /// Saves the run at its present step and removes checkpoints that are too many.
  public func save() throws {
    try checkpoints.save(trainer, model: model, files: text.files(), best: best)
    try prune()
  }

  private func prune() throws {
    try checkpoints.prune(
      keepLast: configuration.saveTotalLimit, keeping: Set(best.step.map { [$0] } ?? []))
  }

  /// Writes the present weights as a checkpoint folder that opens anywhere; the average of them where one is kept.
  public func export(to folder: String, format: CheckpointFormat) throws {
    try trainer.withAverage { try model.export(to: folder, beside: text.files(), format: format) }
  }
}

extension Duration {
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
