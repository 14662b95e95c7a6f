import ArgumentParser
import Fathom

struct TrainDistillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill",
    abstract: "Brings a student nearer to a teacher, token by token, on the student's own answers.",
    discussion: """
      A step lets the student answer questions, asks the teacher for its probabilities of every token at each place of \
      the answers, and lessens the divergence of the student's from them (reverse KL). The student is base_model, a \
      checkpoint, or model, a fresh network that takes over the teacher's tokenizer; teacher_model needs the same \
      vocabulary. Other words are those of any run and of TRL's GKDConfig: lmbda, temperature, \
      generation_batch_size, max_completion_length; docs/reinforcement.md lists them.

      To learn from a model with another vocabulary, or from one behind a server, keep its right answers with fathom \
      train reject and train on them.

      The run's folder keeps metrics.jsonl, samples.jsonl with the answers nearest to the teacher and farthest from it, \
      TensorBoard events and a picture of the curves. Ctrl-C saves and exits with 130; --resume goes on as if nothing had \
      happened, also after a crash.

      Examples:
        fathom train pretrain --preset pico
        fathom train distill --preset distill
        fathom train distill -c distill.yaml -o teacher_model=runs/reinforce/step_200
        fathom train distill -c distill.yaml --resume
      """)

  @OptionGroup var file: RunFileArguments

  @Flag(help: "Go on behind the last checkpoint of the run's folder.")
  var resume = false

  func run() throws {
    let configuration = try file.distillation()
    let (threads, resumes) = (try file.threadCount(), resume)
    try RunDriver(configuration.run, threads: threads, resumes: resumes).run { hooks in
      try DistillationRun(
        configuration, threads: threads, instructionSet: try .chosen(), resumes: resumes,
        hooks: hooks)
    }
  }
}
