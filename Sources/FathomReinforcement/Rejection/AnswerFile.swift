import FathomCore
import FathomEvaluation
import FathomTasks
import Foundation

/// A JSONL file of verified answers. A problem's rows are on disk before those of the next are written.
final class AnswerFile {
  let path: String
  /// Problems whose rows are settled: those before the last that has any.
  let problems: Int
  /// Rows of these.
  let rows: Int
  /// The question of the problem behind them, whose rows may not be all; nil where no row is there.
  let prompt: String?
  private let file: FileHandle
  /// Where the settled rows end.
  private let end: Int

  /// Makes the file, or goes on with it.
  ///
  /// - Throws: `InputError` for a file that has something in it and is not to be gone on with, one of another kind, and one that somebody
  ///   else is writing.
  init(path: String, resumes: Bool) throws {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw InputError(
        path, expected: "a file that can be written", found: String(cString: strerror(errno)))
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw InputError(
        path, expected: "a file that nobody else writes", found: "another process")
    }
    let bytes = try FileBytes.read(path, limit: .max)
    guard resumes || bytes.isEmpty else {
      throw InputError(
        path, expected: "no such file, or --resume to go on with it", found: "\(bytes.count) bytes")
    }
    let old = try Self.read(bytes, path)
    problems = old.last?.problem ?? 0
    let settled = old.prefix { [problems] in $0.problem < problems }
    rows = settled.count
    prompt = old.last?.prompt
    end = old.isEmpty ? 0 : old[settled.count].start
  }

  private struct Row {
    let problem: Int
    let prompt: String
    let start: Int
  }

  /// The complete lines of a file.
  private static func read(_ bytes: [UInt8], _ path: String) throws -> [Row] {
    var rows: [Row] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let json: JSON
      do {
        json = try JSON.parse(bytes[start..<end])
      } catch let error as InputError {
        throw error.inside("\(path), line \(rows.count + 1)")
      }
      let question = json["messages"]?.arrayValue?.first?["content"]?.stringValue
      guard let problem = json["problem"]?.intValue, problem >= rows.last?.problem ?? 0,
        let question
      else {
        throw InputError(
          "\(path), line \(rows.count + 1)", expected: "a row that fathom train reject wrote",
          found: InputError.excerpt(json.text()))
      }
      rows.append(Row(problem: problem, prompt: question, start: start))
      start = end + 1
    }
    return rows
  }

  /// Drops what stands behind the settled rows. Once, before any are added.
  func begin() throws {
    try writing {
      try file.truncate(atOffset: UInt64(end))
      try file.seekToEnd()
    }
  }

  /// Adds a problem's rows. They are on disk when this returns.
  func append(_ rows: [JSON]) throws {
    guard !rows.isEmpty else { return }
    let text = rows.map { $0.text() + "\n" }.joined()
    try writing {
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
    }
  }

  private func writing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      throw InputError(
        path, expected: "a file that can be written", found: error.localizedDescription)
    }
  }

  /// A conversation of question and answer, with its reasoning where there was any.
  static func row(_ completion: Completion, to problem: Problem, number: Int) -> JSON {
    var answer = JSONObject(["role": .string("assistant")])
    if let reasoning = completion.reasoning {
      answer["reasoning_content"] = .string(
        reasoning.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    answer["content"] = .string(completion.answer.trimmingCharacters(in: .whitespacesAndNewlines))
    let question = JSONObject([
      "role": .string("user"), "content": .string(problem.prompt),
    ])
    return .object(
      JSONObject([
        "messages": .array([.object(question), .object(answer)]),
        "family": .string(problem.family), "problem": .integer(number),
      ]))
  }
}
