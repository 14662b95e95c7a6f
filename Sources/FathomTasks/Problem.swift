/// One problem of a family: what is asked, a checked solution, and what tells a right answer from a wrong one.
public struct Problem: Sendable {
  /// Which family it comes from, as `fathom train eval --family` names it.
  public let family: String
  /// The user's message.
  public let prompt: String
  /// The thoughts of the checked solution, as they stand between `<think>` and `</think>`.
  public let reasoning: String
  /// The answer of the checked solution.
  public let answer: String
  /// Whether an answer (the text behind `</think>`) is right. Never throws and never traps, whatever the text.
  public let accepts: @Sendable (_ answer: String) -> Bool
  /// Whether an answer passes what the user sees too: the examples shown, the numbers given. `nil` where only the solution tells. It
  /// is what picks one of several answers, so it never looks at anything hidden.
  public let isPlausible: (@Sendable (_ answer: String) -> Bool)?
  /// The examples and the hidden record behind a problem of the mapping families.
  public let mapping: MappingProblem?

  public init(
    family: String, prompt: String, reasoning: String, answer: String,
    isPlausible: (@Sendable (_ answer: String) -> Bool)? = nil,
    accepts: @escaping @Sendable (_ answer: String) -> Bool
  ) {
    self.family = family
    self.prompt = prompt
    self.reasoning = reasoning
    self.answer = answer
    self.accepts = accepts
    self.isPlausible = isPlausible
    mapping = nil
  }

  /// A problem whose answer is a mapping program.
  public init(family: String, prompt: String, reasoning: String, mapping: MappingProblem) {
    self.family = family
    self.prompt = prompt
    self.reasoning = reasoning
    answer = mapping.answer
    accepts = { mapping.accepts($0) }
    isPlausible = { mapping.passesShown($0) }
    self.mapping = mapping
  }

  /// Whether it comes from somebody's own file, whose problems are all to be learnt from.
  public var isGiven = false

  /// Whether the problem is kept for tests: decided by its prompt alone, so that no training run, whatever its seed,
  /// can have seen a problem that it is tested on. One problem in 16 is.
  public var isHeldOut: Bool { !isGiven && Self.hash(of: prompt) % 16 == 0 }

  /// FNV-1a over UTF-8, finished by a multiplication and shifts: the same on every machine.
  static func hash(of text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ (hash >> 32)) &* 0xd6e8_feb8_6659_fd93
    return hash ^ (hash >> 32)
  }
}

/// Problems without end, addressed by number: the same address gives the same problem on every machine.
public protocol TaskFamily: Sendable {
  /// Short, lower case, words joined by hyphens.
  var name: String { get }

  /// The problem that `random` leads to. Takes all its chance from there.
  func problem(_ random: inout TaskRandom) -> Problem
}

extension TaskFamily {
  /// Problem `index` of the stream `seed`, whatever split it belongs to.
  public func problem(seed: UInt64, index: UInt64) -> Problem {
    var random = TaskRandom(seed: seed ^ Problem.hash(of: name), index: index)
    return problem(&random)
  }

  /// The first problem at or after `index` that belongs to a split, and the index behind it.
  public func next(heldOut: Bool, seed: UInt64, from index: UInt64) -> (Problem, next: UInt64) {
    var index = index
    while true {
      let candidate = problem(seed: seed, index: index)
      index += 1
      if candidate.isHeldOut == heldOut { return (candidate, index) }
    }
  }

  /// The first held-out problems of the stream `seed`.
  public func heldOut(_ count: Int, seed: UInt64) -> [Problem] {
    var problems: [Problem] = []
    var index: UInt64 = 0
    while problems.count < count {
      let (problem, next) = next(heldOut: true, seed: seed, from: index)
      problems.append(problem)
      index = next
    }
    return problems
  }
}
