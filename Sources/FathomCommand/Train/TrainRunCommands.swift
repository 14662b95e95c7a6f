import ArgumentParser
import Fathom
import Foundation

struct TrainPretrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain", abstract: "Trains a model from scratch.")

  @OptionGroup var file: RunFileArguments

  @Flag(help: "Go on behind the last checkpoint of the run's folder.")
  var resume = false

  func run() throws {
    let configuration = try file.configuration()
    guard configuration.model != nil else {
      throw InputError(
        "\"model\"",
        expected: "the model to train from scratch; fathom train tune starts from a checkpoint",
        found: "no such key")
    }
    try RunDriver(configuration, threads: try file.threadCount(), resumes: resume).run()
  }
}

struct TrainTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract:
      "Trains a checkpoint further: all of it, low-rank adapters, or the experts that the data uses."
  )

  @OptionGroup var file: RunFileArguments

  @Flag(help: "Go on behind the last checkpoint of the run's folder.")
  var resume = false

  func run() throws {
    let configuration = try file.configuration()
    guard configuration.baseModel != nil else {
      throw InputError(
        "\"base_model\"", expected: "a checkpoint to start from; fathom train pretrain needs none",
        found: "no such key")
    }
    try RunDriver(configuration, threads: try file.threadCount(), resumes: resume).run()
  }
}

/// Runs a configuration on this terminal.
struct RunDriver {
  let configuration: RunConfiguration
  let threads: Int
  let resumes: Bool

  init(_ configuration: RunConfiguration, threads: Int, resumes: Bool) {
    self.configuration = configuration
    self.threads = threads
    self.resumes = resumes
  }

  func run() throws {
    let hooks = hooks
    try refuseOverwriting()
    let run = try TrainingRun(
      configuration, threads: threads, instructionSet: try .chosen(), resumes: resumes,
      hooks: hooks)
    for line in run.summary { Terminal.note(line) }
    if resumes {
      Terminal.note(
        run.resumedStep.map { "goes on behind step \($0)" } ?? "no checkpoint yet: begins anew")
    }
    let outcome = try Interrupts.handled { try run.run() }
    try tell(step: run.step, isInterrupted: outcome == .interrupted)
  }

  /// The same for a run whose model learns from its own answers.
  func run(
    rollouts make: @escaping @Sendable (TrainingRun.Hooks) throws -> any RolloutRun
  ) throws {
    try refuseOverwriting()
    let (outcome, step) = try Interrupts.handled {
      try Asynchronous.wait {
        let run = try make(hooks)
        if let step = run.resumedStep { Terminal.note("goes on behind step \(step)") }
        return (try await run.run(), run.step)
      }
    }
    guard outcome != .collapsed else {
      throw InputError(
        configuration.outputDir, expected: "a reward that does not fall again and again",
        found: "a run that went back three times; its best checkpoint is kept")
    }
    try tell(step: step, isInterrupted: outcome == .interrupted)
  }

  /// Where the weights are, and how to go on.
  private func tell(step: Int, isInterrupted: Bool) throws {
    guard isInterrupted else {
      return try Terminal.line("\(configuration.outputDir)/step_\(step)")
    }
    Terminal.note("saved at step \(step); the same command with --resume goes on from there")
    throw Interrupted()
  }

  /// What the terminal lends a run.
  var hooks: TrainingRun.Hooks {
    var hooks = TrainingRun.Hooks()
    hooks.isTerminal = Terminal.isError
    hooks.show = { Terminal.progress($0) }
    hooks.shouldStop = { Interrupts.isRaised }
    if !configuration.tasks.isEmpty { hooks.evaluate = { folder in try evaluate(folder) } }
    return hooks
  }

  func refuseOverwriting() throws {
    guard !resumes else { return }
    let folder = configuration.outputDir
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard !names.contains(where: { $0.hasPrefix("step_") }) else {
      throw InputError(
        "\"output_dir\", \(folder)", expected: "a folder without checkpoints, or --resume",
        found: "an earlier run")
    }
  }

  /// Held-out problems of each family that a run is scored by while it goes on.
  private static let problems = 100

  private func evaluate(_ folder: String) throws -> [(name: String, value: Double)] {
    let grader = try FamilyGrader(
      model: folder, format: configuration.chatTemplate, threads: threads)
    return try configuration.tasks.map { share in
      let score = try grader.score(
        try Families.named(share.family), n: Self.problems, seed: 7,
        isCancelled: { Interrupts.isRaised })
      return (share.family, score.chosen.rate)
    }
  }
}
