import FathomCore
import FathomMapping

/// Makes graders from what a task file says, one for each row.
package final class GraderReader {
  /// As the task file writes it.
  let specification: JSON
  private let place: String
  /// One for each command, shared by all problems.
  private var services: [String: CommandGrader.Service] = [:]
  package private(set) var runsPrograms = false

  /// - Parameter specification: an object with a `type`; its texts can have fields of a row, such as `{{answer}}`.
  package init(_ specification: JSON, at place: String) {
    self.specification = specification
    self.place = place
  }

  /// What grades the answers to a row, and the answer that it is graded by, where there is one.
  package func check(for row: JSONObject, prompt: String) throws -> (
    check: EvaluationProblem.Check, reference: String?
  ) {
    let filled: JSON
    do {
      filled = try Template.fill(specification, from: row)
    } catch let error as InputError {
      throw error.inside(place)
    }
    var fields = try ObjectReader(filled, at: place)
    if fields.value("type")?.stringValue == "choice" {
      let grader = try choice(&fields)
      try fields.finish()
      return (.choice(grader), nil)
    }
    let (grader, reference) = try grader(filled, specification, place, row, prompt)
    return (.answer(grader), reference)
  }

  private func choice(_ fields: inout ObjectReader) throws -> ChoiceGrader {
    guard let choices = try fields.texts("choices"), choices.count > 1 else {
      throw fields.error("choices", expected: "a list of at least two strings")
    }
    let place = fields.value("answer").flatMap { answer in
      answer.intValue ?? answer.stringValue.flatMap { choices.firstIndex(of: $0) }
    }
    guard let place, choices.indices.contains(place) else {
      throw fields.error("answer", expected: "one of the choices, or its place from 0")
    }
    return ChoiceGrader(
      choices: choices, correct: place,
      normalizesLength: try fields.flag("normalize_length") ?? false)
  }

  private static let types = [
    "exact", "math", "choice", "mapping", "command", "program", "think_format", "tag_count",
    "language", "repetition", "length", "patch", "weighted",
  ]

  /// - Parameter raw: the same as the task file writes it: what runs is read from there, so that no row can change it.
  private func grader(
    _ json: JSON, _ raw: JSON, _ place: String, _ row: JSONObject, _ prompt: String
  ) throws -> (any Grader, reference: String?) {
    var fields = try ObjectReader(json, at: place)
    let type = try fields.requiredText("type")
    let made: (any Grader, reference: String?)
    switch type {
    case "exact":
      let answers =
        try fields.value("answer").flatMap(\.arrayValue) == nil
        ? [fields.requiredAnswer("answer")] : fields.texts("answer") ?? []
      made = (
        ExactGrader(
          answers, ignoresCase: try fields.flag("ignore_case") ?? false,
          findsAnswer: try fields.flag("find_answer") ?? false), answers.first
      )
    case "math":
      let answer = try fields.requiredAnswer("answer")
      made = (
        MathGrader(answer, tolerance: try fields.number("tolerance", 0...1) ?? MathGrader.rounding),
        answer
      )
    case "mapping": made = (MappingTestGrader(try mappingTests(&fields)), nil)
    case "command": made = (try command(&fields, raw, row, prompt), nil)
    case "program": made = (try program(&fields, raw), nil)
    case "think_format":
      made = (
        ThinkFormatGrader(needsAnswerTags: try fields.flag("answer_tags") ?? false), nil
      )
    case "tag_count":
      made = (try fields.texts("tags").map { TagCountGrader($0) } ?? TagCountGrader(), nil)
    case "language": made = (try language(&fields), nil)
    case "repetition":
      made = (
        RepetitionGrader(
          words: try fields.integer("words", 1...100) ?? 3,
          threshold: try fields.number("threshold", 0...1) ?? 0.8), nil
      )
    case "length":
      let limit = try fields.integer("limit", 1...Int(Int32.max)) ?? 1024
      made = (
        LengthGrader(
          free: try fields.integer("free", 0...(limit - 1)) ?? limit / 2, limit: limit), nil
      )
    case "patch": made = (PatchGrader(), nil)
    case "weighted": made = try weighted(&fields, raw, row, prompt)
    default:
      throw fields.error("type", expected: "one of \(Self.types.joined(separator: ", "))")
    }
    try fields.finish()
    return made
  }

  private func mappingTests(_ fields: inout ObjectReader) throws -> [MappingExample] {
    let tests = fields.value("tests")?.arrayValue?.map { test -> MappingExample? in
      guard let input = test["input"], let output = test["output"] else { return nil }
      return MappingExample(input: input, output: output)
    }
    guard let tests, !tests.isEmpty, !tests.contains(where: { $0 == nil }) else {
      throw fields.error("tests", expected: "a list of objects with \"input\" and \"output\"")
    }
    return tests.compactMap(\.self)
  }

  private func command(
    _ fields: inout ObjectReader, _ raw: JSON, _ row: JSONObject, _ prompt: String
  ) throws -> any Grader {
    runsPrograms = true
    _ = fields.value("command")
    let seconds = try fields.number("timeout_seconds", 0.01...86_400) ?? 10
    let processes = try fields.integer("processes", 1...256) ?? 2
    var raw = try ObjectReader(raw, at: fields.place)
    guard let command = try raw.texts("command") else {
      throw fields.error("command", expected: "a list of strings: the program and its arguments")
    }
    let key = "\(seconds) \(processes) \(command)"
    let service =
      services[key]
      ?? CommandGrader.Service(command, timeoutSeconds: seconds, processes: processes)
    services[key] = service
    return CommandGrader(service, prompt: prompt, row: .object(row))
  }

  private func program(_ fields: inout ObjectReader, _ raw: JSON) throws -> any Grader {
    runsPrograms = true
    _ = fields.value("command")
    var raw = try ObjectReader(raw, at: fields.place)
    return ProgramGrader(
      command: try raw.texts("command") ?? ["python3", "-"],
      before: try fields.text("before") ?? "", after: try fields.requiredText("after"),
      timeoutSeconds: try fields.number("timeout_seconds", 0.01...86_400) ?? 10)
  }

  private func language(_ fields: inout ObjectReader) throws -> any Grader {
    let name = try fields.requiredText("language")
    guard
      let script = LanguageGrader.Script(language: name) ?? LanguageGrader.Script(rawValue: name)
    else {
      let scripts = LanguageGrader.Script.allCases.map(\.rawValue).joined(separator: ", ")
      throw fields.error("language", expected: "a code such as en or zh, or one of \(scripts)")
    }
    return LanguageGrader(script, threshold: try fields.number("threshold", 0...1) ?? 0.9)
  }

  private func weighted(
    _ fields: inout ObjectReader, _ raw: JSON, _ row: JSONObject, _ prompt: String
  ) throws -> (any Grader, reference: String?) {
    guard let list = fields.value("parts")?.arrayValue, !list.isEmpty, list.count <= 32,
      let rawList = raw["parts"]?.arrayValue, rawList.count == list.count
    else { throw fields.error("parts", expected: "a list of 1 to 32 objects") }
    var reference: String?
    let parts = try zip(list, rawList).enumerated().map { number, pair in
      let place = "\(fields.place), \"parts[\(number)]\""
      var part = try ObjectReader(pair.0, at: place)
      let weight = try part.number("weight", 1e-6...1e6) ?? 1
      let inner = part.value("grader") ?? .null
      try part.finish()
      guard inner["type"]?.stringValue != "weighted" else {
        throw InputError(
          "\(place), \"grader\"", expected: "a grader without parts", found: "weighted")
      }
      let (grader, own) = try grader(
        inner, pair.1["grader"] ?? .null, "\(place), \"grader\"", row, prompt)
      reference = reference ?? own
      return WeightedGrader.Part(grader, weight: weight)
    }
    return (WeightedGrader(parts), reference)
  }
}
