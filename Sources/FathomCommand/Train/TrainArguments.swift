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

  /// What the file says, with the folder that a base model's name means.
  func configuration() throws -> RunConfiguration {
    var configuration = try read()
    configuration.baseModel = try configuration.baseModel.map(ModelOption.located)
    return configuration
  }

  private func read() throws -> RunConfiguration {
    switch (file, preset) {
    case (let file?, nil): return try RunConfiguration(path: file, overrides: overrides)
    case (nil, let preset?):
      return try RunConfiguration(
        yaml: try Presets.yaml(preset), file: "preset \(preset)", overrides: overrides)
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
