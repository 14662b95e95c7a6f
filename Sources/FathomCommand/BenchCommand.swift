import ArgumentParser
import Fathom

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures speed, or makes a file to measure with.",
    usage: """
      fathom bench --model <folder> [<options>]
      fathom bench --fabricate <shape> --output <file> [<options>]
      fathom bench --ablate [--output <file>] [<options>]
      """,
    discussion: """
      Measures prefill and decode at depths and batch sizes: medians after a warm-up, beside what the machine's \
      memory and vector units can do, measured in the same minutes. -p and -n count tokens of each of the \
      sequences; tokens per second are those of all together.

      --fabricate writes a GGUF file of random weights, so nothing has to be downloaded:
      \(FabricatedShape.overview)

      --ablate makes networks of one size in memory, from a dense one with full multi-head attention to one with \
      all of DeepSeek's techniques, and shows what each brings to decoding. -o FILE.svg draws it.

      Examples:
        fathom bench --model DIR
        fathom bench --model DIR -p 512 -n 128 -d 0,4096 -t 2 -r 5 -b 1,4
        fathom bench --model DIR -p 0 -n 64 --json
        fathom bench --fabricate v2-lite --format q4_0 -o v2-lite.gguf
        fathom bench --ablate -o techniques.svg
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var weights: PlacementArguments

  @Option(
    name: [.customShort("p"), .customLong("prompt")], parsing: .unconditional,
    help: ArgumentHelp("Tokens of a prefill; 0 measures none.", valueName: "n"))
  var promptTokens = 512

  @Option(
    name: [.customShort("n"), .customLong("new")], parsing: .unconditional,
    help: ArgumentHelp(
      "Tokens of a decode; 0 measures none. (default: 128; with --ablate 32)", valueName: "n"))
  var newTokens: Int?

  @Option(
    name: [.customShort("d"), .customLong("depth")], parsing: .unconditional,
    help: ArgumentHelp(
      "Tokens in the cache before. (default: 0; with --ablate 4096)", valueName: "n,n"))
  var depths: NumberList?

  @Option(
    name: [.customShort("b"), .customLong("batch")], parsing: .unconditional,
    help: ArgumentHelp("Sequences in one step.", valueName: "n,n"))
  var batches = NumberList([1])

  @Option(
    name: [.customShort("r"), .customLong("repetitions")], parsing: .unconditional,
    help: ArgumentHelp("Measurements of each kind.", valueName: "n"))
  var repetitions = 5

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Compute this long before each measurement: virtual machines move busy cores apart, which takes some seconds.",
      valueName: "seconds"))
  var warmUp = 0

  @Option(
    name: [.customShort("t"), .customLong("threads")], parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Option(help: "Precision at which activations enter products.")
  var activations = ActivationPrecision.auto

  @Option(help: "How cached values are stored.")
  var cacheType = CacheType.bf16

  @Flag(help: "Print JSON, an array of one object for each measurement.")
  var json = false

  @Flag(help: "Print CSV.")
  var csv = false

  @Option(
    help: ArgumentHelp("Write a file of random weights in this shape.", valueName: "shape"))
  var fabricate: FabricatedShape?

  @Flag(help: "Show what each of DeepSeek's techniques brings on this machine.")
  var ablate = false

  @Option(help: "How the matrices of a fabricated file are stored.")
  var format = WeightFormat.q4_0

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where a fabricated file or a picture goes.", valueName: "file"))
  var output: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same seed gives the same weights.", valueName: "n"))
  var seed: UInt64 = 1

  func run() throws {
    if let fabricate { return try write(fabricate) }
    guard !json || !csv else {
      throw InputError("arguments", expected: "one of --json and --csv", found: "both")
    }
    if ablate { return try showAblation() }
    try show(measure())
  }

  private var options: RuntimeOptions {
    var options = RuntimeOptions()
    options.threads = threads
    options.activations = activations
    options.cacheType = cacheType
    return options
  }

  private func measure() throws -> BenchReport {
    let plan = BenchPlan(
      promptTokens: promptTokens, newTokens: newTokens ?? 128,
      depths: (depths?.values ?? [0]).sorted(), batches: batches.values, repetitions: repetitions,
      warmUpSeconds: warmUp)
    defer { Terminal.clearStatus() }
    return try Benchmark(
      path: try model.required(), placement: weights.placement, plan: plan, options: options,
      progress: Terminal.status
    ).run()
  }

  private func showAblation() throws {
    guard !csv else {
      throw InputError("arguments", expected: "--json or a table with --ablate", found: "--csv")
    }
    let ablation = Ablation(
      options: options, newTokens: try checked("-n", newTokens ?? 32, 1...65536),
      repetitions: try checked("-r", repetitions, 1...1000),
      depth: try checked("-d", depths?.values.last ?? 4096, 1...65536),
      progress: Terminal.status)
    let report: AblationReport
    do {
      defer { Terminal.clearStatus() }
      report = try ablation.run()
    }
    if let output {
      try AtomicFile.write(Array(AblationChart(report: report).svg.utf8), to: output)
    }
    if json { try Terminal.line(report.json.text()) } else { try report.show() }
  }

  private func checked(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws -> Int {
    guard range.contains(value) else {
      throw InputError(
        "option \(name)", expected: "\(range.lowerBound) to \(range.upperBound)",
        found: "\(value)")
    }
    return value
  }

  private func show(_ report: BenchReport) throws {
    if json {
      try Terminal.line(report.json.text())
    } else if csv {
      for line in report.csv { try Terminal.line(line) }
    } else {
      try report.show()
    }
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
  private var lastTenth = 0
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
    // What takes no time needs no account of it.
    let tenth = done * 10 / max(total, 1)
    guard tenth > lastTenth, seconds > 2 else { return }
    lastTenth = tenth
    Terminal.note(line)
  }
}
