import ArgumentParser
import Fathom

struct TrainEvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Has a model answer held-out problems and verifies every answer.",
    discussion: """
      Problems are told apart by their text: no run trains on one that is asked here. The interval is Wilson's, at 95 %.

      Examples:
        fathom train eval --model runs/quick/step_1500 --family words --n 1000
        fathom train eval --model built-in --family mapping --n 200 --samples 8 --json
      """)

  @OptionGroup var model: ModelOption

  @Option(help: ArgumentHelp("Family of problems.", valueName: "name"))
  var family: String

  @Option(name: .customLong("n"), help: ArgumentHelp("Problems.", valueName: "n"))
  var count = 1000

  @Option(help: ArgumentHelp("Which of the held-out problems.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Flag(help: "Show the first wrong answers.")
  var failures = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard count > 0 else {
      throw InputError("option --n", expected: "at least 1", found: "\(count)")
    }
    let family = try Families.named(family)
    var options = RuntimeOptions()
    options.threads = threads
    let threads = try options.compute().pool.threads
    let grader = try FamilyGrader(model: try model.required(), threads: threads)
    let total = count
    let start = ContinuousClock.now
    defer { Terminal.clearStatus() }
    let score = try Interrupts.handled {
      try grader.score(
        family, n: count, seed: seed,
        progress: { Terminal.status("\($0) of \(total) problems") },
        isCancelled: { Interrupts.isRaised })
    }
    Terminal.clearStatus()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if Interrupts.isRaised { throw Interrupted() }
    if json { return try Terminal.line(Self.json(score, seconds: seconds).text()) }
    try Terminal.line(
      "\(score.family): \(score.correct) of \(score.n), "
        + "\((score.rate * 100).significant) % (\((score.interval.low * 100).significant) to "
        + "\((score.interval.high * 100).significant) %)", .bold)
    try Terminal.line(
      "\(score.tokens / max(score.n, 1)) tokens an answer, \(score.unfinished) cut off, "
        + "\((Double(score.tokens) / seconds).significant) tokens/s")
    if failures {
      for failure in score.failures {
        try Terminal.line("\n\(failure.problem.prompt)", .bold)
        try Terminal.line("expected \(failure.problem.answer)\nfound    \(failure.answer)")
      }
    }
  }

  private static func json(_ score: FamilyGrader.Score, seconds: Double) -> JSON {
    .object(
      JSONObject([
        "family": .string(score.family), "n": .integer(score.n),
        "correct": .integer(score.correct), "rate": .double(score.rate),
        "low": .double(score.interval.low), "high": .double(score.interval.high),
        "unfinished": .integer(score.unfinished),
        "tokens": .integer(score.tokens), "seconds": .double(seconds),
      ]))
  }
}
