import ArgumentParser
import Fathom

struct MapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Finds a program that turns one kind of JSON record into another, from examples.",
    usage: "fathom map --examples <file> [--record <file>] [<options>]",
    discussion: """
      FILE holds pairs, two or three of them: [{"input": {...}, "output": {...}}, ...]. A search tries the simple \
      programs first; where it finds none, a model writes programs, reads what is wrong with them and \
      repairs them. What is printed has been run: it makes the output of every pair. docs/mapping-language.md \
      describes the language.

      Examples:
        fathom map --examples pairs.json
        fathom map --examples pairs.json --record new.json --json
        fathom map --examples pairs.json --only model --samples 16
      """)

  enum Finder: String, ExpressibleByArgument, CaseIterable { case search, model }

  @Option(help: ArgumentHelp("The pairs; - reads standard input.", valueName: "file"))
  var examples: String

  @Option(help: ArgumentHelp("A record that the program is applied to.", valueName: "file"))
  var record: String?

  @Option(
    name: [.customShort("m"), .customLong("model")],
    help: ArgumentHelp("Model that was taught the language.", valueName: "model"))
  var model = BuiltInModel.name

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Most answers of the model, repairs included.", valueName: "k"))
  var samples = 8

  @Option(help: "Leave out the other one.")
  var only: Finder?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same seed gives the same answers.", valueName: "n"))
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard (1...1000).contains(samples) else {
      throw InputError("option --samples", expected: "1 to 1000", found: "\(samples)")
    }
    let pairs = try MappingFiles.examples(examples)
    let input = try record.map(MappingFiles.record)
    let records: FlatRecordSet
    do {
      records = try FlatRecordSet(pairs)
    } catch let error as InputError {
      throw InputError(
        "\(examples), \(error.place)", expected: error.expectation, found: error.finding)
    }
    let start = ContinuousClock.now
    let found = try Interrupts.handled { try find(records) }
    let seconds = (ContinuousClock.now - start).inSeconds
    // Errors of a run should name the lines that are printed.
    let program = try MappingProgram(parsing: found.program.description)
    let output = try input.map { try program.run(on: $0) }
    if json {
      try Terminal.line(found.json(program, seconds: seconds, output: output).text())
      return
    }
    try Terminal.line(
      "// found by \(found.finder); right for \(pairs.count) of \(pairs.count) pairs", .dim)
    if pairs.count == 1 {
      Terminal.note("One pair leaves much open: a second shows what varies.", .dim)
    }
    try Terminal.line(program.description)
    if let output { try Terminal.line("\n" + output.text(.spaced)) }
  }

  private func find(_ records: FlatRecordSet) throws -> FoundMapping {
    var failures: [String] = []
    if only != .model {
      let search = SearchForMapping(records)
      if let program = search.program {
        if search.showsTables {
          Terminal.note(
            "A table holds only the codes that the pairs show; others will be errors.", .dim)
        }
        return FoundMapping(program: program, finder: .search)
      }
      failures.append(search.failure)
    }
    if only != .search {
      do {
        var asker = try ModelForMapping(
          try ModelOption.located(model), records, samples: samples, seed: seed)
        if let found = try asker.find() { return found }
        if Interrupts.isRaised { throw Interrupted() }
        failures.append(asker.failure)
      } catch let error as InputError where only != .model {
        // The search has said something too.
        failures.append("model: \(error)")
      } catch let error as ContextFull where only != .model {
        failures.append("model: \(error)")
      }
    }
    throw NoMapping(failures: failures)
  }
}

/// A program that makes all pairs, and where it came from.
struct FoundMapping {
  enum Finder: CustomStringConvertible {
    case search
    case model(answers: Int, repairs: Int)

    var description: String {
      switch self {
      case .search: "search"
      case .model(1, _): "the model, first answer"
      case .model(let answers, 0): "the model, answer \(answers)"
      case .model(let answers, let repairs):
        "the model, answer \(answers), \(repairs) of them \(repairs == 1 ? "a repair" : "repairs")"
      }
    }
  }

  let program: MappingProgram
  let finder: Finder

  func json(_ program: MappingProgram, seconds: Double, output: JSON?) -> JSON {
    var object = JSONObject(["program": .string(program.description)])
    switch finder {
    case .search:
      object["found_by"] = .string("search")
      object["answers"] = .integer(0)
      object["repairs"] = .integer(0)
    case .model(let answers, let repairs):
      object["found_by"] = .string("model")
      object["answers"] = .integer(answers)
      object["repairs"] = .integer(repairs)
    }
    object["seconds"] = .double(seconds)
    if let output { object["output"] = output }
    return .object(object)
  }
}

/// Neither found a program.
struct NoMapping: Error, CustomStringConvertible {
  let failures: [String]

  var description: String {
    (["no program found that makes all pairs"] + failures.map { "  \($0)" }).joined(separator: "\n")
  }
}
