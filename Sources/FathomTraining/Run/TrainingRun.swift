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
    /// Scores a saved model, folder after folder: names and values from 0 to 1.
    public var evaluate: (_ folder: String) throws -> [(name: String, value: Double)] = { _ in [] }

    public init() {}
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    case finished
    /// Everything is saved; the same command with `--resume` goes on.
    case interrupted
    /// The held-out loss rose for as long as the patience lasts.
    case stoppedEarly
  }

  public let configuration: RunConfiguration
  public let options: TrainingOptions
  /// The step that a resumed run goes on behind; nil for one that begins anew.
  public let resumedStep: Int?
  package let model: RunModel
  package let trainer: Trainer
  package let checkpoints: TrainingCheckpoint
  private let text: RunText
  private let data: RunData
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
    self.text = text
    self.data = data
    self.options = options
    self.model = model
    trainer = Trainer(
      model.network, model.parameters, data: data, options: options,
      instructionSet: instructionSet)
    if let resumedStep {
      best = try checkpoints.restore(trainer, model: model, step: resumedStep)
    }
  }

  private static func model(
    _ configuration: RunConfiguration, text: RunText, data: RunData, options: TrainingOptions,
    instructionSet: InstructionSet
  ) throws -> RunModel {
    if let fields = configuration.model {
      var fields = fields
      if fields["vocab_size"] == nil {
        fields["vocab_size"] = .integer(text.tokenizer.vocabularySize)
      }
      return try RunModel(
        scratch: fields, initialization: .scaled, seed: configuration.seed,
        swigluLimit: configuration.swigluLimit > 0 ? Float(configuration.swigluLimit) : .infinity)
    }
    let checkpoint = try Checkpoint.open(configuration.baseModel ?? "")
    switch configuration.adapter {
    case .none:
      return try RunModel(checkpoint, adapters: nil, seed: configuration.seed) {
        $0.role != .router
      }
    case .lora:
      return try RunModel(
        checkpoint,
        adapters: .init(rank: configuration.loraR, alpha: configuration.loraAlpha),
        seed: configuration.seed
      ) { _ in false }
    case .esft:
      let frozen = try RunModel(checkpoint, adapters: nil, seed: configuration.seed) { _ in false }
      let chosen = try expertsInUse(
        frozen, configuration, data: data, options: options, instructionSet: instructionSet)
      return try RunModel(checkpoint, adapters: nil, seed: configuration.seed) {
        ExpertSelection.contains($0, chosen)
      }
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
    try FileManager.default.createDirectory(
      atPath: configuration.outputDir, withIntermediateDirectories: true)
    checkpoints.removeRemains()
    if isOutOfPatience { return .stoppedEarly }
    let metrics = try MetricsLog(
      path: "\(configuration.outputDir)/metrics.jsonl", resumingAfter: trainer.step)
    let board = try TensorBoardLog(
      folder: "\(configuration.outputDir)/tensorboard", startingAfter: trainer.step)
    var display = RunDisplay(
      isTerminal: hooks.isTerminal, interval: configuration.loggingSteps, write: hooks.show)
    var speed = SpeedAverage()
    var outcome = Outcome.finished
    // Whoever stops a run at a step that is evaluated doesn't wait for it: it comes first when the run goes on.
    if isEvaluated(trainer.step), best.lastStep != trainer.step,
      try evaluate(trainer.step, metrics, board, &display)
    {
      try save()
      return .stoppedEarly
    }
    while trainer.step < options.schedule.steps {
      let begin = ContinuousClock.now
      let step = try trainer.advance()
      let seconds = (ContinuousClock.now - begin).seconds
      speed.add(tokens: step.tokens, seconds: seconds)
      let report = StepReport(
        step: step.step, totalSteps: options.schedule.steps, loss: step.loss,
        learningRateShare: options.schedule.factor(at: step.step - 1), stepSeconds: seconds,
        tokensPerSecond: speed.tokensPerSecond, maximumViolation: step.maxVio.max(),
        secondsLeft: speed.secondsPerStep * Double(options.schedule.steps - step.step))
      display.show(report)
      try log(step, seconds: seconds, metrics, board)
      let isLast = step.step == options.schedule.steps
      let stops = hooks.shouldStop()
      if isEvaluated(step.step), !stops {
        if try evaluate(step.step, metrics, board, &display) { outcome = .stoppedEarly }
      }
      if isDue(configuration.saveSteps, step.step) || isLast || stops || outcome == .stoppedEarly {
        try save()
        try drawCurves()
      }
      if stops && !isLast { outcome = .interrupted }
      if outcome != .finished { break }
    }
    display.clear()
    return outcome
  }

  private func isDue(_ interval: Int?, _ step: Int) -> Bool {
    interval.map { step % $0 == 0 } ?? false
  }

  private func isEvaluated(_ step: Int) -> Bool {
    step > 0 && (isDue(configuration.evalSteps, step) || step == options.schedule.steps)
  }

  private func log(
    _ step: StepMetrics, seconds: Double, _ metrics: MetricsLog, _ board: TensorBoardLog
  ) throws {
    var values: [(key: String, value: Double)] = [
      ("loss", step.loss), ("lr", step.learningRate), ("grad_norm", step.gradientNorm),
      ("tokens", Double(trainer.tokens)), ("tok_per_s", Double(step.tokens) / max(seconds, 1e-9)),
    ]
    if step.mtpLoss > 0 { values.append(("loss_mtp", step.mtpLoss)) }
    if !step.maxVio.isEmpty {
      values.append(("loss_balance", step.balanceLoss))
      for (layer, value) in step.maxVio.enumerated() {
        values.append(("maxvio_\(layer)", value))
        values.append(("router_entropy_\(layer)", step.routerEntropy[layer]))
      }
      for (layer, range) in step.biasRange.enumerated() {
        values.append(("router_bias_min_\(layer)", Double(range.lowerBound)))
        values.append(("router_bias_max_\(layer)", Double(range.upperBound)))
      }
    }
    try metrics.append(step: step.step, values.map { ($0.key, .double($0.value)) })
    try board.write(step: step.step, values.map { ($0.key, $0.value) })
  }

  /// Held-out loss and what the verifiers say; whether the run is to stop.
  private func evaluate(
    _ step: Int, _ metrics: MetricsLog, _ board: TensorBoardLog, _ display: inout RunDisplay
  ) throws -> Bool {
    var values: [(name: String, value: Double)] = []
    best.lastStep = step
    if !data.heldOut.isEmpty {
      let loss = trainer.evaluate(data.heldOut)
      values.append(("eval_loss", loss))
      best.note(loss, step: step)
    }
    let folder = "\(configuration.outputDir)/.evaluated"
    try export(to: folder, format: .f32)
    values += try hooks.evaluate(folder).map { ("eval_\($0.name)", $0.value) }
    try? FileManager.default.removeItem(atPath: folder)
    guard !values.isEmpty else { return false }
    display.note(
      "step \(step): "
        + values.map { "\($0.name) \(String(format: "%.4f", $0.value))" }.joined(separator: ", "))
    try metrics.append(step: step, values.map { ($0.name, .double($0.value)) })
    try board.write(step: step, values.map { ($0.name, $0.value) })
    return isOutOfPatience
  }

  private var isOutOfPatience: Bool {
    best.evaluationsSince >= configuration.earlyStoppingPatience ?? .max
  }

  /// Saves the run at its present step and removes checkpoints that are too many.
  public func save() throws {
    try checkpoints.save(trainer, model: model, files: text.files(), best: best)
    try checkpoints.prune(
      keepLast: configuration.saveTotalLimit, keeping: Set(best.step.map { [$0] } ?? []))
  }

  private func drawCurves() throws {
    let rows = try MetricsLog.read("\(configuration.outputDir)/metrics.jsonl")
    let chart = LineChart(
      title: "Loss", yScale: .logarithmic,
      series: [
        MetricsLog.curve("loss", of: rows, named: "training"),
        MetricsLog.curve("loss_mtp", of: rows, named: "second token"),
        MetricsLog.curve("eval_loss", of: rows, named: "held out"),
      ].filter { !$0.points.isEmpty })
    try AtomicFile.write(Array(chart.svg.utf8), to: "\(configuration.outputDir)/loss.svg")
  }

  /// Writes the present weights as a checkpoint folder that opens anywhere; the average of them where one is kept.
  public func export(to folder: String, format: CheckpointFormat) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try model.write(
      to: folder, format: format, values: trainer.average.map { UnsafePointer($0) })
    for file in text.files() { try AtomicFile.write(file.content, to: "\(folder)/\(file.name)") }
  }
}

extension Duration {
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
