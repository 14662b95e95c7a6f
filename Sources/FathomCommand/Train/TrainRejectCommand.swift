import ArgumentParser
import Fathom

struct TrainRejectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject",
    abstract: "Rejection sampling: keeps a model's verified answers as data to tune on.",
    discussion: """
      The model answers problems that no test asks, several times each. Right answers that differ are kept, the shortest first, \
      as rows of messages that fathom train tune reads.

      Examples:
        fathom train reject --model runs/reinforce/step_200 --family mapping --family words -o verified.jsonl
        fathom train reject --model built-in --family mapping-wide --n 5000 --samples 8 --keep 2 -o wide.jsonl
      """)

  @OptionGroup var model: ModelOption

  @Option(help: ArgumentHelp("A family of problems; repeatable, drawn evenly.", valueName: "name"))
  var family: [String]

  @Option(help: ArgumentHelp("Problems.", valueName: "n"))
  var n = 1000

  @Option(help: ArgumentHelp("Answers to each problem.", valueName: "n"))
  var samples = 8

  @Option(help: ArgumentHelp("Different right answers to keep of each problem.", valueName: "n"))
  var keep = 1

  @Option(help: ArgumentHelp("Temperature.", valueName: "t"))
  var temperature = 1.0

  @Option(help: ArgumentHelp("Most tokens of an answer.", valueName: "n"))
  var maxTokens = 320

  @Option(help: ArgumentHelp("Seed of problems and answers.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("JSONL file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Print the figures as JSON.")
  var json = false

  func run() throws {
    var options = RejectionSampling.Options()
    for (name, value) in [
      ("--n", n), ("--samples", samples), ("--keep", keep), ("--max-tokens", maxTokens),
    ] where !(1...10_000_000).contains(value) {
      throw InputError("option \(name)", expected: "1 to 10000000", found: "\(value)")
    }
    options.problems = n
    options.samples = samples
    options.kept = keep
    options.maxTokens = maxTokens
    options.sampling.temperature = temperature
    options.seed = seed
    try options.sampling.validate()
    let shares = try family.map { ProblemSource.Share(try Families.named($0), weight: 1) }
    guard !shares.isEmpty else {
      throw InputError("option --family", expected: "at least one family", found: "none")
    }
    let language = try LanguageModel(path: try model.orBuiltIn())
    let (made, path) = (options, output)
    let tally = try Interrupts.handled {
      try Asynchronous.wait {
        try await RejectionSampling(language, shares, made).write(
          to: path, progress: { Terminal.progress(Self.line($0, of: made.problems)) },
          isCancelled: { Interrupts.isRaised })
      }
    }
    if json {
      try Terminal.line(Self.json(tally).text(.indented))
    } else {
      try Terminal.line(
        "\(output): \(tally.written) answers to \(tally.problems - tally.unsolved) of \(tally.problems) problems"
      )
    }
    if Interrupts.isRaised { throw Interrupted() }
  }

  private static func line(_ tally: RejectionSampling.Tally, of problems: Int) -> String {
    "\(tally.problems)/\(problems) problems | \(tally.verified) of \(tally.answers) answers right | "
      + "\(tally.duplicates) the same | \(tally.unsolved) unsolved | \(tally.written) kept\n"
  }

  private static func json(_ tally: RejectionSampling.Tally) -> JSON {
    .object(
      JSONObject([
        "problems": .integer(tally.problems), "answers": .integer(tally.answers),
        "verified": .integer(tally.verified), "duplicates": .integer(tally.duplicates),
        "unsolved": .integer(tally.unsolved), "written": .integer(tally.written),
      ]))
  }
}
