import FathomCore
import Foundation
import GoldenSupport
import Testing

/// The golden checkpoint has random weights: it answers nothing right, but it answers the same each time.
@Suite struct TrainEvalTests {
  private func eval(_ options: [String]) throws -> FathomProcess.Result {
    try fathom(
      ["train", "eval", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--max-tokens", "6"]
        + options)
  }

  @Test func `a greedy evaluation has the agreed keys`() throws {
    let result = try eval(["--family", "words", "--n", "3", "--json"])
    #expect(result.status == 0 && result.error.isEmpty, "\(result)")
    let json = try result.json()
    #expect(
      json.keys == [
        "family", "n", "correct", "rate", "low", "high", "unfinished", "samples", "temperature",
        "pass_at_1", "pass_at_k", "chosen", "chosen_by", "majority", "tokens", "seconds",
        "tokens_per_second",
      ])
    #expect(json["family"] == .string("words") && json["n"] == .integer(3))
    #expect(json["samples"] == .integer(1) && json["chosen_by"] == .string("only"))
  }

  @Test func `samples are the same each time, whatever the number of threads`() throws {
    let options = ["--family", "mapping-short", "--n", "4", "--samples", "3", "--json"]
    let texts = try ["1", "2"].map { threads in
      let result = try eval(options + ["--threads", threads])
      #expect(result.status == 0, "\(result)")
      var json = try #require(try result.json().objectValue)
      json["seconds"] = nil
      json["tokens_per_second"] = nil
      return JSON.object(json).text()
    }
    #expect(texts[0] == texts[1])
    let json = try JSON.parse(texts[0])
    #expect(json["chosen_by"] == .string("user_check") && json["samples"] == .integer(3))
    #expect(json["search"]?["correct"] == .integer(4))
    #expect(json["search_then_model"]?["rate"]?.doubleValue == 1)
  }

  @Test func `realistic cases stand beside the search, one line each`() throws {
    let result = try eval(["--family", "mapping-realistic", "--failures"])
    #expect(result.status == 0, "\(result)")
    #expect(result.text.contains("search alone: 46 of 50, 92.0 %"))
    let rows = result.text.split(separator: "\n").filter { $0.hasPrefix("wrong  ") }
    #expect(rows.count == 50 && rows.filter { $0.hasPrefix("wrong  wrong") }.count == 4)
    #expect(result.text.contains("wrong  wrong   ticket"))
  }

  @Test func `drafting is measured, and changes no answer`() throws {
    let result = try eval(["--family", "tables", "--n", "2", "--draft", "mtp", "--json"])
    #expect(result.status == 0, "\(result)")
    let draft = try #require(try result.json()["draft"])
    #expect(draft["problems"] == .integer(2) && draft["different_answers"] == .integer(0))
    #expect(try #require(draft["speed_ratio"]?.doubleValue) > 0)
    #expect(try #require(draft["drafted"]?.intValue) > 0)
  }

  @Test(arguments: [
    (["--family", "poems"], "family"), (["--family", "words", "--samples", "0"], "samples"),
    (["--family", "words", "--temperature", "-1"], "temperature"),
    (["--family", "words", "--n", "1", "--baseline", "search"], "baseline"),
    (["--family", "words", "--n", "0"], "--n"),
  ])
  func `what makes no sense is an error that names it`(options: [String], word: String) throws {
    let result = try eval(options)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.firstErrorLine.contains(word), "\(result)")
  }
}
