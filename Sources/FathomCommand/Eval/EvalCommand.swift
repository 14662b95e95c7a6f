import ArgumentParser

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Evaluates models: tasks with graders, many samples at once, runs that resume.",
    discussion: """
      A task is a family of this project's problems, a task file of your own, or a benchmark whose file you have: \
      docs/evaluation.md. With -o each sample is on disk as soon as it is graded; the same command goes on where a run \
      ended, also after a crash or Ctrl-C.

      Examples:
        fathom eval --task words --limit 200
        fathom eval --task countdown --n 8 --temperature 1 -o run.jsonl
        fathom eval --model DIR --task my-task.json -o a.jsonl
        fathom eval --url http://127.0.0.1:8080/v1 --task my-task.json -o b.jsonl
        fathom eval --model DIR --import gsm8k test.jsonl --limit 100 --json
        fathom eval compare a.jsonl b.jsonl
        fathom eval verify --task my-task.json
      """,
    subcommands: [
      EvalRunCommand.self, EvalCompareCommand.self, EvalReportCommand.self,
      EvalVerifyCommand.self, EvalReportedCommand.self, EvalPredictionsCommand.self,
    ], defaultSubcommand: EvalRunCommand.self)
}
