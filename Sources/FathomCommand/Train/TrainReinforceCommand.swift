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
    let (threads, resumes) = (try file.threadCount(), resume)
    try RunDriver(configuration.run, threads: threads, resumes: resumes).run { hooks in
      try ReinforcementRun(
        configuration, threads: threads, instructionSet: try .chosen(), resumes: resumes,
        hooks: hooks)
    }
  }
}
