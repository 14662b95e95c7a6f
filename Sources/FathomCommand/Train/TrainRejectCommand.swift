import ArgumentParser
import Fathom

struct TrainRejectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject",
    abstract: "Rejection sampling: keeps a model's verified answers as data to tune on.",
    discussion: """
      The model answers problems that no test asks, several times each. Right answers that differ are kept, the shortest first, \
      as rows of messages, reasoning included, that fathom train tune and pretrain read. With --url the model is one behind an \
      OpenAI-compatible server. Each problem's answers are on disk before those of the next; after Ctrl-C, a crash or a server \
      that fails, --resume goes on.

      Examples:
        fathom train reject --model runs/reinforce/step_200 --family mapping --family words -o verified.jsonl
        fathom train reject --model built-in --family mapping-wide --n 5000 --samples 8 --keep 2 -o wide.jsonl
        fathom train reject --url http://127.0.0.1:8080/v1 --family words --max-tokens 4096 -o teacher.jsonl
        fathom train tune -c tune.yaml -o 'datasets=[{path: teacher.jsonl}]'
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var server: ServerArguments

  @Option(
    help: ArgumentHelp(
      "A family of problems; repeatable, drawn as often as named.", valueName: "name"))
  var family: [String] = []

  @Option(
    help: ArgumentHelp(
      "A task file as fathom eval reads it, beside the families; repeatable.", valueName: "file"))
  var task: [String] = []

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
    help: ArgumentHelp(
      "Answers under way at a time. (default: 128, or 8 from a server)", valueName: "n"))
  var parallel: Int?

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("JSONL file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Go on behind what the file holds.")
  var resume = false

  @Flag(help: "Print the figures as JSON.")
  var json = false

  func run() throws {
    var options = RejectionSampling.Options()
    options.parallel = parallel ?? (server.url == nil ? 128 : 8)
    for (name, value, most) in [
      ("--n", n, 10_000_000), ("--samples", samples, 10_000), ("--keep", keep, 10_000),
      ("--parallel", options.parallel, 1024),
    ] where !(1...most).contains(value) {
      throw InputError("option \(name)", expected: "1 to \(most)", found: "\(value)")
    }
    options.problems = n
    options.kept = keep
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature) = (samples, temperature)
    (wishes.maxTokens, wishes.seed) = (maxTokens, seed)
    let shares =
      try family.map { ProblemSource.Share(try Families.named($0), weight: 1) }
      + task.map { ProblemSource.Share(try GivenProblems(path: $0), weight: 1) }
    guard !shares.isEmpty else {
      throw InputError(
        "options --family and --task", expected: "at least one of them", found: "none")
    }
    let sampler = RejectionSampling(
      try answering(parallel: options.parallel), shares, try EvaluationSampling(wishes), options)
    let (path, resumes, problems) = (output, resume, n)
    let tally = try Interrupts.handled {
      try Waiting.forResult {
        try await sampler.write(to: path, resumes: resumes) { tally in
          guard tally.problems.isMultiple(of: Self.lineInterval) || tally.problems == problems
          else { return }
          Terminal.progress(Self.line(tally, of: problems))
        }
      }
    }
    if json {
      try Terminal.line(Self.json(tally).text(.indented))
    } else {
      try Terminal.line("\(output): \(tally.written) answers to \(tally.problems) problems")
    }
    if Interrupts.isRaised {
      Terminal.note("the same command with --resume goes on behind them")
      throw Interrupted()
    }
  }

  /// Problems to a line of progress.
  private static let lineInterval = 32

  private func answering(parallel: Int) throws -> any EvaluatedModel {
    if let served = try server.model(named: model.path) { return served }
    let language = try LanguageModel(path: try model.orBuiltIn())
    var options = Engine.Options(runtime: RuntimeOptions())
    options.parallel = parallel
    options.waiting = parallel
    return EngineModel(
      try Engine(language, options: options), name: language.model.checkpoint.title, thinking: true)
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
