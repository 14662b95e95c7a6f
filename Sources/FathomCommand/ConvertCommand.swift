import ArgumentParser
import Fathom
import Foundation

extension ConversionFormat: ExpressibleByArgument {}

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Stores a model in the order in which the kernels read it.",
    usage: "fathom convert <model> <output> --to <format> [<options>]",
    discussion: """
      Reads a checkpoint folder or a GGUF file and writes one file that every command takes as --model. It holds \
      a few megabytes at a time, so a model may be far larger than memory. Ctrl-C keeps what was written; the same \
      command goes on from there.

      Formats:
        q4      4 bits and a scale for each 32 values: 4.5 bits per weight
        q8      8 bits and a scale for each 32 values: 8.5 bits per weight
        fp8     e4m3 and a scale for each 128 × 128 block, as official checkpoints have it
        bf16    bfloat16
        packed  every matrix as it is, Q4_0 and Q8_0 in the order of the kernels

      Embedding, output head, routers, norms and biases keep their precision, whatever the format; --tensor makes \
      exceptions. Weights that are small integers already are never widened.

      Examples:
        fathom convert DeepSeek-V2-Lite-Chat v2-lite.gguf --to q4
        fathom convert DeepSeek-V2-Lite-Chat v2-lite.gguf --to q4 --tensor lm_head.weight=q8
        fathom convert model-Q4_0.gguf packed.gguf --to packed
      """)

  @Argument(
    help: ArgumentHelp(
      "Folder of a checkpoint, a GGUF file, built-in or built-in-base.", valueName: "model"))
  var input: String

  @Argument(help: ArgumentHelp("File to write.", valueName: "output"))
  var output: String

  @Option(name: .customLong("to"), help: "What matrices are stored as.")
  var format: ConversionFormat

  @Option(
    name: .customLong("tensor"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Another format for tensors of this name, * standing for any text; repeatable.",
      valueName: "name=format"))
  var exceptions: [String] = []

  @Option(
    name: [.customShort("t"), .customLong("threads")], parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Flag(help: "Replace the output, and begin anew where an earlier run stopped.")
  var force = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let policy = ConversionPolicy(format, exceptions: try exceptions.map(exception))
    let checkpoint = try Checkpoint.open(BuiltInModel.folder(named: input) ?? input)
    if FileManager.default.fileExists(atPath: output) {
      guard force else {
        throw InputError(
          output, expected: "a name that is free, or --force", found: "a file of that name")
      }
      guard !checkpoint.files.contains(where: { isSame($0.path, output) }) else {
        throw InputError(output, expected: "another file than the model's own", found: "the same")
      }
    }
    if force { GGUFWriter.discard(path: output) }
    var options = RuntimeOptions()
    options.threads = threads
    let compute = try options.compute()
    // Everything that can be wrong with a model is said before the first byte is written.
    _ = try Model(checkpoint)
    let converter = Converter(
      try ConversionPlan(checkpoint, policy), compute, isCancelled: { Interrupts.isRaised })
    let progress = FileProgress(output)
    let start = ContinuousClock.now
    let report: Converter.Report
    do {
      defer { Terminal.clearStatus() }
      report = try Interrupts.handled {
        try converter.write(to: output, progress: progress.show)
      }
    } catch is Converter.Stopped {
      Terminal.note("stopped; the same command goes on from here")
      throw Interrupted()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if json {
      try Terminal.line(Self.json(report, from: checkpoint, seconds: seconds).text())
    } else {
      try show(report, from: checkpoint, seconds: seconds)
    }
  }

  private func isSame(_ a: String, _ b: String) -> Bool {
    URL(fileURLWithPath: a).resolvingSymlinksInPath()
      == URL(fileURLWithPath: b)
      .resolvingSymlinksInPath()
  }

  private func exception(_ text: String) throws -> (pattern: String, format: ConversionFormat) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let format = ConversionFormat(rawValue: String(parts[1])) else {
      throw InputError(
        "option --tensor",
        expected: "NAME=FORMAT with a format of "
          + ConversionFormat.allCases.map(\.rawValue).joined(separator: ", "),
        found: InputError.excerpt(text))
    }
    return (String(parts[0]), format)
  }

  private func show(_ report: Converter.Report, from checkpoint: Checkpoint, seconds: Double) throws
  {
    try Terminal.line(
      "\(output): \(report.bytes.asBytes) in \(report.tensors) tensors, "
        + "from \(checkpoint.totalBytes.asBytes), in \(seconds.significant) s", .bold)
    if report.resumedTensors > 0 {
      try Terminal.line("\(report.resumedTensors) of them were there from an earlier run")
    }
    guard !report.roundings.isEmpty else {
      return try Terminal.line("no weight was rounded")
    }
    let table = TextTable(
      columns: ["rounded to", "matrices", "relative error"],
      rows: report.roundings.map {
        [$0.dtype.rawValue, "\($0.tensors)", ($0.relativeError * 100).significant + " %"]
      })
    for line in table.lines { try Terminal.line(line) }
  }

  private static func json(
    _ report: Converter.Report, from checkpoint: Checkpoint, seconds: Double
  ) -> JSON {
    .object(
      JSONObject([
        "bytes": .integer(report.bytes),
        "tensors": .integer(report.tensors),
        "resumed_tensors": .integer(report.resumedTensors),
        "source_bytes": .integer(checkpoint.totalBytes),
        "seconds": .double(seconds),
        "rounded": .array(
          report.roundings.map {
            .object(
              JSONObject([
                "format": .string($0.dtype.rawValue), "matrices": .integer($0.tensors),
                "relative_error": .double($0.relativeError),
              ]))
          }),
      ]))
  }
}
