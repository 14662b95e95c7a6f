import ArgumentParser
import Fathom

/// What is asked.
struct TaskArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A family of problems, or a task file. Families: "
        + EvaluationTask.families.joined(separator: ", ") + ".",
      valueName: "task"))
  var task: String?

  @Option(
    name: .customLong("import"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "A benchmark and its JSONL file: "
        + BenchmarkFile.allCases.map(\.rawValue).joined(separator: ", ") + ".",
      valueName: "name path"))
  var imported: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only the first problems. (default: 1000 of a family, all of a file)", valueName: "n"))
  var limit: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Which problems of a family, and which samples. (default: the task's, or 1)",
      valueName: "n"))
  var seed: UInt64?

  @Flag(
    help:
      "Let graders start programs: a task's own command, or what a model wrote. They may do what you may; nothing confines them."
  )
  var allowPrograms = false

  /// - Throws: `InputError` for what is wrong with the task, and for programs that nobody allowed.
  func read() throws -> EvaluationTask {
    if let limit, limit < 1 {
      throw InputError("option --limit", expected: "at least 1", found: "\(limit)")
    }
    let task = try named()
    guard allowPrograms || !task.runsPrograms else {
      throw InputError(
        "task \(InputError.excerpt(task.name))",
        expected: "--allow-programs, as its grader starts programs that may do whatever you may",
        found: "no such flag")
    }
    return task
  }

  private func named() throws -> EvaluationTask {
    switch (task, imported.isEmpty) {
    case (let name?, true):
      if EvaluationTask.families.contains(name) {
        return try EvaluationTask(family: name, limit: limit ?? 1000, seed: seed ?? 1)
      }
      guard FileBytes.exists(name) else {
        throw InputError(
          "option --task",
          expected: "a task file, or one of \(EvaluationTask.families.joined(separator: ", "))",
          found: InputError.excerpt(name))
      }
      return try EvaluationTask(path: name, limit: limit)
    case (nil, false):
      guard imported.count == 2, let benchmark = BenchmarkFile(rawValue: imported[0]) else {
        let names = BenchmarkFile.allCases.map(\.rawValue).joined(separator: ", ")
        throw InputError(
          "option --import", expected: "one of \(names), and the path of its file",
          found: InputError.excerpt(imported.joined(separator: " ")))
      }
      return try EvaluationTask(benchmark, path: imported[1], limit: limit)
    default:
      throw InputError(
        "arguments", expected: "either --task or --import",
        found: task == nil ? "neither" : "both")
    }
  }
}
