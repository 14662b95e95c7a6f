import Fathom

/// The enumerative search over the examples: one operator, then also `first` or `last` with a letter case behind it,
/// and at last tables of just what the examples show.
struct SearchForMapping {
  /// A program that makes all examples.
  let program: MappingProgram?
  /// Which outputs it has nothing for.
  let failure: String

  /// Whether the program has a table that holds no more than the examples show.
  let showsTables: Bool

  private static let rules = MappingSearch.Operators.all.subtracting(.shownTables)
  private static let stages: [MappingSearch.Operators] = [
    rules, rules.union(.endsThenCase), [.all, .endsThenCase],
  ]

  init(_ records: FlatRecordSet) {
    var found: (program: MappingProgram, stage: Int)?
    for (stage, operators) in Self.stages.enumerated() where found == nil {
      if let program = MappingSearch.program(for: records, operators: operators),
        program.reproduces(records.examples)
      {
        found = (program, stage)
      }
    }
    program = found?.program
    showsTables = found?.stage == Self.stages.count - 1
    let search = MappingSearch(records, operators: Self.stages[Self.stages.count - 1])
    let open = records.outputs.filter { search.expressions(for: $0.values).isEmpty }
    failure =
      open.isEmpty
      ? "search: the values can be made one by one, not together"
      : "search: nothing simple makes " + open.map(\.path.description).joined(separator: ", ")
  }
}

/// A model that reads the examples as rows and writes programs in labels.
///
/// The first answer is greedy, the others are sampled. A program that reads but makes wrong values goes back to the
/// model once, with what is wrong with it; that is an answer as well.
struct ModelForMapping {
  private let conversation: Conversation
  private let records: FlatRecordSet
  private let samples: Int
  private let seed: UInt64
  private let temperature = 0.7

  private var answers = 0
  private var repairs = 0
  private var best: (wrong: Int, text: String)?

  /// - Throws: `InputError` for a model that can't be opened, and for more values than it has labels for.
  init(_ path: String, _ records: FlatRecordSet, samples: Int, seed: UInt64) throws {
    for (side, rows) in [("input", records.inputs), ("output", records.outputs)] {
      guard rows.count <= 9 else {
        throw InputError(
          "examples", expected: "at most 9 \(side) values, which is what models are taught",
          found: "\(rows.count)")
      }
    }
    let model = try LanguageModel(path: path, placement: .mapped)
    conversation = try Conversation(model, runtime: model.suggestedRuntime, drafts: false)
    self.records = records
    self.samples = samples
    self.seed = seed
  }

  /// What came of the answers, if none was right.
  var failure: String {
    let counted = "model: \(answers) answers, \(repairs) of them repairs"
    return best.map { "\(counted); the best one: \($0.text)" } ?? "\(counted); none was a program"
  }

  /// The first program that makes all examples.
  mutating func find() throws -> FoundMapping? {
    defer { Terminal.clearStatus() }
    while answers < samples, !Interrupts.isRaised {
      let first = try ask(LabelLetters.encode(records.prompt))
      if let program = accepted(first) { return found(program) }
      guard let wrong = first, answers < samples, !Interrupts.isRaised else { continue }
      let second: MappingProgram?
      do {
        second = try ask(LabelLetters.encode(records.repairPrompt(for: wrong)))
      } catch is ContextFull {
        continue
      }
      repairs += 1
      if let program = accepted(second) { return found(program) }
    }
    return nil
  }

  private func found(_ program: MappingProgram) -> FoundMapping {
    FoundMapping(program: program, finder: .model(answers: answers, repairs: repairs))
  }

  /// A program in labels; nil for an answer that is none.
  private mutating func ask(_ prompt: String) throws -> MappingProgram? {
    Terminal.status("answer \(answers + 1) of at most \(samples)")
    var options = conversation.model.suggestedOptions
    options.sampling.temperature = answers == 0 ? 0 : temperature
    options.sampling.seed = seed &+ UInt64(answers)
    options.maxTokens = 512
    options.drafting = .off
    let answer = try conversation.respond(
      to: ChatRequest(messages: [.user(prompt)]), options: options,
      rendering: RenderOptions(thinking: true), isCancelled: { Interrupts.isRaised })
    answers += 1
    let text = answer.message.content ?? ""
    return try? MappingProgram(parsing: LabelLetters.decode(Self.trimmed(text)))
  }

  /// The program in paths if it makes all examples; otherwise it is remembered if it is the best so far.
  private mutating func accepted(_ labels: MappingProgram?) -> MappingProgram? {
    guard let labels, !labels.statements.isEmpty else { return nil }
    let examples = records.examples
    do {
      let program = try records.program(from: labels)
      if program.reproduces(examples) { return program }
      let wrong = examples.flatMap { program.differences(from: $0.output, on: $0.input) }
      if wrong.count < best?.wrong ?? .max {
        best = (wrong.count, wrong.prefix(3).map(\.description).joined(separator: "; "))
      }
    } catch {
      if best == nil { best = (.max, "\(error)") }
    }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
