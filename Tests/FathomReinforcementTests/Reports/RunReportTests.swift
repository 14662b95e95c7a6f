import FathomCore
import FathomTraining
import Foundation
import GoldenSupport
import Testing

@testable import FathomReinforcement

@Suite struct RunReportTests {
  private static let evil = #"<script src="http://x">alert('&')</script>"#

  private func item(_ family: String, _ number: Int, _ before: Bool, _ after: Bool)
    -> HeldOutComparison.Item
  {
    HeldOutComparison.Item(
      family: family, number: number, prompt: "question \(Self.evil)", expected: "<b>",
      before: .init(text: "before \(Self.evil)", isRight: before, detail: Self.evil, tokens: 7),
      after: .init(text: "after \(Self.evil)", isRight: after))
  }

  /// A run that was rewarded for something else.
  private func gamed(in folder: String) throws -> RunFolder {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let words = JSONObject([
      "base_model": .string("built-in"), "output_dir": .string(Self.evil),
      "rewards": .array([.object(JSONObject(["kind": .string("length")]))]),
    ])
    let json = JSON.object(
      JSONObject([
        "kind": .string("reinforce"), "steps": .integer(30), "words": .object(words),
        "ending": .string("finished"),
      ]))
    try TemporaryFolder.write(Array(json.text().utf8), to: "\(folder)/run.json")
    let rows = (1...30).map { step in
      let share = Double(step) / 30
      return
        "{\"step\":\(step),\"reward\":\(share),\"pass_rate\":\(1 - share),\"entropy\":0.1,\"kl\":0.01,"
        + "\"clip_fraction\":0,\"zero_variance_fraction\":0.5,\"completion_length\":\(90 - step),\"loss\":0.2,"
        + "\"pass_rate_<i>\":\(share)}\n"
    }
    try TemporaryFolder.write(
      Array((rows.joined() + "{\"step\":30,\"eval_<i>\":0.5}\n").utf8),
      to: "\(folder)/metrics.jsonl")
    return try RunFolder(folder)
  }

  @Test func `a page says that the reward was gamed, and shows what became of answers`() throws {
    try TemporaryFolder.with { folder in
      let run = try gamed(in: "\(folder)/a")
      let items = (0..<60).map { item($0 < 30 ? "<i>" : "words", $0 % 30, true, $0 % 3 == 0) }
      let report = RunReport(
        run, others: [try gamed(in: "\(folder)/b")],
        heldOut: HeldOutComparison(before: "built-in", after: "a/step_30", items: items))
      let page = report.page
      #expect(report.check?.finding == .answersGotWorse)
      #expect(
        page.contains(
          "<section class=\"finding bad\"><h2>The reward rose, and the answers got worse"))
      #expect(page.contains("100.0 % (94.0 to 100.0)") && page.contains("33.3 % (22.7 to 45.9)"))
      #expect(
        page.contains("<td>words<td>30<td>")
          && page.contains("rewards: [{&quot;kind&quot;: &quot;length&quot;}]"))
      // Reward, entropy, length, kl, flat groups, loss; and one family. One evaluation is no curve, clipping never was.
      #expect(page.ranges(of: "<svg ").count == 7)
      #expect(page.contains(">reward, a</text>") && page.contains(">reward, b</text>"))
      #expect(page.ranges(of: "<article>").count == 10)
      // Nothing is fetched, and nothing that a model or a file said is markup.
      #expect(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"))
      for fetching in [" href=", "url(", "@import", "<link", "<img", "<iframe"] {
        #expect(!page.contains(fetching), "\(fetching)")
      }
      #expect(page.contains("prefers-color-scheme:dark") && page.contains("width=device-width"))
      #expect(report.json["check"]?["finding"] == .string("answers_got_worse"))
      #expect(report.json["families"]?.arrayValue?.count == 2)
    }
  }

  @Test func `a page without models says why`() throws {
    try TemporaryFolder.with { folder in
      let report = RunReport(try gamed(in: folder), whyNotAsked: "--n 0 was given")
      #expect(report.page.contains("<p>No models were asked: --n 0 was given.</p>"))
      #expect(report.check?.finding == .answersGotWorse && report.json["families"] == nil)
      #expect(!report.page.contains("<article>"))
    }
  }

  @Test func `a run without rewards has curves and no finding`() throws {
    try TemporaryFolder.with { folder in
      try TemporaryFolder.write(
        Array("{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1,\"lr\":1}\n".utf8),
        to: "\(folder)/metrics.jsonl")
      let report = RunReport(try RunFolder(folder), whyNotAsked: "no record")
      #expect(report.check == nil && report.page.ranges(of: "<svg ").count == 1)
      #expect(!report.page.contains("<section") && report.json["check"] == nil)
    }
  }

  @Test
  func `transcripts are five that differ and the first of the rest, family by family in turn`() {
    var items = (0..<20).map { item("a", $0, true, $0 % 2 == 0) }
    items += (0..<20).map { item("b", $0, true, $0 != 9) }
    items += (0..<20).map { item("c", $0, false, false) }
    let chosen = HeldOutComparison(before: "x", after: "y", items: items).transcripts
    #expect(
      chosen.map { "\($0.family)\($0.number)" }
        == ["a0", "a1", "a2", "a3", "a5", "a7", "b0", "b1", "b9", "c0"])
    let same = HeldOutComparison(before: "x", after: "y", items: Array(items[40...])).transcripts
    #expect(same.map(\.number) == Array(0..<10))
    let few = HeldOutComparison(before: "x", after: "y", items: Array(items[..<3])).transcripts
    #expect(few.map(\.number) == [0, 1, 2])
    // What differs only behind the first hundred does not count.
    let late = (0..<130).map { item("a", $0, true, $0 < 100) }
    #expect(
      HeldOutComparison(before: "x", after: "y", items: late).transcripts.map(\.number)
        == Array(0..<10))
  }
}
