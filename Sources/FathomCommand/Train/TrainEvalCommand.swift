import ArgumentParser
import Fathom

struct TrainEvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Has a model answer held-out problems and verifies every answer.",
    discussion: """
      Problems are told apart by their text: no run trains on one that is asked here. The interval is Wilson's, at 95 %.

      With --samples several answers to a problem are sampled, the same ones each time. Given is the first that passes \
      what a user can check too (the examples shown, the numbers given), or the most frequent one where nothing can be \
      checked. Families of mappings are also put to the search for one operator, which needs no model. \
      mapping-realistic is a set of 50 cases written by hand.

      Examples:
        fathom train eval --model runs/quick/step_1500 --family words --n 1000
        fathom train eval --model my-model --family mapping --n 200 --samples 8 --json
        fathom train eval --model my-model --family mapping-realistic --failures
        fathom train eval --model my-model --family tables --n 100 --draft mtp
      """)

  enum Baseline: String, ExpressibleByArgument, CaseIterable {
    case auto, search, off
  }

  @OptionGroup var model: ModelOption

  @Option(
    help: ArgumentHelp(
      "Chat format; fathom render --help lists them. (default: the checkpoint's own)",
      valueName: "name"))
  var format: String?

  @Option(help: ArgumentHelp("Family of problems, or mapping-realistic.", valueName: "name"))
  var family: String

  @Option(name: .customLong("n"), help: ArgumentHelp("Problems.", valueName: "n"))
  var count = 1000

  @Option(help: ArgumentHelp("Which of the held-out problems.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Answers to each problem. (default: 1, greedy)", valueName: "k"))
  var samples: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "0 picks the likeliest token. (default: 0, and 0.7 with --samples)", valueName: "t"))
  var temperature: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Most tokens of an answer.", valueName: "n"))
  var maxTokens = 512

  @Option(help: "What else is put to the same problems; auto: the search, for mappings.")
  var baseline = Baseline.auto

  @Option(help: "mtp: also measures drafting on the first 100 problems.")
  var draft = Drafting.off

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Flag(help: "Show wrong answers, and every case of mapping-realistic.")
  var failures = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let options = try graderOptions()
    let questions = try EvalQuestions(family: family, n: count, seed: seed)
    guard baseline != .search || questions.problems.allSatisfy({ $0.mapping != nil }) else {
      throw InputError(
        "option --baseline", expected: "auto or off: only mappings can be searched for",
        found: "search")
    }
    var runtime = RuntimeOptions()
    runtime.threads = threads
    let threads = try runtime.compute().pool.threads
    let grader = try FamilyGrader(
      model: try model.required(), format: format, threads: threads)
    guard draft != .mtp || grader.hasMTP else {
      throw InputError(
        "option --draft", expected: "off: the model has no multi-token prediction module",
        found: "mtp")
    }
    defer { Terminal.clearStatus() }
    let report = try Interrupts.handled { try measure(questions, grader, options) }
    Terminal.clearStatus()
    if Interrupts.isRaised { throw Interrupted() }
    if json { return try Terminal.line(report.json.text()) }
    for (index, line) in report.lines.enumerated() {
      try Terminal.line(line, index == 0 ? .bold : .plain)
    }
    if failures { try report.showCases(titles: questions.titles) }
  }

  private func graderOptions() throws -> FamilyGrader.Options {
    func atLeastOne(_ name: String, _ value: Int) throws {
      guard value > 0 else {
        throw InputError("option --\(name)", expected: "at least 1", found: "\(value)")
      }
    }
    try atLeastOne("n", count)
    try atLeastOne("samples", samples ?? 1)
    try atLeastOne("max-tokens", maxTokens)
    var options = FamilyGrader.Options()
    options.samples = samples ?? 1
    options.temperature = temperature ?? (samples == nil ? 0 : 0.7)
    options.maxTokens = maxTokens
    options.drafting = draft
    options.seed = seed
    var sampling = SamplingOptions()
    sampling.temperature = options.temperature
    try sampling.validate()
    return options
  }

  private func measure(
    _ questions: EvalQuestions, _ grader: FamilyGrader, _ options: FamilyGrader.Options
  ) throws -> EvalReport {
    let start = ContinuousClock.now
    let total = questions.problems.count
    let answered = try grader.answers(
      to: questions.problems, options,
      progress: { Terminal.status("\($0) of \(total) problems") },
      isCancelled: { Interrupts.isRaised })
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var report = EvalReport(
      score: FamilyScore(family: questions.family, answered: answered), seconds: seconds)
    report.temperature = options.temperature
    if baseline != .off, !Interrupts.isRaised {
      Terminal.status("search")
      report.search = SearchScore(report.score.answered)
    }
    if draft == .mtp {
      Terminal.status("drafts")
      report.drafting = try DraftingTrial(
        grader, problems: Array(questions.problems.prefix(100)), maxTokens: maxTokens,
        isCancelled: { Interrupts.isRaised })
    }
    return report
  }
}

/// What a model is asked.
private struct EvalQuestions {
  let family: String
  let problems: [Problem]
  /// Titles of cases that have one.
  var titles: [String] = []

  init(family name: String, n: Int, seed: UInt64) throws {
    family = name
    guard name == RealisticMappingCase.family else {
      problems = try Families.named(name).heldOut(n, seed: seed)
      return
    }
    let cases = Array(try RealisticMappingCase.all().prefix(n))
    problems = try cases.map { try $0.problem().problem(family: name) }
    titles = cases.map(\.title)
  }
}
