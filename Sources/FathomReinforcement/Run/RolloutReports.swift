import FathomCore
import FathomTraining
import Foundation

/// What is told of a rollout and the steps that were made of it.
protocol ReportedRollout {
  /// The last of the steps.
  var step: Int { get }
  var seconds: Double { get }
  var rolloutSeconds: Double { get }
  /// For `metrics.jsonl` and TensorBoard.
  var values: [(key: String, value: Double)] { get }
  /// For people: `reward 0.710`, `93 tokens`.
  var words: [String] { get }
}

/// Everything a run tells while it goes on: lines, `metrics.jsonl`, `samples.jsonl`, TensorBoard events, a picture of its curves.
struct RolloutReports {
  /// What the picture shows.
  struct Picture {
    let title: String
    /// The file's name.
    let file: String
    /// Values by their keys, and what people call them.
    let curves: [(key: String, name: String)]
  }

  private let folder: String
  private let picture: Picture
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
    _ run: RunConfiguration, step: Int, picture: Picture, hooks: TrainingRun.Hooks
  ) throws {
    folder = run.outputDir
    totalSteps = run.maxSteps ?? 0
    interval = run.loggingSteps
    write = hooks.show
    lastStep = step
    self.picture = picture
    evaluated = run.tasks.first.map { "eval_\($0.family)" }
    metrics = try MetricsLog(
      path: "\(folder)/metrics.jsonl", resumingAfter: step,
      curves: picture.curves.map(\.key) + [evaluated].compactMap(\.self))
    samples = try MetricsLog(path: "\(folder)/samples.jsonl", resumingAfter: step)
    board = try TensorBoardLog(folder: "\(folder)/tensorboard", startingAfter: step)
  }

  /// - Parameter more: values beside the rollout's own.
  mutating func note(
    _ rollout: some ReportedRollout, more: [(key: String, value: Double)] = [],
    samples kept: [RolloutSample]
  ) throws {
    if lastStep / interval < rollout.step / interval || rollout.step == totalSteps {
      note(line(rollout, steps: max(1, rollout.step - lastStep)))
    }
    lastStep = rollout.step
    try record(step: rollout.step, rollout.values + more)
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

  /// `step 12/200 | reward 0.710 | right 66 % | 93 tokens | 6.1s, 2.0s rollouts | eta 19m`
  private func line(_ rollout: some ReportedRollout, steps: Int) -> String {
    var parts = ["step \(rollout.step)/\(totalSteps)"] + rollout.words
    parts.append(
      String(format: "%.1fs, %.1fs rollouts", rollout.seconds, rollout.rolloutSeconds))
    let left = rollout.seconds / Double(steps) * Double(totalSteps - rollout.step)
    if left > 0 { parts.append("eta " + StepReport.duration(seconds: left)) }
    return parts.joined(separator: " | ")
  }

  private func drawCurves() throws {
    let chart = LineChart(
      title: picture.title, yScale: .linear,
      series: picture.curves.map { metrics.curve($0.key, named: $0.name) }
        .filter { !$0.points.isEmpty })
    try AtomicFile.write(Array(chart.svg.utf8), to: "\(folder)/\(picture.file)")
  }
}
