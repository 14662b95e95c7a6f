import FathomCore

/// A run's values over its steps, as `metrics.jsonl` has them.
public struct RunHistory: Sendable {
  /// Names of values, in the order in which they came.
  public private(set) var keys: [String] = []
  /// The latest step with a row.
  public private(set) var step = 0
  /// How long steps took of late; nil where the rows don't say.
  public private(set) var secondsPerStep: Double?
  private var curves: [String: [(x: Double, y: Double)]] = [:]
  private var timed: [(step: Int, seconds: Double)] = []

  /// Held-out problems that are right, on average over families.
  public static let heldOut = "held_out"
  /// How long a step, or a rollout with its steps, took.
  private static let seconds = "step_s"
  /// Timed rows that the present pace is taken from.
  private static let recentRows = 20

  public init() {}

  public var isEmpty: Bool { keys.isEmpty }

  /// Takes in a row. What is no number is left out, and so is a row without a step.
  public mutating func add(_ row: JSONObject) {
    guard let step = row["step"]?.intValue else { return }
    self.step = step
    var heldOut: [Double] = []
    for (key, json) in row.members where key != "step" {
      guard let value = json.doubleValue, value.isFinite else { continue }
      note(key, value)
      if key.hasPrefix("eval_"), key != "eval_loss" { heldOut.append(value) }
    }
    if !heldOut.isEmpty { note(Self.heldOut, heldOut.reduce(0, +) / Double(heldOut.count)) }
    guard let seconds = row[Self.seconds]?.doubleValue, seconds.isFinite else { return }
    timed = Array(timed.suffix(Self.recentRows)) + [(step, seconds)]
    if let first = timed.first, timed.count > 1, step > first.step {
      let sum = timed.dropFirst().reduce(0) { $0 + $1.seconds }
      secondsPerStep = sum / Double(step - first.step)
    } else {
      secondsPerStep = seconds / Double(max(1, step))
    }
  }

  private mutating func note(_ key: String, _ value: Double) {
    if curves[key] == nil { keys.append(key) }
    curves[key, default: []].append((Double(step), value))
  }

  /// A value over steps; none where no row has it.
  public func points(_ key: String) -> [(x: Double, y: Double)] { curves[key] ?? [] }

  public func values(_ key: String) -> [Double] { points(key).map(\.y) }

  public func latest(_ key: String) -> Double? { curves[key]?.last?.y }
}
