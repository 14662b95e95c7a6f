import Fathom

/// The same problems answered greedily with drafts and without, one after the other on one thread.
struct DraftingTrial {
  private(set) var drafted = 0
  private(set) var accepted = 0
  /// Answers that came out different: there are none, as drafting changes no answer.
  private(set) var different = 0
  private(set) var problems = 0
  private var plain = (tokens: 0, seconds: 0.0)
  private var drafting = (tokens: 0, seconds: 0.0)

  init(
    _ grader: FamilyGrader, problems: [Problem], maxTokens: Int,
    isCancelled: () -> Bool = { false }
  ) throws {
    var options = FamilyGrader.Options()
    options.maxTokens = maxTokens
    var draftingOptions = options
    draftingOptions.drafting = .mtp
    let sessions = (try grader.session(drafts: false), try grader.session(drafts: true))
    for (number, problem) in problems.enumerated() {
      if isCancelled() { return }
      func run(_ drafts: Bool) throws -> Generation {
        try grader.generate(
          problem, drafts ? sessions.1 : sessions.0, drafts ? draftingOptions : options, seed: 0,
          isCancelled: isCancelled)
      }
      // Who goes first changes from problem to problem: the machine's moods hit both.
      let first = try run(number % 2 == 0)
      let second = try run(number % 2 == 1)
      if first.finishReason == .cancelled || second.finishReason == .cancelled { return }
      add(plain: number % 2 == 0 ? second : first, drafting: number % 2 == 0 ? first : second)
    }
  }

  private mutating func add(plain a: Generation, drafting b: Generation) {
    problems += 1
    plain.tokens += a.statistics.completionTokens
    plain.seconds += a.statistics.decodeSeconds
    drafting.tokens += b.statistics.completionTokens
    drafting.seconds += b.statistics.decodeSeconds
    drafted += b.statistics.draftedTokens
    accepted += b.statistics.acceptedTokens
    if a.tokens != b.tokens { different += 1 }
  }

  /// Share of the drafts that came true.
  var acceptance: Double { drafted > 0 ? Double(accepted) / Double(drafted) : 0 }
  var plainSpeed: Double { Double(plain.tokens) / max(plain.seconds, 1e-9) }
  var draftingSpeed: Double { Double(drafting.tokens) / max(drafting.seconds, 1e-9) }

  /// Tokens per second with drafts over those without.
  var ratio: Double { draftingSpeed / max(plainSpeed, 1e-9) }

  var json: JSON {
    .object(
      JSONObject([
        "problems": .integer(problems), "drafted": .integer(drafted),
        "accepted": .integer(accepted), "acceptance": .double(acceptance),
        "tokens_per_second": .double(draftingSpeed),
        "tokens_per_second_off": .double(plainSpeed), "speed_ratio": .double(ratio),
        "different_answers": .integer(different),
      ]))
  }

  var line: String {
    "drafts: \((acceptance * 100).significant) % of \(drafted) came true; "
      + "\(draftingSpeed.significant) tokens/s with, \(plainSpeed.significant) without: "
      + "\(ratio.significant) times; \(different) of \(problems) answers differ"
  }
}
