import ArgumentParser
import Fathom

struct TrainWatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Draws a run's curves in the terminal while it goes on.",
    discussion: """
      Reads the run's metrics.jsonl, whichever command writes it, here or on a disk that both machines see: reward, pass \
      rate, held-out problems, entropy, length, divergence, clipping, flat groups, loss, as far as the run has them; step, \
      time and what is left of it. Ends with the run; Ctrl-C ends it before and touches nothing. Where the output is no \
      terminal it prints the present state once, as with --once.

      Examples:
        fathom train watch runs/reinforce
        fathom train watch runs/quick --once
        fathom train watch runs/quick --json
      """)

  @Argument(
    help: ArgumentHelp("The run's folder: output_dir of its file.", valueName: "run"))
  var path: String

  @Flag(help: "Print the present state and end.")
  var once = false

  @Flag(help: "Print the latest values and a summary of the curves as JSON, and end.")
  var json = false

  /// How often the folder is looked at.
  private static let seconds = 0.5

  func run() throws {
    var folder = try RunFolder(path)
    guard json || once || !Terminal.isOutput else {
      return try Interrupts.handled { try follow(&folder) }
    }
    guard !folder.history.isEmpty else {
      throw InputError(folder.metricsPath, expected: "the row of a step", found: "none yet")
    }
    if json { return try Terminal.line(folder.json.text()) }
    for line in lines(folder, Terminal.size) { try Terminal.line(line.text, line.style) }
  }

  private func follow(_ folder: inout RunFolder) throws {
    var screen = Terminal.Redrawn()
    while true {
      // The last line of a terminal is where the cursor goes.
      var size = Terminal.size
      size.rows -= 1
      try screen.show(lines(folder, size))
      if folder.record?.ending != nil { return }
      Interrupts.pause(seconds: Self.seconds)
      if Interrupts.isRaised { throw Interrupted() }
      try folder.refresh()
    }
  }

  private func lines(_ folder: RunFolder, _ size: Terminal.Size) -> [(
    text: String, style: Terminal.Style
  )] {
    guard !folder.history.isEmpty else { return [("waiting for \(folder.metricsPath)", .dim)] }
    return RunScreen(folder, columns: size.columns, rows: size.rows).lines().map {
      ($0.text, $0.isHeading ? .bold : .plain)
    }
  }
}
