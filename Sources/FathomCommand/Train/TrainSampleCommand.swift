import ArgumentParser
import Fathom

struct TrainSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Prints problems of a family with their checked solutions.",
    discussion: """
      Examples:
        fathom train sample --family words --n 3
        fathom train sample --family mapping --n 2 --seed 7 --json
      """)

  @Option(help: ArgumentHelp("Family of problems.", valueName: "name"))
  var family: String

  @Option(name: .customLong("n"), help: ArgumentHelp("Problems.", valueName: "n"))
  var count = 3

  @Option(help: ArgumentHelp("Which problems.", valueName: "n"))
  var seed: UInt64 = 1

  @Flag(help: "Print JSON, one object a line.")
  var json = false

  func run() throws {
    let family = try Families.named(family)
    for index in 0..<max(0, count) {
      let problem = family.problem(seed: seed, index: UInt64(index))
      if json {
        try Terminal.line(
          JSON.object(
            JSONObject([
              "family": .string(problem.family), "prompt": .string(problem.prompt),
              "reasoning": .string(problem.reasoning), "answer": .string(problem.answer),
              "accepted": .bool(problem.accepts(problem.answer)),
              "held_out": .bool(problem.isHeldOut),
            ])
          ).text())
        continue
      }
      if index > 0 { try Terminal.line("") }
      try Terminal.line(problem.prompt, .bold)
      try Terminal.line(problem.reasoning, .dim)
      try Terminal.line(
        problem.answer + (problem.accepts(problem.answer) ? "" : "  (not accepted)"))
    }
  }
}
