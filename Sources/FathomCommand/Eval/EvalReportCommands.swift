import ArgumentParser
import Fathom
import Foundation

struct EvalCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two runs of the same task, problem by problem.",
    discussion: """
      The difference has a 95 % interval from a paired bootstrap with a fixed seed; McNemar's exact test says how \
      likely so uneven a split is between equals.

      Examples:
        fathom eval compare a.jsonl b.jsonl
        fathom eval compare a.jsonl b.jsonl --json
      """)

  @Argument(help: "File of the first run.")
  var first: String

  @Argument(help: "File of the second run.")
  var second: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let summaries = try [first, second].map { try RunSummary(RunFile.run($0)) }
    let comparison = try RunComparison(summaries[0], summaries[1])
    if json { return try Terminal.line(comparison.json.text()) }
    for (index, line) in comparison.lines.enumerated() {
      try Terminal.line(line, index == 0 ? .bold : .plain)
    }
  }
}

struct EvalReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Shows what a run found, or writes it as a page with its wrong answers.",
    discussion: """
      Examples:
        fathom eval report run.jsonl --metric pass@1 --metric pass@4
        fathom eval report run.jsonl -o report.html
      """)

  @Argument(help: "File of the run.")
  var path: String

  @Option(
    name: .customLong("metric"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "pass@k, maj@k, best@k, score, acc, acc_norm; repeatable.", valueName: "name"))
  var metrics: [String] = []

  @Option(name: .shortAndLong, help: ArgumentHelp("HTML file to write.", valueName: "file"))
  var output: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let metrics = try metrics.map { name in
      guard let metric = Metric(name) else {
        throw InputError(
          "option --metric", expected: "pass@k, maj@k, best@k, score, acc or acc_norm",
          found: InputError.excerpt(name))
      }
      return metric
    }
    let summary = try RunSummary(RunFile.run(path), metrics: metrics)
    if let output { try AtomicFile.write(Array(summary.page.utf8), to: output) }
    if json { return try Terminal.line(summary.json.text()) }
    for (index, line) in summary.lines.enumerated() {
      try Terminal.line(line, index == 0 ? .bold : .plain)
    }
  }
}

struct EvalReportedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reported",
    abstract: "Prints figures that others have published, with their source.",
    discussion: """
      They are reported, not measured here, and stand beside no figure of this program.

      Examples:
        fathom eval reported
        fathom eval reported --json
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    if json {
      return try Terminal.line(JSON.array(ReportedFigure.all.map(\.json)).text())
    }
    try Terminal.line("Reported, not measured here", .bold)
    for figure in ReportedFigure.all {
      let value =
        figure.unit == .percent
        ? "\(figure.value.rounded(places: 1)) %" : "\(Int(figure.value))"
      try Terminal.line("\(figure.benchmark)  \(value)  \(figure.model)  (\(figure.source))")
    }
  }
}

struct EvalPredictionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictions",
    abstract:
      "Turns a run of swe-bench into predictions for its harness, or counts a predictions file.",
    discussion: """
      Nothing is run: whether a patch resolves its instance only SWE-bench's own harness can tell.

      Examples:
        fathom eval predictions run.jsonl -o predictions.jsonl
        fathom eval predictions predictions.jsonl
      """)

  @Argument(help: "File of a run, or of predictions.")
  var path: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("File of predictions to write.", valueName: "file"))
  var output: String?

  func run() throws {
    let predictions: [SWEBenchPrediction]
    if let output {
      predictions = try RunFile.run(path).predictions
      let lines = predictions.map { $0.json.text() + "\n" }.joined()
      try AtomicFile.write(Array(lines.utf8), to: output)
    } else {
      predictions = try SWEBenchPrediction.read(path)
    }
    try Terminal.line(
      "\(predictions.count) instances, \(predictions.count { $0.patch.isEmpty }) without a patch")
  }
}
