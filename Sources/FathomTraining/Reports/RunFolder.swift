import FathomCore
import Foundation

/// A run as its folder shows it, while it goes on and afterwards.
public struct RunFolder: Sendable {
  public let path: String
  /// nil where the folder keeps none.
  public private(set) var record: RunRecord?
  public private(set) var history = RunHistory()
  /// When the last row was written.
  public private(set) var lastChange: Date?

  /// Bytes of `metrics.jsonl` that have been read, all of them whole lines; and the last of these.
  private var end = 0
  private var lastLine: [UInt8] = []

  /// - Throws: `InputError` where no folder is, and for a `run.json` that is none.
  public init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw InputError(
        InputError.excerpt(path, limit: 200), expected: "the folder of a run",
        found: FileBytes.exists(path) ? "a file" : "nothing there")
    }
    self.path = path
    try refresh()
  }

  public var metricsPath: String { "\(path)/metrics.jsonl" }

  /// The name of the folder.
  public var name: String { URL(filePath: path).lastPathComponent }

  /// Checkpoints, by step.
  public var checkpoints: [(step: Int, path: String)] {
    let checkpoint = TrainingCheckpoint(folder: path)
    return checkpoint.steps().map { ($0, checkpoint.path($0)) }
  }

  /// Steps in all, and the seconds they will take from now on, where the folder says so.
  public var totalSteps: Int? { record?.steps }
  public var secondsLeft: Double? {
    guard record?.ending == nil, let totalSteps, let pace = history.secondsPerStep else {
      return nil
    }
    return pace * Double(max(0, totalSteps - history.step))
  }

  /// Reads what has come since. A last line that is only half written waits for its rest; a file that was cut, as a run does that
  /// goes on behind its last checkpoint, is read anew.
  public mutating func refresh() throws {
    record = try RunRecord(folder: path)
    guard FileBytes.exists(metricsPath) else {
      forget()
      return
    }
    let bytes = try FileBytes.read(metricsPath, limit: .max)
    if bytes.count < end || !bytes[..<end].suffix(lastLine.count).elementsEqual(lastLine) {
      forget()
    }
    while let newline = bytes[end...].firstIndex(of: UInt8(ascii: "\n")) {
      if let row = try? JSON.parse(bytes[end..<newline]).objectValue { history.add(row) }
      lastLine = Array(bytes[end...newline])
      end = newline + 1
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: metricsPath)
    lastChange = attributes?[.modificationDate] as? Date
  }

  private mutating func forget() {
    history = RunHistory()
    (end, lastLine, lastChange) = (0, [], nil)
  }
}

extension RunFolder {
  /// Values that curves are drawn of, and what they are called; those that a run of some kind has.
  public static let curves: [(key: String, title: String)] = [
    ("reward", "reward"), ("pass_rate", "right, by the verifiers"),
    (RunHistory.heldOut, "held-out problems right"), ("entropy", "entropy, nats"),
    ("completion_length", "tokens of an answer"), ("kl", "divergence (kl)"),
    ("clip_fraction", "clipped"), ("zero_variance_fraction", "flat groups"), ("loss", "loss"),
    ("eval_loss", "held-out loss"),
  ]

  /// Those of `curves` that this run has.
  public var drawnCurves: [(key: String, title: String)] {
    Self.curves.filter { !curve($0.key).isEmpty }
  }

  /// A value over steps as it is drawn: without what is 0 by construction, because a run has no reference or never leaves the policy that
  /// drew its answers.
  public func curve(_ key: String) -> [(x: Double, y: Double)] {
    let points = history.points(key)
    let isNothing = ["kl", "clip_fraction"].contains(key) && points.allSatisfy { $0.y == 0 }
    return isNothing ? [] : points
  }

  /// Where the run stands, for programs.
  public var json: JSON {
    var object = JSONObject(["run": .string(path), "step": .integer(history.step)])
    object["kind"] = record.map { .string($0.kind) }
    object["steps"] = totalSteps.map { .integer($0) }
    object["ending"] = record?.ending.map { .string($0) }
    object["seconds_per_step"] = history.secondsPerStep.map { .double($0) }
    object["seconds_left"] = secondsLeft.map { .double($0) }
    var latest = JSONObject()
    for key in history.keys { latest[key] = history.latest(key).map { .double($0) } }
    object["latest"] = .object(latest)
    var curves = JSONObject()
    for (key, _) in drawnCurves { curves[key] = Self.summary(history.values(key)) }
    object["curves"] = .object(curves)
    return .object(object)
  }

  private static let recent = 10

  private static func summary(_ values: [Double]) -> JSON {
    let last = values.suffix(recent)
    return .object(
      JSONObject([
        "rows": .integer(values.count), "first": .double(values.first ?? 0),
        "last": .double(values.last ?? 0), "lowest": .double(values.min() ?? 0),
        "highest": .double(values.max() ?? 0),
        "mean_last_\(recent)": .double(last.reduce(0, +) / Double(max(1, last.count))),
      ]))
  }
}
