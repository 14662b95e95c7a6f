import ArgumentParser
import Fathom

struct TrainReinforceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reinforce",
    abstract: "Rewards a checkpoint for right answers: group relative policy optimisation.",
    discussion: """
      A step lets the model answer questions several times each, with the engine that serves, has every answer verified, \
      and makes the better ones of each group likelier. The file has the words of any run and those of TRL's GRPOConfig: \
      num_generations, generation_batch_size, max_completion_length, temperature, beta, epsilon, loss_type, \
      scale_rewards and others; docs/reinforcement.md lists them.

      The run's folder keeps metrics.jsonl, samples.jsonl with the best and the worst answer of each rollout, TensorBoard \
      events and a picture of the curves. Ctrl-C saves and exits with 130; --resume goes on as if nothing had happened, \
      also after a crash.

      Examples:
        fathom train reinforce --preset reinforce
        fathom train reinforce -c grpo.yaml -o max_steps=100 -o learning_rate=2e-5
        fathom train reinforce -c grpo.yaml --resume
      """)

  @OptionGroup var file: RunFileArguments

  @Flag(help: "Go on behind the last checkpoint of the run's folder.")
  var resume = false

  func run() throws {
    let configuration = try file.reinforcement()
    let threads = try file.threadCount()
    let resumes = resume
    let driver = RunDriver(configuration.run, threads: threads, resumes: resumes)
    try driver.refuseOverwriting()
    let (outcome, step) = try Interrupts.handled {
      try Asynchronous.wait {
        let run = try ReinforcementRun(
          configuration, threads: threads, instructionSet: try .chosen(), resumes: resumes,
          hooks: driver.hooks)
        if let step = run.resumedStep { Terminal.note("goes on behind step \(step)") }
        let outcome = try await run.run()
        return (outcome, run.step)
      }
    }
    switch outcome {
    case .finished:
      try Terminal.line("\(configuration.run.outputDir)/step_\(step)")
    case .interrupted:
      Terminal.note("saved at step \(step); the same command with --resume goes on from there")
      throw Interrupted()
    case .collapsed:
      throw InputError(
        configuration.run.outputDir, expected: "a reward that does not fall again and again",
        found: "a run that went back three times; its best checkpoint is kept")
    }
  }
}
