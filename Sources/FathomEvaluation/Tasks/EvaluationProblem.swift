import FathomCore
import FathomText

/// A problem of a task: what is asked and what grades the answer.
public struct EvaluationProblem: Sendable {
  public enum Prompt: Sendable, Equatable {
    /// A conversation, written in the model's chat format.
    case messages([ChatMessage])
    /// Text that the model goes on with.
    case text(String)
  }

  public enum Check: Sendable {
    /// The model writes, a grader judges.
    case answer(any Grader)
    /// The model compares continuations; it writes nothing.
    case choice(ChoiceGrader)
  }

  /// Tells it from the others of its task.
  public let id: String
  public let prompt: Prompt
  public let check: Check
  /// An answer that has to pass; `nil` where none is known.
  public let reference: String?
  /// All that the problem consists of: what the task's hash is made from.
  let source: JSON
}

extension EvaluationProblem.Prompt {
  var json: JSON {
    switch self {
    case .messages(let messages): .array(messages.map(\.json))
    case .text(let text): .string(text)
    }
  }
}

/// How answers are sampled, as far as somebody has said so.
public struct SamplingWishes: Sendable, Equatable {
  /// Answers to each problem.
  public var n: Int?
  public var temperature: Double?
  public var topP: Double?
  public var maxTokens: Int?
  public var seed: UInt64?
  public var stop: [String]?

  public init() {}

  /// These, where they say nothing the others.
  public func over(_ others: SamplingWishes) -> SamplingWishes {
    var wishes = self
    wishes.n = n ?? others.n
    wishes.temperature = temperature ?? others.temperature
    wishes.topP = topP ?? others.topP
    wishes.maxTokens = maxTokens ?? others.maxTokens
    wishes.seed = seed ?? others.seed
    wishes.stop = stop ?? others.stop
    return wishes
  }
}

/// How answers are sampled. Everything that could change an answer is in it.
public struct EvaluationSampling: Sendable, Equatable {
  public let n: Int
  /// 0 is greedy.
  public let temperature: Double
  public let topP: Double
  public let maxTokens: Int
  /// Sample j of a problem is the same whatever else is asked.
  public let seed: UInt64
  public let stop: [String]

  /// - Throws: `InputError` for what is out of range, and for several greedy samples, which would all be the same.
  public init(_ wishes: SamplingWishes) throws {
    n = wishes.n ?? 1
    temperature = wishes.temperature ?? 0
    topP = wishes.topP ?? 1
    maxTokens = wishes.maxTokens ?? 2048
    seed = wishes.seed ?? 1
    stop = wishes.stop ?? []
    func check(_ name: String, _ isRight: Bool, _ expectation: String, _ finding: String) throws {
      guard isRight else {
        throw InputError("sampling.\(name)", expected: expectation, found: finding)
      }
    }
    try check("n", (1...100_000).contains(n), "1 to 100000", "\(n)")
    try check("temperature", (0...100).contains(temperature), "0 to 100", "\(temperature)")
    try check("top_p", topP > 0 && topP <= 1, "more than 0, up to 1", "\(topP)")
    try check(
      "max_tokens", (1...Int(Int32.max)).contains(maxTokens), "at least 1", "\(maxTokens)")
    // Written to JSON, whose whole numbers end here.
    try check("seed", seed <= UInt64(Int.max), "at most \(Int.max)", "\(seed)")
    try check(
      "temperature", n == 1 || temperature > 0,
      "more than 0 for several samples of a problem, which would all be the same", "0")
  }

  var json: JSON {
    .object(
      JSONObject([
        "n": .integer(n), "temperature": .double(temperature), "top_p": .double(topP),
        "max_tokens": .integer(maxTokens), "seed": .integer(Int(clamping: seed)),
        "stop": .array(stop.map { .string($0) }),
      ]))
  }
}
