import FathomCheckpoints
import FathomCore
import FathomTasks
import FathomText

/// The tokenizer and the chat format of a run: those of a folder, or learnt from the run's own problems.
package struct RunText {
  package let tokenizer: Tokenizer
  package let format: ChatFormat
  /// Content of the files that belong beside the weights.
  private let documents: [(name: String, content: [UInt8])]

  /// Problems of each family that a tokenizer is learnt from.
  private static let problemsLearntFrom: UInt64 = 4000

  /// - Parameter checkpoint: the folder that a resumed run goes on from.
  package init(_ configuration: RunConfiguration, tokenizerFrom checkpoint: String? = nil) throws {
    if let folder = checkpoint ?? configuration.tokenizer ?? configuration.baseModel {
      tokenizer = try Tokenizer(folder: try Checkpoint.folder(at: folder))
      let suggestions = try (checkpoint ?? configuration.baseModel).map {
        try Self.files(Self.suggestions, of: $0)
      }
      documents = try Self.files(Self.tokenizerFiles, of: folder) + (suggestions ?? [])
    } else {
      let trained = try Self.learn(configuration)
      tokenizer = trained.tokenizer
      documents = [
        ("tokenizer.json", Array((trained.json.text(.indented) + "\n").utf8)),
        ("tokenizer_config.json", Array((trained.configuration.text(.indented) + "\n").utf8)),
      ]
    }
    format = try Self.format(configuration, tokenizer)
  }

  private static let tokenizerFiles = [
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
  ]
  /// How to draw from the model; no matter of its tokenizer.
  private static let suggestions = ["generation_config.json"]

  /// What a checkpoint has beside its weights for those who talk to it.
  static func everything(
    beside checkpoint: String
  ) throws -> [(name: String, content: [UInt8])] {
    try files(tokenizerFiles + suggestions, of: checkpoint)
  }

  private static func files(
    _ names: [String], of checkpoint: String
  ) throws -> [(name: String, content: [UInt8])] {
    let path = try Checkpoint.folder(at: checkpoint)
    return try names.filter { FileBytes.exists("\(path)/\($0)") }
      .map { (name: $0, content: try FileBytes.read("\(path)/\($0)", limit: 64 << 20)) }
  }

  private static func learn(_ configuration: RunConfiguration) throws -> TrainedTokenizer {
    guard !configuration.tasks.isEmpty else {
      throw InputError(
        "\"tokenizer\"",
        expected: "a folder with tokenizer.json, as there are no tasks to learn from",
        found: "no such key")
    }
    let size = configuration.model?["vocab_size"]?.intValue ?? 2048
    var trainer = try TokenizerTrainer(vocabularySize: size)
    for share in configuration.tasks {
      let family = try Families.named(share.family)
      for index in 0..<problemsLearntFrom {
        let problem = family.problem(seed: configuration.seed, index: index)
        if problem.isHeldOut { continue }
        trainer.add(problem.prompt)
        trainer.add(problem.reasoning)
        trainer.add(problem.answer)
      }
    }
    return try trainer.train()
  }

  private static func format(
    _ configuration: RunConfiguration, _ tokenizer: Tokenizer
  ) throws -> ChatFormat {
    if let name = configuration.chatTemplate { return try ChatFormat.named(name) }
    let modelType =
      try configuration.baseModel.map { try Checkpoint.configuration(at: $0)?.modelType() ?? "" }
      ?? configuration.model?["model_type"]?.stringValue ?? "deepseek_v3"
    return try ChatFormat.detect(
      chatTemplate: tokenizer.chatTemplate, modelType: modelType,
      vocabularyHas: { tokenizer.id(of: $0) != nil })
  }

  /// - Throws: `InputError` where the tokens are more than a model has rows for.
  package func check(fits vocabulary: Int) throws {
    guard tokenizer.vocabularySize <= vocabulary else {
      throw InputError(
        "tokenizer", expected: "at most the model's vocab_size of \(vocabulary) tokens",
        found: "\(tokenizer.vocabularySize)")
    }
  }

  package func files() -> [(name: String, content: [UInt8])] { documents }
}
