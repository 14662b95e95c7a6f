import FathomCheckpoints
import FathomCore
import Foundation

/// Everything a run tells while it goes on: the display, `metrics.jsonl`, TensorBoard events, the picture of its curves.
struct RunReports {
  private let folder: String
  private let metrics: MetricsLog
  private let board: TensorBoardLog
  private var display: RunDisplay
  private var speed = SpeedAverage()

  /// - Parameter step: the step that the run goes on behind; what the folder says of later ones is forgotten.
  init(
    folder: String, step: Int, interval: Int, isTerminal: Bool, write: @escaping (String) -> Void
  ) throws {
    self.folder = folder
    metrics = try MetricsLog(
      path: "\(folder)/metrics.jsonl", resumingAfter: step,
      curves: ["loss", "loss_mtp", "eval_loss"])
    board = try TensorBoardLog(folder: "\(folder)/tensorboard", startingAfter: step)
    display = RunDisplay(isTerminal: isTerminal, interval: interval, write: write)
  }

  /// - Parameters:
  ///   - tokens: of the whole run so far.
  ///   - seconds: that the step took.
  mutating func note(_ step: StepMetrics, of options: TrainingOptions, tokens: Int, seconds: Double)
    throws
  {
    speed.add(tokens: step.tokens, seconds: seconds)
    let steps = options.schedule.steps
    display.show(
      StepReport(
        step: step.step, totalSteps: steps, loss: step.loss,
        learningRateShare: options.schedule.factor(at: step.step - 1), stepSeconds: seconds,
        tokensPerSecond: speed.tokensPerSecond, maximumViolation: step.maxVio.max(),
        secondsLeft: speed.secondsPerStep * Double(steps - step.step)))
    try write(step: step.step, step.values(tokens: tokens, seconds: seconds))
  }

  mutating func note(evaluation values: [(name: String, value: Double)], step: Int) throws {
    guard !values.isEmpty else { return }
    display.note(
      "step \(step): "
        + values.map { "\($0.name) \(String(format: "%.4f", $0.value))" }.joined(separator: ", "))
    try write(step: step, values.map { ($0.name, $0.value) })
    try drawCurves()
  }

  mutating func clear() { display.clear() }

  private func write(step: Int, _ values: [(key: String, value: Double)]) throws {
    try metrics.append(step: step, values.map { ($0.key, .double($0.value)) })
    try board.write(step: step, values.map { ($0.key, $0.value) })
  }

  func drawCurves() throws {
    let chart = LineChart(
      title: "Loss", yScale: .logarithmic,
      series: [
        metrics.curve("loss", named: "training"), metrics.curve("loss_mtp", named: "second token"),
        metrics.curve("eval_loss", named: "held out"),
      ].filter { !$0.points.isEmpty })
    try AtomicFile.write(Array(chart.svg.utf8), to: "\(folder)/loss.svg")
  }
}

extension StepMetrics {
  /// What a step is recorded with.
  fileprivate func values(tokens: Int, seconds: Double) -> [(key: String, value: Double)] {
    var values: [(key: String, value: Double)] = [
      ("loss", loss), ("lr", learningRate), ("grad_norm", gradientNorm),
      ("tokens", Double(tokens)), ("tok_per_s", Double(self.tokens) / max(seconds, 1e-9)),
      ("step_s", seconds),
    ]
    if mtpLoss > 0 { values.append(("loss_mtp", mtpLoss)) }
    if !maxVio.isEmpty { values.append(("loss_balance", balanceLoss)) }
    for layer in maxVio.indices {
      values.append(("maxvio_\(layer)", maxVio[layer]))
      values.append(("router_entropy_\(layer)", routerEntropy[layer]))
    }
    for (layer, range) in biasRange.enumerated() {
      values.append(("router_bias_min_\(layer)", Double(range.lowerBound)))
      values.append(("router_bias_max_\(layer)", Double(range.upperBound)))
    }
    return values
  }
}
