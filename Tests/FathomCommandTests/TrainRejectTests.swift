import FathomCore
import Foundation
import GoldenSupport
import Testing

@Suite struct TrainRejectTests {
  /// `fathom serve` answers, `fathom train reject` keeps what is right.
  @Test func `a served model's right answers become rows, reasoning included`() throws {
    try TemporaryFolder.with { folder in
      let server = try FathomProcess([
        "serve", "--model", "built-in", "--port", "0", "--cache-disk", "0",
      ])
      defer {
        server.signal(SIGTERM)
        _ = server.finish(seconds: 10)
      }
      try server.waitForOutput()
      let url = try #require(
        String(decoding: server.output, as: UTF8.self).split(separator: "\n").first)
      let path = "\(folder)/rows.jsonl"
      let words = [
        "train", "reject", "--url", "\(url)/v1", "--family", "talk", "--n", "2", "--samples", "1",
        "--temperature", "0", "-o", path, "--json",
      ]
      let result = try fathom(words)
      #expect(result.status == 0, "\(result)")
      let figures = try result.json()
      #expect(figures["problems"] == .integer(2) && figures["written"] != .integer(0), "\(result)")
      let bytes = try TemporaryFolder.read(path)
      try JSONLines.forEach(in: path) { row, _, _ in
        let answer = row["messages"]?.arrayValue?.last
        #expect(answer?["reasoning_content"]?.stringValue?.isEmpty == false, "\(row.text())")
        #expect(answer?["content"]?.stringValue?.isEmpty == false, "\(row.text())")
      }

      let again = try fathom(words)
      #expect(again.status == 2 && again.firstErrorLine.contains("--resume"), "\(again)")
      let resumed = try fathom(words + ["--resume"])
      #expect(resumed.status == 0, "\(resumed)")
      #expect(try TemporaryFolder.read(path) == bytes)
    }
  }

  @Test(arguments: [
    (["--family", "poems"], "family"), (["--family", "words", "--samples", "0"], "--samples"),
    (["--family", "words", "--temperature", "0"], "temperature"),
    (["--family", "words", "--api-key", "k"], "--url"),
    (["--family", "words", "--parallel", "0"], "--parallel"),
  ])
  func `what makes no sense is an error that names it`(options: [String], words: String) throws {
    let result = try fathom(
      ["train", "reject", "--model", "built-in", "-o", "/nowhere/rows.jsonl"] + options)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.firstErrorLine.contains(words), "\(result)")
  }
}
