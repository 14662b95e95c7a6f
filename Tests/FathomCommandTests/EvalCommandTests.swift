import FathomCore
import Foundation
import GoldenSupport
import Testing

/// The golden checkpoint has random weights: it answers nothing right, but it answers the same each time.
@Suite struct EvalCommandTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "eval-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func file(_ name: String, _ text: String? = nil) throws -> String {
    let url = folder.appending(path: name)
    try text?.write(to: url, atomically: true, encoding: .utf8)
    return url.path
  }

  private let words = [
    "eval", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--task", "words", "--limit", "3",
    "--max-tokens", "6",
  ]

  @Test func `a run's figures have the agreed keys, and a torn run is continued`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try file("run.jsonl")
    let arguments = words + ["--n", "2", "--temperature", "1", "-o", path, "--json"]
    let first = try fathom(arguments)
    #expect(first.status == 0 && first.error.isEmpty, "\(first)")
    #expect(
      try first.json().keys == [
        "task", "task_hash", "model", "sampling", "problems", "answered", "samples", "metrics",
        "unfinished", "failed", "completion_tokens",
      ])
    let whole = try String(contentsOfFile: path, encoding: .utf8)
    let lines = whole.split(separator: "\n")
    #expect(lines.count == 7)

    _ = try file("run.jsonl", String(whole.dropLast(lines[6].count / 2)))
    let second = try fathom(arguments)
    #expect(second.status == 0 && second.output == first.output, "\(second)")
    let again = try String(contentsOfFile: path, encoding: .utf8)
    #expect(Set(again.split(separator: "\n")) == Set(lines))

    let other = try fathom(words + ["-o", path])
    #expect(other.status == 2 && other.firstErrorLine.contains("header.sampling.n"), "\(other)")

    let report = try fathom([
      "eval", "report", path, "--metric", "pass@2", "-o", try file("report.html"),
    ])
    #expect(report.status == 0 && report.text.contains("pass@2  0.0 %"), "\(report)")
    #expect(try String(contentsOfFile: try file("report.html"), encoding: .utf8).contains("words"))
    let comparison = try fathom(["eval", "compare", path, path])
    #expect(comparison.status == 0 && comparison.text.contains("p = 1.0000"), "\(comparison)")
  }

  @Test func `Ctrl-C saves what there is`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try file("run.jsonl")
    let process = try FathomProcess(
      [
        "eval", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--task", "words", "--limit",
        "500", "--max-tokens", "64", "-o", path,
      ])
    let deadline = Date.now + 30
    while (try? String(contentsOfFile: path, encoding: .utf8).count { $0 == "\n" } > 2) != true {
      try #require(Date.now < deadline)
      usleep(10_000)
    }
    process.signal(SIGINT)
    let result = process.finish()
    #expect(result.status == 130 && result.error.contains("same command goes on"), "\(result)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasSuffix("\n") && text.split(separator: "\n").count < 500)
  }

  @Test func `verification has a status, and programs need to be allowed`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let good = try fathom(["eval", "verify", "--task", "mapping-short", "--limit", "3"])
    #expect(good.status == 0 && good.text.contains("0 with a wrong grader"), "\(good)")
    let task = try file(
      "bad.json",
      #"{"prompt": "p", "reference": "x", "grader": {"type": "exact", "answer": "y"}, "problems": [{}]}"#
    )
    let bad = try fathom(["eval", "verify", "--task", task])
    #expect(bad.status == 1 && bad.text.contains("the reference answer fails"), "\(bad)")

    let program = try file(
      "program.json",
      #"{"prompt": "p", "reference": "exit 0", "grader": {"type": "program", "command": ["/bin/sh"], "after": ""}, "problems": [{}]}"#
    )
    let refused = try fathom(["eval", "verify", "--task", program])
    #expect(refused.status == 2 && refused.firstErrorLine.contains("--allow-programs"))
    let allowed = try fathom(["eval", "verify", "--task", program, "--allow-programs"])
    #expect(allowed.status == 0, "\(allowed)")
  }

  @Test func `benchmarks are imported from the user's files`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try file("gsm.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"#### 2\"}")
    let verified = try fathom(["eval", "verify", "--import", "gsm8k", path])
    #expect(verified.status == 0 && verified.text.hasPrefix("gsm8k: 1 problems"), "\(verified)")
    let swe = try file("swe.jsonl", #"{"instance_id": "i-1", "problem_statement": "x"}"#)
    let run = try file("swe-run.jsonl")
    let answered = try fathom([
      "eval", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--import", "swe-bench", swe,
      "--max-tokens", "4", "-o", run,
    ])
    #expect(answered.status == 0, "\(answered)")
    let predictions = try file("predictions.jsonl")
    #expect(try fathom(["eval", "predictions", run, "-o", predictions]).status == 0)
    let counted = try fathom(["eval", "predictions", predictions])
    #expect(counted.text == "1 instances, 1 without a patch\n", "\(counted)")
  }

  @Test func `published figures stand apart`() throws {
    let result = try fathom(["eval", "reported"])
    #expect(result.status == 0 && result.text.hasPrefix("Reported, not measured here\n"))
    let json = try fathom(["eval", "reported", "--json"]).json()
    #expect(json.arrayValue?.count == 19)
    let rating = json.arrayValue?.first { $0["unit"]?.stringValue == "rating" }
    #expect(rating?["model"]?.stringValue == "DeepSeek-R1" && rating?["value"]?.doubleValue == 2029)
    #expect(json.arrayValue?.allSatisfy { $0["measured_here"] == .bool(false) } == true)
  }

  @Test(arguments: [
    ([], "either --task or --import"), (["--task", "poems"], "option --task"),
    (["--import", "gsm8k"], "option --import"), (["--import", "mmlu", "x"], "option --import"),
    (["--task", "words", "--limit", "0"], "--limit"),
    (["--task", "words", "--limit", "1", "--n", "2"], "temperature"),
    (["--task", "words", "--limit", "1", "--parallel", "0"], "--parallel"),
    (["--task", "words", "--limit", "1", "--url", "nowhere", "--model", "m"], "--url"),
    (["--task", "words", "--limit", "1", "--api-key", "k"], "--url"),
    (["--task", "words", "--import", "gsm8k", "x"], "both"), (["compare", "a", "b"], "a: "),
  ])
  func `what makes no sense is an error that names it`(options: [String], words: String) throws {
    let result = try fathom(["eval"] + options)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.firstErrorLine.contains(words), "\(result)")
  }
}
