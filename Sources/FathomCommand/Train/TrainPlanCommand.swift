import ArgumentParser
import Fathom

struct TrainPlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Says what a run would take: parameters, memory, time.",
    discussion: """
      Runs a few steps without saving anything, to see how fast this machine is.

      Example:
        fathom train plan --preset built-in
      """)

  @OptionGroup var file: RunFileArguments

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let run = try TrainingRun(
      try file.configuration(), threads: try file.threadCount(), instructionSet: try .chosen())
    let plan = try Interrupts.handled { try run.plan(isCancelled: { Interrupts.isRaised }) }
    if Interrupts.isRaised { throw Interrupted() }
    if json { return try Terminal.line(plan.json.text()) }
    for line in run.summary + plan.lines { try Terminal.line(line) }
  }
}
