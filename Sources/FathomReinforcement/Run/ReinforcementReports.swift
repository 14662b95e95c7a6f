import FathomCore
import FathomTraining
import Foundation

/// Everything a run tells while it goes on: lines, `metrics.jsonl`, `samples.jsonl`, TensorBoard events, a picture of its curves.
struct ReinforcementReports {
  private let folder: String
  private let totalSteps: Int
  private let interval: Int
  private let write: (String) -> Void
  private let metrics: MetricsLog
  private let samples: MetricsLog
  private let board: TensorBoardLog
  private var lastStep: Int
  /// A value that every evaluation has.
  private let evaluated: String?

  /// - Parameter step: the step that the run goes on behind; what the folder says of later ones is forgotten.
  init(
    folder: String, step: Int, configuration: ReinforcementConfiguration, hooks: TrainingRun.Hooks
  ) throws {
    self.folder = folder
    totalSteps = configuration.run.maxSteps ?? 0
    interval = configuration.run.loggingSteps
    write = hooks.show
    lastStep = step
    evaluated = configuration.run.tasks.first.map { "eval_\($0.family)" }
    metrics = try MetricsLog(
      path: "\(folder)/metrics.jsonl", resumingAfter: step,
      curves: ["reward", "pass_rate", "entropy", "zero_variance_fraction"]
        + [evaluated].compactMap(\.self))
    samples = try MetricsLog(path: "\(folder)/samples.jsonl", resumingAfter: step)
    board = try TensorBoardLog(folder: "\(folder)/tensorboard", startingAfter: step)
  }

  mutating func note(
    _ rollout: RolloutMetrics, samples kept: [RolloutSample], progress: RunProgress
  ) throws {
    if lastStep / interval < rollout.step / interval || rollout.step == totalSteps {
      note(line(rollout, steps: max(1, rollout.step - lastStep)))
    }
    lastStep = rollout.step
    try record(step: rollout.step, rollout.values + [("roll_backs", Double(progress.rollBacks))])
    for sample in kept { try samples.append(step: rollout.step, sample.values) }
    try drawCurves()
  }

  func note(_ line: String) { write(line + "\n") }

  mutating func note(evaluation values: [(name: String, value: Double)], step: Int) throws {
    guard !values.isEmpty else { return }
    note(
      "step \(step): "
        + values.map { "\($0.name) \(String(format: "%.4f", $0.value))" }.joined(separator: ", "))
    try record(step: step, values.map { ("eval_\($0.name)", $0.value) })
  }

  /// Whether `metrics.jsonl` has the evaluation of a step.
  func hasEvaluation(of step: Int) -> Bool {
    evaluated.map { metrics.curve($0).points.last?.x == Double(step) } ?? false
  }

  private func record(step: Int, _ values: [(key: String, value: Double)]) throws {
    try metrics.append(step: step, values.map { ($0.key, .double($0.value)) })
    try board.write(step: step, values.map { ($0.key, $0.value) })
  }

  /// `step 12/200 | reward 0.71 | right 66 % | 93 tokens | entropy 0.21 | flat 31 % | 6.1s, 2.0s rollouts | eta 19m`
  private func line(_ m: RolloutMetrics, steps: Int) -> String {
    func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
    var parts = [
      "step \(m.step)/\(totalSteps)", String(format: "reward %.3f", m.reward),
      "right " + percent(m.passRate), String(format: "%.0f tokens", m.length),
      String(format: "entropy %.3f", m.entropy), "flat " + percent(m.flatFraction),
    ]
    if m.divergence != 0 { parts.append(String(format: "kl %.4f", m.divergence)) }
    if m.clipFraction > 0 { parts.append("clipped " + percent(m.clipFraction)) }
    parts.append(
      String(format: "%.1fs, %.1fs rollouts", m.seconds, m.rolloutSeconds))
    let left = m.seconds / Double(steps) * Double(totalSteps - m.step)
    if left > 0 { parts.append("eta " + StepReport.duration(seconds: left)) }
    return parts.joined(separator: " | ")
  }

  private func drawCurves() throws {
    let chart = LineChart(
      title: "Reward", yScale: .linear,
      series: [
        metrics.curve("reward", named: "reward"), metrics.curve("pass_rate", named: "right"),
        metrics.curve("entropy", named: "entropy, nats"),
        metrics.curve("zero_variance_fraction", named: "flat groups"),
      ].filter { !$0.points.isEmpty })
    try AtomicFile.write(Array(chart.svg.utf8), to: "\(folder)/reward.svg")
  }
}
