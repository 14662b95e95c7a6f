import ArgumentParser
import Fathom

extension CheckpointFormat: ExpressibleByArgument {}

struct TrainExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a run's last checkpoint as a model to give away.",
    discussion: """
      The averaged weights where the run keeps an average.

      Example:
        fathom train export --preset quick --format fp8 --to my-model
      """)

  @OptionGroup var file: RunFileArguments

  @Option(help: "How the matrices are stored.")
  var format = CheckpointFormat.bf16

  @Option(name: .customLong("to"), help: ArgumentHelp("Folder to write.", valueName: "folder"))
  var folder: String

  func run() throws {
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
