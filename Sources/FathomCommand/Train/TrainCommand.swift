import ArgumentParser

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains models: from scratch, or on top of a checkpoint.",
    discussion: """
      A run is a YAML file in axolotl's words. It prints what it does, keeps metrics.jsonl, TensorBoard events and a \
      picture of the loss in its folder, and saves checkpoints in the official layout. Ctrl-C saves and exits with \
      130; --resume goes on as if nothing had happened, also after a crash.

      Examples:
        fathom train pretrain --preset quick
        fathom train plan -c run.yaml -o max_steps=500
        fathom train tune -c tune.yaml --resume
        fathom train eval --model runs/quick/step_1500 --family words --n 1000
        fathom train watch runs/quick
        fathom train report runs/reinforce -o report.html
        fathom train sample --family countdown --n 3
      """,
    subcommands: [
      TrainPlanCommand.self, TrainPretrainCommand.self, TrainTuneCommand.self,
      TrainReinforceCommand.self, TrainDistillCommand.self, TrainRejectCommand.self,
      TrainWatchCommand.self, TrainReportCommand.self, TrainEvalCommand.self,
      TrainSampleCommand.self,
      TrainExportCommand.self,
    ])
}
