import FathomCore

/// Benchmarks whose files a user has: this project ships none.
public enum BenchmarkFile: String, Sendable, CaseIterable {
  /// `question`, `answer` with the result behind `####`.
  case gsm8k
  /// `task_id`, `prompt`, `entry_point`, `canonical_solution`, `test`.
  case humaneval
  /// `problem`, `answer`: a whole number from 0 to 999.
  case aime
  /// `problem`, `answer`: any mathematical answer.
  case matharena
  /// `instance_id`, `problem_statement`, or `text` where the file has whole prompts. Patches are written, not run.
  case sweBench = "swe-bench"
}

extension EvaluationTask {
  /// Reads a benchmark's JSONL file.
  ///
  /// - Parameter limit: problems that are read; `nil` reads all.
  /// - Throws: `InputError` with file, line and key.
  public init(_ benchmark: BenchmarkFile, path: String, limit: Int? = nil) throws {
    var rows = ProblemRows(benchmark.reader, limit: limit ?? .max)
    try JSONLines.forEach(in: path) { row, _, number in
      try rows.add(try benchmark.row(row), number)
    }
    try self.init(
      name: benchmark.rawValue, problems: rows.problems, runsPrograms: rows.reader.runsPrograms)
  }
}

extension BenchmarkFile {
  private static let boxed =
    "\n\nPlease reason step by step, and put your final answer within \\boxed{}."

  /// How a row of `row(_:)` becomes a problem.
  fileprivate var reader: RowReader {
    switch self {
    case .gsm8k, .aime, .matharena:
      RowReader(
        writing: .prompt("{{problem}}" + Self.boxed),
        grader: .object(JSONObject(["type": .string("math"), "answer": .string("{{answer}}")])))
    case .humaneval:
      RowReader(
        writing: .prompt(
          """
          Complete this Python function. Answer with the whole function in one code block.

          ```python
          {{prompt}}
          ```
          """),
        grader: .object(
          JSONObject([
            "type": .string("program"), "before": .string("{{prompt}}"),
            "after": .string("{{test}}\ncheck({{entry_point}})"),
          ])), reference: "{{canonical_solution}}", id: "{{task_id}}")
    case .sweBench:
      RowReader(
        writing: .prompt("{{text}}"), grader: .object(JSONObject(["type": .string("patch")])),
        id: "{{instance_id}}")
    }
  }

  /// A row in the words that `reader` knows.
  ///
  /// - Throws: `InputError` that names the key.
  fileprivate func row(_ json: JSON) throws -> JSON {
    var fields = try ObjectReader(json, at: "row")
    switch self {
    case .gsm8k:
      let answer = try fields.requiredText("answer")
      guard let mark = answer.ranges(of: "####").last else {
        throw fields.error("answer", expected: "a result behind ####")
      }
      return Self.row(
        problem: try fields.requiredText("question"),
        answer: String(answer[mark.upperBound...]).trimmed, id: Self.id(&fields, ["id"]))
    case .aime, .matharena:
      let answerKey = ["answer", "Answer"].first { fields.value($0) != nil } ?? "answer"
      let answer = try fields.requiredAnswer(answerKey)
      if self == .aime {
        guard let number = Int(answer), (0...999).contains(number) else {
          throw fields.error(answerKey, expected: "a whole number from 0 to 999")
        }
      }
      let problemKey =
        ["problem", "Problem", "question"].first { fields.value($0) != nil } ?? "problem"
      return Self.row(
        problem: try fields.requiredText(problemKey), answer: answer,
        id: Self.id(&fields, ["id", "ID", "problem_idx"]))
    case .humaneval:
      for key in ["task_id", "prompt", "entry_point", "canonical_solution", "test"] {
        _ = try fields.requiredText(key)
      }
      return json
    case .sweBench:
      var row = JSONObject(["instance_id": .string(try fields.requiredText("instance_id"))])
      let whole = try fields.text("text")
      row["text"] = .string(
        try whole
          ?? "\(fields.requiredText("problem_statement"))\n\nAnswer with a patch that resolves this, "
          + "in the unified diff format, in one code block.")
      return .object(row)
    }
  }

  private static func row(problem: String, answer: String, id: JSON?) -> JSON {
    var row = JSONObject(["problem": .string(problem), "answer": .string(answer)])
    row["id"] = id
    return .object(row)
  }

  private static func id(_ fields: inout ObjectReader, _ keys: [String]) -> JSON? {
    keys.compactMap { fields.value($0) }.first
  }
}
