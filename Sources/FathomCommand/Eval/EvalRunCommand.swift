import ArgumentParser
import Fathom
import Foundation

struct EvalRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Has a model answer a task (the default).",
    usage: "fathom eval [--model <model>] (--task <task> | --import <name> <path>) [<options>]")

  @OptionGroup var model: ModelOption
  @OptionGroup var weights: PlacementArguments
  @OptionGroup var asked: TaskArguments

  @OptionGroup var server: ServerArguments

  @Option(
    name: .customLong("n"), parsing: .unconditional,
    help: ArgumentHelp("Answers to each problem. (default: the task's, or 1)", valueName: "n"))
  var samples: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "0 picks the likeliest token. (default: the task's, or 0)", valueName: "t"))
  var temperature: Double?

  @Option(
    name: .customLong("top-p"), parsing: .unconditional,
    help: ArgumentHelp(
      "Keep the likeliest tokens of this probability in all. (default: the task's, or 1)",
      valueName: "p"))
  var topP: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Most tokens of an answer. (default: the task's, or 2048)", valueName: "n"))
  var maxTokens: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Samples under way at a time; changes no answer.", valueName: "n"))
  var parallel = 8

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File of the run; goes on with it if it is there.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp("Memory for cached rows of all samples. (default: 2GiB)", valueName: "size"))
  var cacheMemory: ByteSize?

  @OptionGroup var chat: FormatArguments
  @OptionGroup var runtime: RuntimeArguments

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard (1...1024).contains(parallel) else {
      throw InputError("option --parallel", expected: "1 to 1024", found: "\(parallel)")
    }
    let task = try asked.read()
    var wishes = SamplingWishes()
    wishes.n = samples
    wishes.temperature = temperature
    wishes.topP = topP
    wishes.maxTokens = maxTokens
    wishes.seed = asked.seed
    let sampling = try EvaluationSampling(wishes.over(task.sampling))
    let model = try evaluated()
    let header = RunHeader(
      version: FathomCommand.configuration.version, model: model, task: task, sampling: sampling)
    let file = try output.map { try RunFile(path: $0, header: header) }
    let evaluator = Evaluator(task: task, sampling: sampling, model: model, parallel: parallel)
    let records = try answer(evaluator, file)
    let summary = try RunSummary(
      EvaluationRun(header: header, records: records), metrics: task.metrics)
    if json { return try Terminal.line(summary.json.text()) }
    for (index, line) in summary.lines.enumerated() {
      try Terminal.line(line, index == 0 ? .bold : .plain)
    }
  }

  private func answer(_ evaluator: Evaluator, _ file: RunFile?) throws -> [SampleRecord] {
    defer { Terminal.clearStatus() }
    do {
      return try Interrupts.handled {
        try Waiting.forResult {
          try await evaluator.run(
            continuing: file?.records ?? [],
            progress: { progress in
              Terminal.status(
                "\(progress.done) of \(progress.total) samples, \(progress.passed) right")
            }, write: { try file?.append($0) })
        }
      }
    } catch is CancellationError {
      Terminal.clearStatus()
      if let file { Terminal.note("\(file.path) is saved; the same command goes on with it") }
      throw Interrupted()
    }
  }

  private func evaluated() throws -> any EvaluatedModel {
    if let served = try server.model(named: model.path) { return served }
    return try engineModel()
  }

  private func engineModel() throws -> EngineModel {
    let language = try weights.open(try model.orBuiltIn(), format: chat.format)
    var options = Engine.Options(runtime: runtime.options(for: language))
    options.parallel = parallel
    if let cacheMemory { options.cacheBytes = cacheMemory.bytes }
    return EngineModel(
      try Engine(language, options: options), name: language.model.checkpoint.title,
      thinking: chat.thinking?.isOn)
  }
}
