import ArgumentParser
import Fathom
import Foundation

struct TrainReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a run as a page: its curves, and answers before and after.",
    usage: "fathom train report <run> [<options>]",
    discussion: """
      One HTML file that fetches nothing: configuration, curves, and held-out problems answered by the model that the run \
      began with and by its last checkpoint, greedily, with ten answers of both. A box says so where the reward rose and \
      the share of right answers did not: the problems' own verifiers judge, whatever the run rewarded.

      Examples:
        fathom train report runs/reinforce
        fathom train report runs/reinforce -o report.html --n 200
        fathom train report runs/a --against runs/b runs/c --n 0
        fathom train report runs/quick --base runs/quick/step_500
      """)

  @Argument(
    help: ArgumentHelp("The run's folder: output_dir of its file.", valueName: "run"))
  var path: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "HTML file to write. (default: report.html in the run's folder)", valueName: "file"))
  var output: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Folders of runs whose curves are drawn beside this one's.", valueName: "folder"))
  var against: [String] = []

  @Option(
    name: .customLong("n"),
    help: ArgumentHelp("Held-out problems of each family; 0 asks no model.", valueName: "n"))
  var count = 100

  @Option(
    help: ArgumentHelp(
      "The model before. (default: the one that the run's file names)", valueName: "model"))
  var base: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Most tokens of an answer. (default: the run's, or 512)", valueName: "n"))
  var maxTokens: Int?

  @Option(
    name: [.customShort("t"), .customLong("threads")], parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Flag(help: "Print what was found as JSON.")
  var json = false

  func run() throws {
    guard (0...1_000_000).contains(count) else {
      throw InputError("option --n", expected: "0 to 1000000", found: "\(count)")
    }
    let folder = try RunFolder(path)
    guard !folder.history.isEmpty else {
      throw InputError(folder.metricsPath, expected: "the row of a step", found: "none yet")
    }
    let others = try against.map { try RunFolder($0) }
    let report: RunReport
    switch try question(of: folder) {
    case .ask(let question):
      report = RunReport(folder, others: others, heldOut: try answers(to: question))
    case .none(let reason):
      report = RunReport(folder, others: others, whyNotAsked: reason)
    }
    let page = output ?? "\(folder.path)/report.html"
    try AtomicFile.write(Array(report.page.utf8), to: page)
    if json { return try Terminal.line(report.json.text()) }
    try Terminal.line(page, .bold)
    guard let check = report.check else { return }
    for line in [check.headline] + check.details { try Terminal.line(line) }
  }

  /// Two models and what they are asked.
  private struct Question {
    let before: (name: String, path: String)
    let after: (name: String, path: String)
    let format: String?
    let options: HeldOutComparison.Options
  }

  private enum Asked {
    case ask(Question)
    case none(reason: String)
  }

  private func question(of folder: RunFolder) throws -> Asked {
    if count == 0 { return .none(reason: "--n 0 was given") }
    let words = folder.record?.words ?? JSONObject()
    guard let base = base ?? words["base_model"]?.stringValue else {
      return .none(
        reason: folder.record == nil
          ? "the folder keeps no record of its configuration, and no --base was given"
          : "the run began from scratch, and no --base was given")
    }
    let families = words["tasks"]?.arrayValue?.compactMap { $0["family"]?.stringValue } ?? []
    guard !families.isEmpty else { return .none(reason: "the run's file names no families") }
    guard let last = folder.checkpoints.last else {
      throw InputError(folder.path, expected: "a checkpoint, step_N", found: "none")
    }
    var options = HeldOutComparison.Options()
    options.problems = count
    options.families = families
    options.threads = threads
    options.maxTokens =
      maxTokens ?? words["max_completion_length"]?.intValue ?? options.maxTokens
    return .ask(
      Question(
        before: (base, try ModelOption.located(base)),
        after: ("\(folder.name)/step_\(last.step)", last.path),
        format: words["chat_template"]?.stringValue,
        options: options))
  }

  private func answers(to question: Question) throws -> HeldOutComparison {
    defer { Terminal.clearStatus() }
    do {
      return try Interrupts.handled {
        try Waiting.forResult {
          func open(_ model: (name: String, path: String)) throws -> (
            name: String, model: LanguageModel
          ) {
            (
              model.name,
              try LanguageModel(path: model.path, format: question.format, placement: .mapped)
            )
          }
          return try await HeldOutComparison(
            before: open(question.before), after: open(question.after), question.options
          ) { name, progress in
            Terminal.status("\(name): \(progress.done) of \(progress.total) held-out problems")
          }
        }
      }
    } catch is CancellationError {
      throw Interrupted()
    }
  }
}
