import FathomCore
import FathomText
import Foundation
import Testing

@testable import FathomEvaluation

/// Files for a test, gone with it.
final class TestFolder: Sendable {
  let path = FileManager.default.temporaryDirectory
    .appending(path: "fathom-eval-\(UUID().uuidString)").path

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    return "\(path)/\(name)"
  }
}

@Suite struct TaskTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func task(_ text: String, data: String? = nil, limit: Int? = nil) throws -> EvaluationTask
  {
    if let data { try folder.write("data.jsonl", data) }
    return try EvaluationTask(path: try folder.write("task.json", text), limit: limit)
  }

  private func verify(_ task: EvaluationTask) async -> TaskVerification {
    await TaskVerification(task)
  }

  @Test func `a task file says how rows become problems`() async throws {
    let task = try task(
      """
      {"name": "sums", "data": "data.jsonl", "id": "sum-{{key}}",
       "messages": [{"role": "system", "content": "Add."}, {"role": "user", "content": "{{a}} + {{ b }}?"}],
       "grader": {"type": "math", "answer": "{{sum}}"},
       "sampling": {"n": 4, "temperature": 0.5, "top_p": 0.9, "max_tokens": 64, "seed": 3, "stop": ["x"]},
       "metrics": ["pass@1", "maj@4"]}
      """,
      data: #"{"key": "k", "a": 1, "b": "2", "sum": 3}"# + "\n\n"
        + #"{"key": 5, "a": [1], "b": {"x": 2}, "sum": "1/2"}"#)
    #expect(task.name == "sums" && task.problems.map(\.id) == ["sum-k", "sum-5"])
    #expect(
      task.problems[0].prompt == .messages([.system("Add."), .user("1 + 2?")]))
    #expect(task.problems[1].prompt == .messages([.system("Add."), .user(#"[1] + {"x":2}?"#)]))
    #expect(task.metrics == [.passAt(1), .majorityAt(4)] && !task.runsPrograms)
    let sampling = try EvaluationSampling(task.sampling)
    #expect(sampling.n == 4 && sampling.topP == 0.9 && sampling.stop == ["x"])
    let verification = await verify(task)
    #expect(verification.isGood && verification.withoutReference == 0)
    #expect(try EvaluationTask(path: folder.path + "/task.json", limit: 1).problems.count == 1)
  }

  @Test func `the hash changes with everything that is asked`() throws {
    func hash(_ grader: String, _ row: String, prompt: String = "{{q}}") throws -> String {
      try task(#"{"prompt": "\#(prompt)", "grader": \#(grader), "problems": [\#(row)]}"#).hash
    }
    let (grader, row) = (#"{"type": "exact", "answer": "{{a}}"}"#, #"{"q": "x", "a": "y"}"#)
    let first = try hash(grader, row)
    #expect(try hash(grader, row) == first && first.count == 16)
    #expect(try hash(#"{"type": "math", "answer": "{{a}}"}"#, row) != first)
    #expect(try hash(grader, #"{"q": "x", "a": "z"}"#) != first)
    #expect(try hash(grader, row, prompt: "{{q}}?") != first)
  }

  @Test func `every grader can be named`() async throws {
    let graders: [(json: String, reference: String?)] = [
      (#"{"type": "exact", "answer": ["a", "b"], "ignore_case": true, "find_answer": true}"#, "B"),
      (#"{"type": "math", "answer": 2, "tolerance": 0.1}"#, "2.1"),
      (#"{"type": "choice", "choices": ["a", "b"], "answer": "b", "normalize_length": true}"#, nil),
      (#"{"type": "choice", "choices": "{{c}}", "answer": 1}"#, nil),
      (
        #"{"type": "mapping", "tests": [{"input": {"x": 1}, "output": {"y": 1}}]}"#, "y = x"
      ),
      (#"{"type": "command", "command": ["/bin/sh", "-c", "cat"], "timeout_seconds": 1}"#, nil),
      (#"{"type": "program", "command": ["/bin/sh"], "after": "exit $?"}"#, "true"),
      (#"{"type": "think_format"}"#, "<think>a</think>b"),
      (#"{"type": "tag_count", "tags": ["<a>"]}"#, "<a>"),
      (#"{"type": "language", "language": "zh", "threshold": 0.5}"#, "我们"),
      (#"{"type": "repetition", "words": 2}"#, "a b c"), (#"{"type": "length", "limit": 9}"#, nil),
      (#"{"type": "patch"}"#, "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y"),
      (
        #"{"type": "weighted", "parts": [{"grader": {"type": "math", "answer": "4"}}, "#
          + #"{"weight": 2, "grader": {"type": "think_format"}}]}"#, "4"
      ),
    ]
    for (json, reference) in graders {
      let task = try task(
        #"{"prompt": "p", "grader": \#(json), "problems": [{"c": ["x", "y"]}]}"#)
      #expect(task.runsPrograms == (json.contains("command") || json.contains("program")))
      guard case .answer(let grader) = task.problems[0].check, let reference else { continue }
      let verdict = await grader.grade(Completion(parsing: reference))
      #expect(verdict.passed, "\(json) \(verdict)")
    }
  }

  /// A row is data: it can't say what is started.
  @Test func `no row changes a command`() throws {
    let task = try task(
      #"{"prompt": "p", "grader": {"type": "command", "command": ["{{c}}"]}, "problems": [{"c": "rm"}]}"#
    )
    guard case .answer(let grader) = task.problems[0].check else { return }
    let service = Mirror(reflecting: grader).descendant("service") as? CommandGrader.Service
    #expect(service?.command == ["{{c}}"])
  }

  @Test(arguments: [
    ("[]", "an object"), ("{", "byte 1"), ("{}", "\"prompt\""),
    (#"{"prompt": "p"}"#, "\"grader\""), (#"{"prompt": "p", "text": "t"}"#, "one of"),
    (#"{"prompt": "p", "grader": {"type": "x"}, "problems": [{}]}"#, "one of exact"),
    (#"{"prompt": "p", "grader": {"type": "math"}, "problems": [{}]}"#, "\"answer\""),
    (
      #"{"prompt": "p", "grader": {"type": "math", "answer": "{{z}}"}, "problems": [{"a": 1}]}"#,
      "{{z}}"
    ),
    (#"{"prompt": "{{q}}", "grader": {"type": "patch"}, "problems": [{"a": 1}]}"#, "problems[0]"),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "problems": []}"#, "problems"),
    (#"{"prompt": "p", "grader": {"type": "patch"}}"#, "neither"),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "data": "no.jsonl"}"#, "no.jsonl"),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "problems": [{"id": 1}, {"id": 1}]}"#, "twice"),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "problems": [7]}"#, "an object"),
    (#"{"prompt": "p", "grader": {"type": "patch", "x": 1}, "problems": [{}]}"#, "\"x\""),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "problems": [{}], "extra": 1}"#, "\"extra\""),
    (#"{"prompt": "p", "grader": {"type": "patch"}, "problems": [{}], "metrics": ["f1"]}"#, "f1"),
    (
      #"{"prompt": "p", "grader": {"type": "patch"}, "problems": [{}], "sampling": {"n": 0}}"#,
      "\"n\""
    ),
    (
      #"{"prompt": "p", "grader": {"type": "length", "free": 9, "limit": 9}, "problems": [{}]}"#,
      "\"free\""
    ),
    (
      #"{"prompt": "p", "grader": {"type": "choice", "choices": ["a", "b"], "answer": 2}, "problems": [{}]}"#,
      "one of the choices"
    ),
    (#"{"prompt": "p", "grader": {"type": "command"}, "problems": [{}]}"#, "\"command\""),
    (
      #"{"prompt": "p", "grader": {"type": "weighted", "parts": [{"grader": {"type": "weighted"}}]}, "problems": [{}]}"#,
      "without parts"
    ),
    (#"{"messages": "hello", "grader": {"type": "patch"}, "problems": [{}]}"#, "messages"),
  ])
  func `a wrong task file is an error that says where`(text: String, words: String) {
    let error = #expect(throws: InputError.self) { try task(text) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func `sampling has ranges`() {
    for change: @Sendable (inout SamplingWishes) -> Void in [
      { $0.n = 0 }, { $0.n = 2 }, { $0.temperature = -1 }, { $0.temperature = .nan },
      { $0.topP = 0 }, { $0.topP = 1.1 }, { $0.maxTokens = 0 }, { $0.seed = .max },
    ] {
      var wishes = SamplingWishes()
      change(&wishes)
      #expect(throws: InputError.self) { try EvaluationSampling(wishes) }
    }
  }

  @Test(arguments: EvaluationTask.families)
  func `families pass their own verification`(name: String) async throws {
    let task = try EvaluationTask(family: name, limit: 8, seed: 3)
    let verification = await verify(task)
    #expect(verification.isGood, "\(verification.findings)")
    #expect(verification.problems == 8 && verification.withoutReference == 0)
  }

  @Test func `verification finds graders that are wrong`() async throws {
    let task = try task(
      """
      {"prompt": "p", "id": "{{id}}", "reference": "{{r}}", "grader": {"type": "exact", "answer": "{{a}}"},
       "problems": [{"id": "good", "a": "x", "r": "x"}, {"id": "wrong", "a": "x", "r": "y"},
                    {"id": "empty", "a": "", "r": ""}]}
      """)
    let verification = await verify(task)
    #expect(verification.findings.map(\.problem) == ["wrong", "empty"] && !verification.isGood)
  }

  // MARK: Benchmarks

  @Test func `gsm8k is read`() async throws {
    let path = try folder.write(
      "gsm.jsonl",
      #"{"question": "A has 2 and gets 3000. How many?", "answer": "2+3000=3002\n#### 3,002"}"#)
    let task = try EvaluationTask(.gsm8k, path: path)
    #expect(await verify(task).isGood && !task.runsPrograms)
    guard case .answer(let grader) = task.problems[0].check else { return }
    #expect(await grader.grade(Completion("So \\boxed{3002}")).passed)
    #expect(await !grader.grade(Completion("So \\boxed{3}")).passed)
    let bad = try folder.write("bad.jsonl", #"{"question": "q", "answer": "3"}"#)
    let error = #expect(throws: InputError.self) { try EvaluationTask(.gsm8k, path: bad) }
    #expect(error?.description.contains("bad.jsonl, line 1") == true)
  }

  @Test func `competitions are read as they come`() async throws {
    let aime = try folder.write(
      "aime.jsonl",
      #"{"ID": "2099-I-1", "Problem": "p", "Solution": "s", "Answer": 73}"# + "\n"
        + #"{"id": 2, "problem": "p", "answer": "025"}"#)
    let task = try EvaluationTask(.aime, path: aime)
    #expect(task.problems.map(\.id) == ["2099-I-1", "2"])
    #expect(await verify(task).isGood)
    let arena = try folder.write(
      "arena.jsonl",
      #"{"problem_idx": 1, "problem": "p", "answer": "\\frac{1}{2}", "problem_type": ["Algebra"]}"#)
    #expect(await verify(try EvaluationTask(.matharena, path: arena)).isGood)
    for answer in ["1000", "-1", "x", "1.5"] {
      let bad = try folder.write("bad.jsonl", #"{"problem": "p", "answer": "\#(answer)"}"#)
      #expect(throws: InputError.self) { try EvaluationTask(.aime, path: bad) }
    }
  }

  @Test func `humaneval runs what a model wrote`() async throws {
    let row = JSONObject([
      "task_id": .string("Ours/0"),
      "prompt": .string("def twice(x):\n    \"\"\"Twice x.\"\"\"\n"),
      "entry_point": .string("twice"), "canonical_solution": .string("    return 2 * x\n"),
      "test": .string("def check(f):\n    assert f(2) == 4\n    assert f(0) == 0\n"),
    ])
    let path = try folder.write("he.jsonl", JSON.object(row).text())
    let task = try EvaluationTask(.humaneval, path: path)
    #expect(task.runsPrograms && task.problems[0].id == "Ours/0")
    let verification = await verify(task)
    #expect(verification.isGood, "\(verification.findings)")
    guard case .answer(let grader) = task.problems[0].check else { return }
    let whole = "Here:\n```python\ndef twice(x):\n    return x + x\n```\n"
    #expect(await grader.grade(Completion(whole)).passed)
    let wrong = await grader.grade(Completion("    return x\n"))
    #expect(!wrong.passed && wrong.detail.contains("AssertionError"))
  }

  @Test func `predictions for SWE-bench are written and read`() async throws {
    let patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    #expect(SWEBenchPrediction.patch(in: "Sure.\n```diff\n\(patch)```\nDone.") == patch)
    #expect(
      SWEBenchPrediction.patch(in: "--- a\n+++ b\n@@ -1 +1 @@\n+c\n\n")
        == "--- a\n+++ b\n@@ -1 +1 @@\n+c\n")
    for none in ["", "no patch", "--- a", "diff --git a b\n", "--- a\n+++ b\n", "@@ -1 +1 @@"] {
      #expect(SWEBenchPrediction.patch(in: none).isEmpty)
    }
    let file = try folder.write(
      "swe.jsonl",
      #"{"instance_id": "a__b-1", "problem_statement": "It breaks.", "repo": "a/b"}"# + "\n"
        + #"{"instance_id": "a__b-2", "problem_statement": "x", "text": "whole"}"#)
    let task = try EvaluationTask(.sweBench, path: file)
    #expect(task.problems.map(\.id) == ["a__b-1", "a__b-2"])
    #expect(task.problems[1].prompt == .messages([.user("whole")]))

    let prediction = SWEBenchPrediction(instanceID: "a__b-1", model: "m", patch: patch)
    let keys = prediction.json.objectValue?.members.map(\.key)
    #expect(keys == ["instance_id", "model_name_or_path", "model_patch"])
    let lines =
      prediction.json.text() + "\n"
      + #"{"instance_id": "c", "model_name_or_path": "m", "model_patch": null, "x": 1}"# + "\n"
    let read = try SWEBenchPrediction.read(try folder.write("preds.jsonl", lines))
    #expect(read[0] == prediction && read[1].patch.isEmpty && read.count == 2)
    #expect(throws: InputError.self) {
      try SWEBenchPrediction.read(try folder.write("twice.jsonl", lines + lines))
    }
  }
}
