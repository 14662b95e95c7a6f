import FathomCore
import FathomTraining

/// All that is told of a run in the end: what it was, its curves, what it changed in answers, and whether it was rewarded for what is wanted.
public struct RunReport: Sendable {
  public let run: RunFolder
  /// Runs whose curves are drawn beside.
  public let others: [RunFolder]
  /// nil where no models were asked.
  public let heldOut: HeldOutComparison?
  /// Why no models were asked.
  public let whyNotAsked: String
  /// nil for a run without rewards.
  public let check: RewardCheck?

  public init(
    _ run: RunFolder, others: [RunFolder] = [], heldOut: HeldOutComparison? = nil,
    whyNotAsked: String = ""
  ) {
    self.run = run
    self.others = others
    self.heldOut = heldOut
    self.whyNotAsked = whyNotAsked
    let rewards = run.history.values("reward")
    check =
      rewards.isEmpty
      ? nil
      : RewardCheck(
        rewards: rewards, passRates: run.history.values("pass_rate"), heldOut: heldOut?.total)
  }

  /// For programs: where the run stands, and what was found.
  public var json: JSON {
    var object = run.json.objectValue ?? JSONObject()
    object["check"] = check?.json
    guard let heldOut else { return .object(object) }
    object["before"] = .string(heldOut.names.before)
    object["after"] = .string(heldOut.names.after)
    object["families"] = .array(
      heldOut.byFamily.map { family, rates, test in
        .object(
          JSONObject([
            "family": .string(family), "before": RewardCheck.json(rates.before),
            "after": RewardCheck.json(rates.after), "only_before": .integer(test.onlyFirst),
            "only_after": .integer(test.onlySecond), "p": .double(test.pValue),
          ]))
      })
    return .object(object)
  }
}

// Pictures.
extension RunReport {
  private struct Picture {
    let title: String
    let unit: String
    /// Values and what their curves are called.
    let curves: [(key: String, name: String)]
  }

  private var pictures: [Picture] {
    [
      Picture(
        title: "Reward, and right by the verifiers", unit: "mean of a rollout",
        curves: [("reward", "reward"), ("pass_rate", "right")]),
      Picture(
        title: "Held-out problems", unit: "share right",
        curves: [(RunHistory.heldOut, "right")]),
      Picture(title: "Entropy", unit: "nats", curves: [("entropy", "entropy")]),
      Picture(
        title: "Length", unit: "tokens of an answer", curves: [("completion_length", "tokens")]),
      Picture(title: "Divergence from the reference", unit: "kl", curves: [("kl", "kl")]),
      Picture(
        title: "Clip fraction", unit: "share of tokens", curves: [("clip_fraction", "clipped")]),
      Picture(
        title: "Flat groups", unit: "share of groups",
        curves: [("zero_variance_fraction", "flat")]),
      Picture(
        title: "Loss", unit: "loss",
        curves: [("loss", "training"), ("loss_mtp", "second token"), ("eval_loss", "held out")]),
    ]
  }

  /// A picture for each family, in the order of the run's rows.
  private var familyPictures: [Picture] {
    let prefixes = (training: "pass_rate_", heldOut: "eval_")
    var families: [String] = []
    for key in run.history.keys where key != "eval_loss" {
      for prefix in [prefixes.training, prefixes.heldOut] where key.hasPrefix(prefix) {
        let family = String(key.dropFirst(prefix.count))
        if !families.contains(family) { families.append(family) }
      }
    }
    return families.map {
      Picture(
        title: $0, unit: "share right",
        curves: [
          (prefixes.training + $0, "in training"), (prefixes.heldOut + $0, "held out"),
        ])
    }
  }

  /// Curves of the run, and of the others, as SVG documents; those that have something to show.
  var charts: [String] { pictures.compactMap(chart) }
  var familyCharts: [String] { familyPictures.compactMap(chart) }

  private func chart(_ picture: Picture) -> String? {
    var series: [LineChart.Series] = []
    for run in [run] + others {
      for (key, name) in picture.curves {
        let points = run.curve(key)
        guard !points.isEmpty else { continue }
        let title = others.isEmpty ? name : "\(name), \(run.name)"
        series.append(LineChart.Series(title, points: points))
      }
    }
    // One evaluation is no curve.
    guard series.contains(where: { $0.points.count > 1 }) else { return nil }
    return LineChart(
      title: picture.title, yLabel: picture.unit, series: series, width: 440, height: 300
    ).svg
  }
}
