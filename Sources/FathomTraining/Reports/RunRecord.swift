import FathomCore

/// What a run's folder says of the run itself: `run.json`.
///
/// It is written when a run begins or goes on, and again when it ends. One that was killed says that it goes on.
public struct RunRecord: Sendable, Equatable {
  /// The command that runs it: `pretrain`, `tune`, `reinforce`.
  public let kind: String
  /// Steps in all.
  public let steps: Int
  /// What its file says, overrides included.
  public let words: JSONObject
  /// How it ended: `finished`, `interrupted`, `stopped_early`, `collapsed`, `failed`; nil while it goes on.
  public private(set) var ending: String?

  public init(kind: String, steps: Int, words: JSONObject, ending: String? = nil) {
    self.kind = kind
    self.steps = steps
    self.words = words
    self.ending = ending
  }

  /// How a run ended that threw.
  package static let failed = "failed"

  private static func path(in folder: String) -> String { "\(folder)/run.json" }

  /// - Returns: nil for the folder of a run that keeps no record.
  /// - Throws: `InputError` for a file that is no record.
  public init?(folder: String) throws {
    let path = Self.path(in: folder)
    guard FileBytes.exists(path) else { return nil }
    let json: JSON
    do {
      json = try JSON.parse(try FileBytes.read(path, limit: 16 << 20))
    } catch let error as InputError {
      throw error.place.hasPrefix(path) ? error : error.inside(path)
    }
    guard let kind = json["kind"]?.stringValue, let steps = json["steps"]?.intValue,
      let words = json["words"]?.objectValue
    else {
      throw InputError(
        path, expected: "kind, steps and words of a run", found: InputError.excerpt(json.text()))
    }
    self.init(kind: kind, steps: steps, words: words, ending: json["ending"]?.stringValue)
  }

  /// Writes it, as a whole or not at all.
  package func write(to folder: String) throws {
    var object = JSONObject([
      "kind": .string(kind), "steps": .integer(steps), "words": .object(words),
    ])
    object["ending"] = ending.map { .string($0) }
    try AtomicFile.write(
      Array((JSON.object(object).text(.indented) + "\n").utf8), to: Self.path(in: folder))
  }

  /// Writes down how the run ended. What the run made is worth more than this line: a full disk is no failure here.
  package func end(_ ending: String, in folder: String) {
    var record = self
    record.ending = ending
    try? record.write(to: folder)
  }
}
