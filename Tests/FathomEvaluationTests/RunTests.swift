import FathomCore
import FathomText
import Foundation
import Synchronization
import Testing

@testable import FathomEvaluation

/// Answers by rule, and counts.
final class ScriptedModel: EvaluatedModel {
  let identity: JSON
  let asked = Mutex<[String]>([])
  private let reply: @Sendable (_ prompt: String, _ seed: UInt64) throws -> String

  init(_ name: String = "scripted", _ reply: @escaping @Sendable (String, UInt64) throws -> String)
  {
    identity = .object(JSONObject(["name": .string(name)]))
    self.reply = reply
  }

  func answer(
    _ prompt: EvaluationProblem.Prompt, _ sampling: EvaluationSampling, seed: UInt64
  ) async throws -> ModelAnswer {
    guard case .messages(let messages) = prompt, let text = messages.last?.content else {
      throw CancellationError()
    }
    asked.withLock { $0.append(text) }
    return ModelAnswer(
      completion: Completion(parsing: try reply(text, seed), tokens: 3), finishReason: "stop",
      promptTokens: 5)
  }

  func scores(of continuations: [String], behind prompt: EvaluationProblem.Prompt) async throws
    -> [ContinuationScore]
  {
    continuations.map { ContinuationScore(logLikelihood: -Double($0.utf8.count), tokens: 1) }
  }
}

@Suite struct RunTests {
  private let folder: TestFolder
  private let task: EvaluationTask
  private let sampling: EvaluationSampling

  init() throws {
    folder = try TestFolder()
    let path = try folder.write(
      "task.json",
      """
      {"name": "t", "prompt": "{{q}}", "grader": {"type": "math", "answer": "{{a}}"},
       "problems": [{"id": "a", "q": "1+1", "a": 2}, {"id": "b", "q": "1+2", "a": 3}, {"id": "c", "q": "2+2", "a": 4}]}
      """)
    task = try EvaluationTask(path: path)
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature) = (4, 1)
    sampling = try EvaluationSampling(wishes)
  }

  /// "b" is right half the time, by the seed; "c" never.
  private static let model = ScriptedModel { prompt, seed in
    prompt == "1+1" ? "2" : prompt == "1+2" && seed % 2 == 0 ? "3.0" : "9"
  }

  private func header(_ model: ScriptedModel = model) -> RunHeader {
    RunHeader(version: "1", model: model, task: task, sampling: sampling)
  }

  private func evaluator(_ model: ScriptedModel = model, parallel: Int = 3) -> Evaluator {
    Evaluator(task: task, sampling: sampling, model: model, parallel: parallel)
  }

  private func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test func `samples are the same however many are under way`() async throws {
    let one = try await evaluator(parallel: 1).run()
    let many = try await evaluator(parallel: 16).run()
    #expect(one == many && one.count == 12)
    #expect(Set(one.map(\.seed)).count == 12)
    #expect(one.map(\.key.problem) == ["a", "b", "c"].flatMap { Array(repeating: $0, count: 4) })
  }

  @Test func `a run killed at any byte is continued to the same lines`() async throws {
    let whole = folder.path + "/whole.jsonl"
    let file = try RunFile(path: whole, header: header())
    _ = try await evaluator().run(write: { try file.append($0) })
    let bytes = try FileBytes.read(whole)
    let expected = try lines(whole).sorted()
    #expect(expected.count == 13)
    for cut in stride(from: 0, through: bytes.count, by: 97) {
      let path = folder.path + "/cut-\(cut).jsonl"
      try Data(bytes.prefix(cut)).write(to: URL(filePath: path))
      let model = ScriptedModel { prompt, seed in
        prompt == "1+1" ? "2" : prompt == "1+2" && seed % 2 == 0 ? "3.0" : "9"
      }
      let resumed = try RunFile(path: path, header: header())
      let records = try await evaluator(model).run(
        continuing: resumed.records, write: { try resumed.append($0) })
      #expect(try lines(path).sorted() == expected, "cut at \(cut)")
      #expect(records.count == 12)
      // Complete lines are not asked for again.
      let complete = bytes.prefix(cut).count { $0 == UInt8(ascii: "\n") }
      #expect(model.asked.withLock(\.count) == 12 - max(0, complete - 1))
    }
  }

  @Test func `another run's file is refused by what differs`() throws {
    let path = folder.path + "/run.jsonl"
    do { _ = try RunFile(path: path, header: header()) }
    func refusal(_ header: RunHeader) -> String {
      let error = #expect(throws: InputError.self) { try RunFile(path: path, header: header) }
      return error?.description ?? ""
    }
    #expect(refusal(header(ScriptedModel("other") { _, _ in "" })).contains("header.model.name"))
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature, wishes.topP) = (4, 1, 0.5)
    let sampled = RunHeader(
      version: "1", model: Self.model, task: task, sampling: try EvaluationSampling(wishes))
    #expect(refusal(sampled).contains("header.sampling.top_p: expected \"0.5\""))
    let shorter = RunHeader(
      version: "1", model: Self.model, task: try task.prefix(2), sampling: sampling)
    #expect(refusal(shorter).contains("header.task.hash"))
    let newer = RunHeader(version: "2", model: Self.model, task: task, sampling: sampling)
    #expect(refusal(newer).contains("header.version"))
    _ = try RunFile(path: path, header: header())
  }

  @Test func `damage in the middle of a file is no torn line`() async throws {
    let path = folder.path + "/run.jsonl"
    do {
      let file = try RunFile(path: path, header: header())
      _ = try await evaluator().run(write: { try file.append($0) })
    }
    let good = try lines(path)
    for (line, words) in [
      ("{}", "line 3"), ("not json", "line 3"), (good[1], "each sample once"),
      (good[2].replacing("\"passed\":", with: "\"past\":"), "line 3"),
    ] {
      var bad = good
      bad[2] = line
      try folder.write("bad.jsonl", bad.joined(separator: "\n") + "\n")
      let error = #expect(throws: InputError.self) { try RunFile.run(folder.path + "/bad.jsonl") }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    try folder.write("other.jsonl", "{\"messages\": []}\n")
    #expect(throws: InputError.self) {
      try RunFile(path: folder.path + "/other.jsonl", header: header())
    }
    #expect(throws: InputError.self) { try RunFile.run(try folder.write("empty.jsonl", "")) }
    // Nor is a file of another kind one that was torn in its first line.
    let letter = try folder.write("letter.txt", "Dear reader")
    #expect(throws: InputError.self) { try RunFile(path: letter, header: header()) }
    #expect(try String(contentsOfFile: letter, encoding: .utf8) == "Dear reader")
  }

  @Test func `two cannot write one file`() throws {
    let path = folder.path + "/run.jsonl"
    let file = try RunFile(path: path, header: header())
    let error = #expect(throws: InputError.self) { try RunFile(path: path, header: header()) }
    #expect(error?.description.contains("another process") == true)
    #expect(file.records.isEmpty)
  }

  @Test func `a sample without an answer fails, an error ends the run, a cancelled run stops`()
    async throws
  {
    let records = try await evaluator(
      ScriptedModel { prompt, _ in
        if prompt == "1+2" { throw UnanswerableSample(reason: "too long") }
        return "2"
      }
    ).run()
    #expect(records[4].verdict == .fail("too long") && records[4].finishReason == "error")
    #expect(records[0].verdict.passed && records.count == 12)

    let broken = ScriptedModel { _, _ in throw InputError("x", expected: "y", found: "z") }
    await #expect(throws: InputError.self) { try await evaluator(broken).run() }

    // Cancelled by its own first question, however slow the machine is.
    let running = Mutex<Task<[SampleRecord], any Error>?>(nil)
    let slow = ScriptedModel { _, _ in
      running.withLock { $0?.cancel() }
      return "2"
    }
    let run = running.withLock { held in
      let task = Task { try await evaluator(slow, parallel: 1).run() }
      held = task
      return task
    }
    await #expect(throws: CancellationError.self) { try await run.value }
    #expect(slow.asked.withLock(\.count) < 12)
  }

  private func summary(_ model: ScriptedModel = model, _ metrics: [Metric] = []) async throws
    -> RunSummary
  {
    let records = try await evaluator(model).run()
    return try RunSummary(EvaluationRun(header: header(model), records: records), metrics: metrics)
  }

  @Test func `figures are what the samples say`() async throws {
    let summary = try await summary(Self.model, [.passAt(1), .passAt(2), .majorityAt(4), .score])
    let right = summary.answered[1].correct
    #expect(summary.answered.map(\.correct) == [4, right, 0])
    #expect(abs(summary.values[0].value - (1 + Double(right) / 4) / 3) < 1e-12)
    let pairs = PassAtK.estimate(n: 4, correct: right, k: 2)
    #expect(abs(summary.values[1].value - (1 + pairs) / 3) < 1e-12)
    #expect(summary.values[3].value == summary.values[0].value)
    #expect(summary.tokens == 36 && summary.unfinished == 0 && summary.failed == 0)
    let run = EvaluationRun(header: header(), records: summary.answered.flatMap(\.samples))
    #expect(throws: InputError.self) { _ = try RunSummary(run, metrics: [.passAt(5)]) }
    #expect(throws: InputError.self) { _ = try RunSummary(run, metrics: [.accuracy]) }
    #expect(summary.page.contains("<td>pass@1<td>") && !summary.page.contains("<script"))
  }

  @Test func `problems count once all their samples are there`() async throws {
    let records = try await evaluator().run().filter { $0.key != .init(problem: "a", sample: 2) }
    let summary = try RunSummary(EvaluationRun(header: header(), records: records))
    #expect(summary.answered.map(\.problem) == ["b", "c"])
    #expect(summary.values.map(\.metric) == [.passAt(1), .passAt(4), .majorityAt(4)])
  }

  @Test func `the most frequent answer wins, spellings aside`() async throws {
    let spellings = Mutex(["1/2", "7", "0.5", "7", "0.50", "8"])
    let path = try folder.write(
      "half.json",
      #"{"prompt": "p", "grader": {"type": "math", "answer": "1/2"}, "problems": [{}]}"#)
    let task = try EvaluationTask(path: path)
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature) = (6, 1)
    let sampling = try EvaluationSampling(wishes)
    let model = ScriptedModel { _, _ in spellings.withLock { $0.removeFirst() } }
    let records = try await Evaluator(task: task, sampling: sampling, model: model, parallel: 1)
      .run()
    let header = RunHeader(version: "1", model: model, task: task, sampling: sampling)
    let answered = try RunSummary(EvaluationRun(header: header, records: records)).answered[0]
    #expect(answered.majorityIsRight(6) && answered.majorityIsRight(1))
    // 7 twice against ½ twice: the first of equals.
    #expect(answered.majorityIsRight(4) && answered.correct == 3)
  }

  @Test func `who can check takes the first answer that passes`() async throws {
    let task = try EvaluationTask(family: "countdown", limit: 1, seed: 1)
    let reference = try #require(task.problems[0].reference)
    let answers = Mutex(["1 + 1", reference, "2"])
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature) = (3, 1)
    let sampling = try EvaluationSampling(wishes)
    let model = ScriptedModel { _, _ in answers.withLock { $0.removeFirst() } }
    let records = try await Evaluator(task: task, sampling: sampling, model: model, parallel: 1)
      .run()
    #expect(records.map(\.verdict.isPlausible) == [false, true, false])
    #expect(try records.map { try SampleRecord(JSON.parse($0.json.text())) } == records)
    let run = EvaluationRun(
      header: RunHeader(version: "1", model: model, task: task, sampling: sampling),
      records: records)
    let summary = try RunSummary(run)
    #expect(summary.values.map(\.metric) == [.passAt(1), .passAt(3), .majorityAt(3), .bestOf(3)])
    #expect(summary.values[3].value == 1 && !summary.answered[0].bestIsRight(1))

    // Of sums nobody but the grader can tell.
    let sums = try await self.summary().answered.flatMap(\.samples)
    let error = #expect(throws: InputError.self) {
      _ = try RunSummary(EvaluationRun(header: self.header(), records: sums), metrics: [.bestOf(4)])
    }
    #expect(error?.description.contains("best@4") == true)
  }

  @Test func `runs are compared problem by problem`() async throws {
    let better = ScriptedModel("better") { prompt, _ in
      ["1+1": "2", "1+2": "3"][prompt] ?? "9"
    }
    let worse = ScriptedModel("worse") { prompt, _ in prompt == "1+1" ? "2" : "9" }
    let comparison = try RunComparison(try await summary(better), try await summary(worse))
    #expect(comparison.problems == 3)
    #expect(abs(comparison.difference.mean - 1.0 / 3) < 1e-12)
    #expect(comparison.test == McNemarTest(onlyFirst: 1, onlySecond: 0))
    #expect(comparison.difference.low == 0 && comparison.difference.high == 1)
    // Right some of the time is right once in four samples.
    let sometimes = try RunComparison(try await summary(Self.model), try await summary(worse))
    let many = try #require(sometimes.passAtK)
    #expect(many.k == 4 && many.firstRate == 2.0 / 3 && many.secondRate == 1.0 / 3)
    #expect(abs(many.difference.mean - 1.0 / 3) < 1e-12 && sometimes.difference.mean < 0.3)
    let other = try EvaluationTask(family: "words", limit: 2, seed: 1)
    let header = RunHeader(version: "1", model: worse, task: other, sampling: sampling)
    let error = #expect(throws: InputError.self) {
      _ = try RunComparison(
        try RunSummary(EvaluationRun(header: self.header(), records: [])),
        try RunSummary(EvaluationRun(header: header, records: [])))
    }
    #expect(error?.description.contains("hash") == true)
  }

  @Test func `choices are asked once and keep both judgements`() async throws {
    let path = try folder.write(
      "choice.json",
      #"{"text": "p", "grader": {"type": "choice", "choices": [" a", " bbb"], "answer": 0}, "problems": [{}]}"#
    )
    let task = try EvaluationTask(path: path)
    let model = ScriptedModel { _, _ in "" }
    let records = try await Evaluator(
      task: task, sampling: sampling, model: model, parallel: 2
    ).run()
    #expect(records.count == 1 && records[0].choice?.isRight == true)
    #expect(try SampleRecord(JSON.parse(records[0].json.text())) == records[0])
    let header = RunHeader(version: "1", model: model, task: task, sampling: sampling)
    let summary = try RunSummary(EvaluationRun(header: header, records: records))
    #expect(summary.values.map(\.metric) == [.accuracy, .normalizedAccuracy])
    #expect(summary.values[0].value == 1)
  }
}
