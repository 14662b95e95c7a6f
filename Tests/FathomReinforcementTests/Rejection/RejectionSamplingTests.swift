import FathomCore
import FathomEvaluation
import FathomTasks
import FathomText
import FathomTraining
import Foundation
import GoldenSupport
import Synchronization
import Testing

@testable import FathomReinforcement

@Suite struct RejectionSamplingTests {
  /// Knows all answers, and gives the wrong one to a third of the seeds.
  private final class Oracle: EvaluatedModel {
    let identity = JSON.null
    private let answers: [String: String]
    private let asked = Mutex(0)
    private let most: Int

    /// - Parameter most: answers; behind them it is away.
    init(_ source: ProblemSource, most: Int = .max) {
      var answers: [String: String] = [:]
      var cursor: UInt64 = 0
      for _ in 0..<40 {
        let (problem, next) = source.problem(at: cursor)
        answers[problem.prompt] = problem.answer
        cursor = next
      }
      self.answers = answers
      self.most = most
    }

    func answer(
      _ prompt: EvaluationProblem.Prompt, _ sampling: EvaluationSampling, seed: UInt64
    ) async throws -> ModelAnswer {
      let number = asked.withLock { asked in
        asked += 1
        return asked
      }
      guard number <= most else {
        throw InputError("the server", expected: "an answer", found: "503")
      }
      if seed % 11 == 0 { throw UnanswerableSample(reason: "too long") }
      guard case .messages(let messages) = prompt, let question = messages.last?.content else {
        throw InputError("prompt", expected: "messages", found: "none")
      }
      let right = seed % 3 == 0 ? "nobody knows" : answers[question] ?? ""
      let thought = seed % 2 == 0 ? "easy" : "let me think"
      var completion = Completion(
        parsing: "<think>\n\(thought)\n</think>\n\n\(right)", isFinished: seed % 7 != 0)
      completion.tokens = thought.count
      return ModelAnswer(completion: completion, finishReason: "stop")
    }

    func scores(of _: [String], behind _: EvaluationProblem.Prompt) async throws
      -> [ContinuationScore]
    { [] }
  }

  private static let shares = [ProblemSource.Share(RomanProblems(), weight: 1)]

  private func sampler(
    seed: UInt64 = 3, problems: Int = 12, parallel: Int = 5, most: Int = .max
  ) throws -> RejectionSampling {
    var options = RejectionSampling.Options()
    (options.problems, options.kept, options.parallel) = (problems, 2, parallel)
    var wishes = SamplingWishes()
    (wishes.n, wishes.temperature, wishes.seed) = (4, 1, seed)
    return RejectionSampling(
      Oracle(ProblemSource(Self.shares, seed: seed), most: most), Self.shares,
      try EvaluationSampling(wishes), options)
  }

  private func rows(_ path: String) throws -> [JSON] {
    var rows: [JSON] = []
    try JSONLines.forEach(in: path) { row, _, _ in rows.append(row) }
    return rows
  }

  @Test func `what is kept is right, different and short, whoever answers first`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let tally = try await sampler().write(to: "\(folder)/a.jsonl")
      #expect(tally.problems == 12 && tally.answers <= 48 && tally.answers > 30)
      #expect(tally.verified < tally.answers && tally.duplicates > 0 && tally.unsolved < 12)
      let rows = try rows("\(folder)/a.jsonl")
      #expect(rows.count == tally.written && tally.written > 8)
      let source = ProblemSource(Self.shares, seed: 3)
      var problems: [Problem] = []
      var cursor: UInt64 = 0
      while problems.count < 12 {
        let (problem, next) = source.problem(at: cursor)
        problems.append(problem)
        cursor = next
      }
      var thoughts: [Int: [String]] = [:]
      for row in rows {
        let number = try #require(row["problem"]?.intValue)
        let messages = try #require(row["messages"]?.arrayValue)
        #expect(messages[0]["content"]?.stringValue == problems[number].prompt)
        #expect(problems[number].accepts(messages[1]["content"]?.stringValue ?? ""))
        thoughts[number, default: []].append(messages[1]["reasoning_content"]?.stringValue ?? "")
      }
      let kinds = Set(thoughts.values)
      #expect(kinds.isSubset(of: [["easy"], ["let me think"], ["easy", "let me think"]]))
      #expect(kinds.count == 3)

      _ = try await sampler(parallel: 1).write(to: "\(folder)/b.jsonl")
      #expect(
        FileManager.default.contentsEqual(
          atPath: "\(folder)/a.jsonl", andPath: "\(folder)/b.jsonl"))
    }
  }

  @Test(arguments: [1, 17, 40])
  func `a model that fails loses nothing, and the file is gone on with`(most: Int) async throws {
    try await TemporaryFolder.whileRunning { folder in
      let (path, whole) = ("\(folder)/a.jsonl", "\(folder)/whole.jsonl")
      let tally = try await sampler().write(to: whole)
      let expected = try TemporaryFolder.read(whole)
      await #expect(throws: InputError.self) {
        try await sampler(parallel: 1, most: most).write(to: path)
      }
      let torn = try TemporaryFolder.read(path)
      #expect(expected.starts(with: torn) && torn.isEmpty == (most < 4))
      // Killed in the middle of a line.
      try TemporaryFolder.write(torn + Array(#"{"messages":[{"ro"#.utf8), to: path)

      await #expect(throws: InputError.self) { try await sampler().write(to: path) }
      let resumed = try await sampler().write(to: path, resumes: true)
      #expect(try TemporaryFolder.read(path) == expected)
      #expect(resumed.written == tally.written && resumed.problems == 12)
    }
  }

  @Test func `a file of another run is not gone on with`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let path = "\(folder)/a.jsonl"
      _ = try await sampler().write(to: path)
      let before = try TemporaryFolder.read(path)
      await #expect {
        try await sampler(seed: 4).write(to: path, resumes: true)
      } throws: {
        "\($0)".contains("families and seed")
      }
      #expect(try TemporaryFolder.read(path) == before)
      try TemporaryFolder.write(Array("{\"text\": \"mine\"}\n".utf8), to: path)
      await #expect {
        try await sampler().write(to: path, resumes: true)
      } throws: {
        "\($0)".contains("line 1")
      }
      #expect(try TemporaryFolder.read(path).count == 17)
    }
  }

  @Test func `one that is cancelled tells what it has written`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let path = "\(folder)/a.jsonl"
      let sampler = try sampler(problems: 30, parallel: 1)
      let tally = try await Task {
        try await sampler.write(to: path) { tally in
          if tally.problems == 5 { withUnsafeCurrentTask { $0?.cancel() } }
        }
      }.value
      #expect(tally.problems == 5)
      #expect(try rows(path).count == tally.written && tally.written > 0)
    }
  }

  @Test func `a model is tuned on what is kept, reasoning included`() async throws {
    try await TemporaryFolder.whileRunning { folder in
      let path = "\(folder)/a.jsonl"
      let tally = try await sampler(problems: 4).write(to: path)
      for row in try rows(path) {
        guard case .conversation(let request) = try DataRow(row, as: .chat) else {
          Issue.record("\(row.text())")
          continue
        }
        #expect(request.messages.last?.reasoningContent?.isEmpty == false)
      }
      let configuration = try RunConfiguration(
        yaml: """
          base_model: \(GoldenFamily.path("deepseek_v3_mtp"))
          datasets: [{path: \(path)}]
          sequence_len: 256
          micro_batch_size: 2
          num_epochs: 1
          output_dir: \(folder)/run
          """)
      let run = try TrainingRun(configuration, threads: 1, instructionSet: .chosen())
      #expect(try run.run() == .finished && run.step >= 1 && tally.written > 0)
    }
  }
}
