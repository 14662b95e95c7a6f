import ArgumentParser
import Fathom
import Foundation

extension ActivationPrecision: ExpressibleByArgument {}
extension CacheType: ExpressibleByArgument {}
extension Drafting: ExpressibleByArgument {}
extension AttentionForm: ExpressibleByArgument {}

struct ModelOption: ParsableArguments {
  static let variable = "FATHOM_MODEL"

  @Option(
    name: [.customShort("m"), .customLong("model")],
    help: ArgumentHelp(
      "Folder of a checkpoint, a GGUF file, built-in or built-in-base. (default: $\(variable); chat, run, serve, eval and train reject take built-in without it)",
      valueName: "model"))
  var path: String?

  static var fromEnvironment: String? { ProcessInfo.processInfo.environment[variable] }

  /// Where the named model is.
  ///
  /// - Throws: `InputError` if no model was named or nothing is there.
  func required() throws -> String {
    guard let path = path ?? Self.fromEnvironment else {
      throw InputError(
        "option --model",
        expected:
          "a checkpoint folder, a GGUF file, built-in or built-in-base, here or in \(Self.variable)",
        found: "none")
    }
    return try Self.located(path)
  }

  /// Where the named model is, or the built-in one if none was named.
  ///
  /// - Throws: `InputError` if nothing is there.
  func orBuiltIn() throws -> String {
    if path != nil || Self.fromEnvironment != nil { return try required() }
    do {
      return try BuiltInModel.folder()
    } catch let error as InputError {
      // Nobody asked for it by name, so another model is the first thing to say.
      throw InputError(
        "option --model",
        expected: "a checkpoint folder or a GGUF file, here or in \(Self.variable)",
        found: "none, and \(error.finding)")
    }
  }

  /// The path that a name means.
  ///
  /// - Throws: `InputError` if nothing is there.
  static func located(_ path: String) throws -> String {
    if let folder = try BuiltInModel.folder(named: path) { return folder }
    let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
    let expanded = path.hasPrefix("~/") ? home + path.dropFirst() : path
    guard path.isEmpty || FileManager.default.fileExists(atPath: expanded) else {
      let isHubName = path.split(separator: "/").count == 2 && !path.hasPrefix("/")
      throw InputError(
        "model \(InputError.excerpt(path, limit: 200))",
        expected: "a checkpoint folder or a GGUF file"
          + (isHubName ? " that was downloaded before" : ""),
        found: "nothing there")
    }
    return expanded
  }
}

extension Checkpoint {
  /// Its name as people know it.
  var title: String { BuiltInModel.name(of: folder) ?? name }
}

struct FormatArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Chat format; fathom render --help lists them. (default: the checkpoint's own)",
      valueName: "name"))
  var format: String?

  @Option(help: "Switch reasoning on or off where the format has the choice.")
  var thinking: Switch?
}

enum Switch: String, ExpressibleByArgument, CaseIterable {
  case on, off
  var isOn: Bool { self == .on }
}

struct RuntimeArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Threads that compute. (default: one for each core)", valueName: "n"))
  var threads: Int?

  @Option(help: "Precision at which activations enter products.")
  var activations = ActivationPrecision.auto

  @Option(help: "How cached values are stored.")
  var cacheType = CacheType.bf16

  @Option(help: "Form of latent attention; both agree up to rounding.")
  var attention = AttentionForm.absorbed

  @Option(
    name: .customLong("context"), parsing: .unconditional,
    help: ArgumentHelp(
      "Most tokens of prompt and answer together. (default: the model's)", valueName: "tokens"))
  var contextLimit: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Prompt tokens read in one step; does not change results.", valueName: "tokens"))
  var prefillChunk = 512

  /// - Parameter model: whose size says how many threads pay, where nothing else does.
  func options(for model: LanguageModel? = nil) -> RuntimeOptions {
    var options = model?.suggestedRuntime ?? RuntimeOptions()
    if let threads { options.threads = threads }
    options.activations = activations
    options.cacheType = cacheType
    options.attention = attention
    options.contextLimit = contextLimit
    options.prefillChunk = prefillChunk
    return options
  }
}

struct SamplingArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Most tokens of an answer. (default: the checkpoint's, or until the context is full)",
      valueName: "n"))
  var maxTokens: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "0 picks the likeliest token. (default: the checkpoint's, or 1)", valueName: "t"))
  var temperature: Double?

  @Option(
    name: .customLong("top-k"), parsing: .unconditional,
    help: ArgumentHelp(
      "Keep the k likeliest tokens; 0 keeps all. (default: the checkpoint's, or 0)",
      valueName: "k"))
  var topK: Int?

  @Option(
    name: .customLong("top-p"), parsing: .unconditional,
    help: ArgumentHelp(
      "Keep the likeliest tokens of this probability in all. (default: the checkpoint's, or 1)",
      valueName: "p"))
  var topP: Double?

  @Option(
    name: .customLong("min-p"), parsing: .unconditional,
    help: ArgumentHelp(
      "Drop tokens below this fraction of the likeliest. (default: the checkpoint's, or 0)",
      valueName: "p"))
  var minP: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Divide logits of tokens seen before. (default: the checkpoint's, or 1)", valueName: "x"))
  var repetitionPenalty: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Subtract once from the logits of generated tokens. (default: 0)", valueName: "x"))
  var presencePenalty: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Subtract for each time a token was generated. (default: 0)", valueName: "x"))
  var frequencyPenalty: Double?

  @Option(
    name: .customLong("logit-bias"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Add to the logit of a token; repeatable.", valueName: "id=value"))
  var logitBias: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same seed gives the same text. (default: a new one)", valueName: "n"))
  var seed: UInt64?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Text that ends the answer; repeatable.", valueName: "text"))
  var stop: [String] = []

  @Option(
    help:
      "Draft tokens with the model's MTP module; changes speed only. auto stops if it doesn't pay.")
  var draft = Drafting.auto

  @Flag(name: .customLong("ignore-eos"), help: "Go on after the tokens that end an answer.")
  var ignoreEos = false

  func options(for model: LanguageModel) throws -> GenerationOptions {
    var options = model.suggestedOptions
    if let maxTokens {
      guard maxTokens >= 1 else {
        throw InputError("option --max-tokens", expected: "at least 1", found: "\(maxTokens)")
      }
      options.maxTokens = maxTokens
    }
    if let temperature { options.sampling.temperature = temperature }
    if let topK { options.sampling.topK = topK }
    if let topP { options.sampling.topP = topP }
    if let minP { options.sampling.minP = minP }
    if let repetitionPenalty { options.sampling.repetitionPenalty = repetitionPenalty }
    if let presencePenalty { options.sampling.presencePenalty = presencePenalty }
    if let frequencyPenalty { options.sampling.frequencyPenalty = frequencyPenalty }
    for bias in logitBias {
      let parts = bias.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let token = Int32(parts[0]), let value = Double(parts[1]),
        token >= 0, Int(token) < model.model.shape.vocabSize
      else {
        throw InputError(
          "option --logit-bias",
          expected: "ID=VALUE with an id below \(model.model.shape.vocabSize)",
          found: InputError.excerpt(bias))
      }
      options.sampling.logitBias[token] = value
    }
    if let seed {
      // Programs read the seed back from JSON, whose whole numbers end here.
      guard seed <= UInt64(Int.max) else {
        throw InputError("option --seed", expected: "at most \(Int.max)", found: "\(seed)")
      }
      options.sampling.seed = seed
    }
    options.stopStrings = stop
    options.drafting = draft
    if ignoreEos { options.stopTokens = [] }
    try options.sampling.validate()
    return options
  }
}

/// `1,2,3`
struct TokenList: ExpressibleByArgument {
  let tokens: [Int32]

  init?(argument: String) {
    var tokens: [Int32] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let token = Int32(part.trimmingCharacters(in: .whitespaces)) else { return nil }
      tokens.append(token)
    }
    self.tokens = tokens
  }
}
