import FathomCore
import FathomText
import Foundation

extension EvaluationTask {
  /// Reads a task file, JSON, and the JSONL file of problems that it names.
  ///
  /// - Parameter limit: problems that are read; `nil` reads all.
  /// - Throws: `InputError` with file, line and key.
  public init(path: String, limit: Int? = nil) throws {
    let json: JSON
    do {
      json = try JSON.parse(try FileBytes.read(path, limit: 64 << 20))
    } catch let error as InputError where error.place != path {
      throw error.inside(path)
    }
    var fields = try ObjectReader(json, at: path)
    let file = URL(filePath: path)
    let name = try fields.text("name") ?? file.deletingPathExtension().lastPathComponent
    let sampling = try fields.value("sampling").map {
      try SamplingWishes($0, at: "\(path), \"sampling\"")
    }
    let metrics = try fields.texts("metrics")?.map { name in
      guard let metric = Metric(name) else {
        throw InputError(
          "\(path), \"metrics\"", expected: "pass@k, maj@k, best@k, score, acc, acc_norm",
          found: InputError.excerpt(name))
      }
      return metric
    }
    var rows = ProblemRows(try RowReader(&fields), limit: limit ?? .max)
    let data = fields.value("data")
    let inline = fields.value("problems")
    try fields.finish()
    switch (data, inline) {
    case (.string(let data)?, nil):
      let folder = file.deletingLastPathComponent()
      let path = data.hasPrefix("/") ? data : folder.appending(path: data).path
      try JSONLines.forEach(in: path) { row, _, number in try rows.add(row, number) }
    case (nil, .array(let list)?):
      for (number, row) in list.enumerated() {
        do {
          try rows.add(row, number)
        } catch let error as InputError {
          throw error.inside("\(path), \"problems[\(number)]\"")
        }
      }
    default:
      throw InputError(
        path, expected: "either \"data\", a JSONL file, or \"problems\", a list",
        found: data == nil && inline == nil
          ? "neither"
          : data == nil || inline == nil
            ? "a value of another kind" : "both")
    }
    try self.init(
      name: name, problems: rows.problems, sampling: sampling ?? SamplingWishes(),
      metrics: metrics ?? [], runsPrograms: rows.reader.runsPrograms)
  }
}

extension SamplingWishes {
  init(_ json: JSON, at place: String) throws {
    var fields = try ObjectReader(json, at: place)
    n = try fields.integer("n", 1...100_000)
    temperature = try fields.number("temperature", 0...100)
    topP = try fields.number("top_p", 0...1)
    maxTokens = try fields.integer("max_tokens", 1...Int(Int32.max))
    seed = try fields.integer("seed", 0...Int.max).map { UInt64($0) }
    stop = try fields.texts("stop")
    try fields.finish()
  }
}

/// What a task file says about how a row becomes a problem.
struct RowReader {
  /// How the prompt is written.
  enum Writing {
    case prompt(String)
    case messages(JSON)
    case text(String)
  }

  private let writing: Writing
  private let grader: GraderReader
  private let reference: String?
  private let id: String?

  var runsPrograms: Bool { grader.runsPrograms }

  init(writing: Writing, grader: JSON, reference: String? = nil, id: String? = nil) {
    self.writing = writing
    self.grader = GraderReader(grader, at: "\"grader\"")
    self.reference = reference
    self.id = id
  }

  fileprivate init(_ fields: inout ObjectReader) throws {
    let (prompt, messages, text) = (
      try fields.text("prompt"), fields.value("messages"), try fields.text("text")
    )
    switch (prompt, messages, text) {
    case (let prompt?, nil, nil): writing = .prompt(prompt)
    case (nil, let messages?, nil): writing = .messages(messages)
    case (nil, nil, let text?): writing = .text(text)
    default:
      throw fields.error("prompt", expected: "one of \"prompt\", \"messages\" and \"text\"")
    }
    guard let specification = fields.value("grader") else {
      throw fields.error("grader", expected: "an object")
    }
    grader = GraderReader(specification, at: "\"grader\"")
    reference = try fields.text("reference")
    id = try fields.text("id")
  }

  /// - Parameter number: of the line or the place, which is the id where nothing else is.
  func problem(_ json: JSON, number: Int) throws -> EvaluationProblem {
    guard let row = json.objectValue else {
      throw InputError("row", expected: "an object", found: json.kind)
    }
    let prompt: EvaluationProblem.Prompt
    switch writing {
    case .prompt(let template):
      prompt = .messages([.user(try Template.fill(template, from: row))])
    case .messages(let template):
      prompt = .messages(try ChatRequest(try Template.fill(template, from: row)).messages)
    case .text(let template): prompt = .text(try Template.fill(template, from: row))
    }
    let asked =
      switch prompt {
      case .messages(let messages): messages.last?.content ?? ""
      case .text(let text): text
      }
    let (check, own) = try grader.check(for: row, prompt: asked)
    let id =
      try self.id.map { try Template.fill($0, from: row) } ?? Self.id(row["id"]) ?? "\(number)"
    return EvaluationProblem(
      id: id, prompt: prompt, check: check,
      reference: try reference.map { try Template.fill($0, from: row) } ?? own,
      source: .array([.string(id), prompt.json, grader.specification, json]))
  }

  private static func id(_ json: JSON?) -> String? {
    switch json {
    case .string(let text): text
    case .integer(let number): "\(number)"
    default: nil
    }
  }
}

/// Problems as their rows come.
struct ProblemRows {
  let reader: RowReader
  private let limit: Int
  private(set) var problems: [EvaluationProblem] = []

  init(_ reader: RowReader, limit: Int) {
    self.reader = reader
    self.limit = limit
  }

  mutating func add(_ row: JSON, _ number: Int) throws {
    guard problems.count < limit else { return }
    problems.append(try reader.problem(row, number: number))
  }
}
