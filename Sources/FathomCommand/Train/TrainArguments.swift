import ArgumentParser
import Fathom

/// Which run, and what of its file is different this time.
struct RunFileArguments: ParsableArguments {
  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp("The run's YAML file.", valueName: "file"))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "A configuration that ships with the program: \(Presets.names.joined(separator: ", ")).",
      valueName: "name"))
  var preset: String?

  @Option(
    name: [.customShort("o"), .customLong("option")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A key of the file and its value for this run; repeatable.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(
    name: [.customShort("t"), .customLong("threads")], parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  /// What the file says, with the folders that names of models mean.
  func configuration() throws -> RunConfiguration {
    var configuration = try read(
      file: { try RunConfiguration(path: $0, overrides: overrides) },
      preset: { try RunConfiguration(yaml: $0, file: $1, overrides: overrides) })
    try Self.locate(&configuration)
    return configuration
  }

  /// The same for a run of reinforcement learning.
  func reinforcement() throws -> ReinforcementConfiguration {
    var configuration = try read(
      file: { try ReinforcementConfiguration(path: $0, overrides: overrides) },
      preset: { try ReinforcementConfiguration(yaml: $0, file: $1, overrides: overrides) })
    try Self.locate(&configuration.run)
    return configuration
  }

  /// The same for a run of distillation.
  func distillation() throws -> DistillationConfiguration {
    var configuration = try read(
      file: { try DistillationConfiguration(path: $0, overrides: overrides) },
      preset: { try DistillationConfiguration(yaml: $0, file: $1, overrides: overrides) })
    try Self.locate(&configuration.run)
    configuration.teacher = try ModelOption.located(configuration.teacher)
    return configuration
  }

  private static func locate(_ run: inout RunConfiguration) throws {
    run.baseModel = try run.baseModel.map(ModelOption.located)
    run.tokenizer = try run.tokenizer.map(ModelOption.located)
  }

  private func read<Configuration>(
    file fromFile: (String) throws -> Configuration,
    preset fromText: (_ yaml: String, _ name: String) throws -> Configuration
  ) throws -> Configuration {
    switch (file, preset) {
    case (let file?, nil): return try fromFile(file)
    case (nil, let preset?): return try fromText(try Presets.yaml(preset), "preset \(preset)")
    default:
      throw InputError(
        "options --config and --preset", expected: "one of the two",
        found: file == nil ? "none" : "both")
    }
  }

  func threadCount() throws -> Int {
    var options = RuntimeOptions()
    options.threads = threads
    return try options.compute().pool.threads
  }
}
