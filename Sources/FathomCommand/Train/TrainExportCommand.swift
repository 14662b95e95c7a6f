import ArgumentParser
import Fathom

extension CheckpointFormat: ExpressibleByArgument {}

struct TrainExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a run's last checkpoint, or another one, as a model to give away.",
    discussion: """
      The averaged weights where the run keeps an average. With --model the weights that stand in a checkpoint's folder: of runs of \
      reinforcement learning and distillation, and of checkpoints that are not the last.

      Examples:
        fathom train export --preset quick --format fp8 --to my-model
        fathom train export --model runs/reinforce/step_200 --format fp8 --to my-model
      """)

  @OptionGroup var file: RunFileArguments

  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("A checkpoint instead of a run's last one.", valueName: "folder"))
  var model: String?

  @Option(help: "How the matrices are stored.")
  var format = CheckpointFormat.bf16

  @Option(name: .customLong("to"), help: ArgumentHelp("Folder to write.", valueName: "folder"))
  var folder: String

  func run() throws {
    if let model {
      guard file.file == nil, file.preset == nil, file.overrides.isEmpty, file.threads == nil
      else {
        throw InputError(
          "option --model", expected: "a checkpoint without a run beside it", found: "both")
      }
      try CheckpointExport.write(try ModelOption.located(model), to: folder, format: format)
      try Terminal.line("\(folder): \(model) as \(format.rawValue)")
      return
    }
    let run = try TrainingRun(
      try file.configuration(), threads: try file.threadCount(), instructionSet: try .chosen(),
      resumes: true)
    guard let step = run.resumedStep else {
      throw InputError(
        "\"output_dir\", \(run.configuration.outputDir)", expected: "a checkpoint of the run",
        found: "none")
    }
    try run.export(to: folder, format: format)
    try Terminal.line("\(folder): step \(step) as \(format.rawValue)")
  }
}
