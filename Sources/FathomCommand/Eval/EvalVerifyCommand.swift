import ArgumentParser
import Fathom

/// A task's graders are wrong.
struct VerificationFailed: Error {}

struct EvalVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a task's graders: reference answers must pass, empty ones must fail.",
    discussion: """
      Exit status 1 if a grader is wrong.

      Examples:
        fathom eval verify --task words
        fathom eval verify --import gsm8k test.jsonl
      """)

  @OptionGroup var asked: TaskArguments

  private static let mostFindings = 20

  func run() throws {
    let task = try asked.read()
    let verification = try Interrupts.handled {
      try Waiting.forResult { await TaskVerification(task) { Task.isCancelled } }
    }
    if Interrupts.isRaised { throw Interrupted() }
    let unknown = verification.withoutReference
    try Terminal.line(
      "\(task.name): \(verification.problems) problems, \(verification.findings.count) with a wrong grader"
        + (unknown == 0 ? "" : ", \(unknown) without a reference answer"), .bold)
    for (problem, finding) in verification.findings.prefix(Self.mostFindings) {
      try Terminal.line("\(problem): \(finding)")
    }
    if !verification.isGood { throw VerificationFailed() }
  }
}
