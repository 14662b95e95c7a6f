import ArgumentParser
import Fathom

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures speed, or makes a file to measure with.",
    usage: "fathom bench --fabricate <shape> --format <format> -o <file>",
    discussion: """
      --fabricate writes a GGUF file of random weights, so nothing has to be downloaded:
      \(FabricatedShape.overview)

      Examples:
        fathom bench --fabricate v2-lite --format q4_0 -o v2-lite.gguf
      """)

  @Option(
    help: ArgumentHelp("Write a file of random weights in this shape.", valueName: "shape"))
  var fabricate: FabricatedShape?

  @Option(help: "How the matrices of a fabricated file are stored.")
  var format = WeightFormat.q4_0

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where a fabricated file goes.", valueName: "file"))
  var output: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same seed gives the same weights.", valueName: "n"))
  var seed: UInt64 = 1

  func run() throws {
    if let fabricate { return try write(fabricate) }
  }

  private func write(_ shape: FabricatedShape) throws {
    guard let output else {
      throw InputError("option --output", expected: "a file to write", found: "none")
    }
    let fabrication = Fabrication(shape: shape, format: format, seed: seed)
    let progress = FileProgress(output)
    defer { Terminal.clearStatus() }
    try Interrupts.handled {
      try fabrication.write(
        to: output, progress: progress.show, isCancelled: { Interrupts.isRaised })
    }
  }
}

/// How far a file has come: a line that changes on a terminal, every tenth elsewhere.
final class FileProgress {
  private let name: String
  private let start = ContinuousClock.now
  private var lastTenth = -1
  private var lastShown: ContinuousClock.Instant?

  init(_ name: String) { self.name = name }

  func show(_ done: Int, _ total: Int) {
    let now = ContinuousClock.now
    let seconds = (now - start) / .seconds(1)
    let speed = seconds > 0.1 ? ", \(Int(Double(done) / seconds).asBytes)/s" : ""
    let line = "\(name): \(done.asBytes) of \(total.asBytes)\(speed)"
    guard !Terminal.isError else {
      if let lastShown, now - lastShown < .milliseconds(100), done < total { return }
      lastShown = now
      return Terminal.status(line)
    }
    let tenth = done * 10 / max(total, 1)
    guard tenth > lastTenth else { return }
    lastTenth = tenth
    Terminal.note(line)
  }
}
