import FathomCore
import Foundation
import GoldenSupport
import Testing

/// Folders of runs, watched and told of.
@Suite struct TrainObservationTests {
  private func write(_ text: String, to path: String) throws {
    try TemporaryFolder.write(Array(text.utf8), to: path)
  }

  /// A folder with a short name.
  private func with(_ body: (String) throws -> Void) throws {
    try TemporaryFolder.with { outer in
      try FileManager.default.createDirectory(
        atPath: "\(outer)/grpo", withIntermediateDirectories: false)
      try body("\(outer)/grpo")
    }
  }

  /// A run of reinforcement learning whose reward rises and whose answers get worse.
  private func run(in folder: String, steps: Int = 20, ending: String? = nil) throws {
    let end = ending.map { ",\"ending\":\"\($0)\"" } ?? ""
    try write(
      """
      {"kind":"reinforce","steps":20,"words":{"base_model":"\(GoldenFamily.path("deepseek_v3_mtp"))",\
      "tasks":[{"family":"roman"},{"family":"words"}],"max_completion_length":6}\(end)}
      """, to: "\(folder)/run.json")
    try write((1...steps).map(row).joined(), to: "\(folder)/metrics.jsonl")
  }

  private func row(_ step: Int) -> String {
    "{\"step\":\(step),\"reward\":\(Double(step) / 20),\"pass_rate\":\(1 - Double(step) / 20),\"step_s\":3}\n"
  }

  @Test func `what is no terminal gets the present state once, without escapes`() throws {
    try with { folder in
      try run(in: folder, steps: 10)
      try write((1...10).map(row).joined() + "{\"step\":11,\"rew", to: "\(folder)/metrics.jsonl")
      let result = try fathom(["train", "watch", folder])
      #expect(result.status == 0 && result.error.isEmpty, "\(result)")
      #expect(
        result.text.hasPrefix("grpo | reinforce | step 10/20 (50 %) | 3.00s a step | eta 30s | "))
      #expect(
        result.text.contains("reward 0.5") && result.text.contains("right, by the verifiers 0.5"))
      #expect(result.text.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) })
      #expect(!result.text.contains("\u{1B}"))
      #expect(result.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
      let json = try fathom(["train", "watch", folder, "--json"]).json()
      #expect(json["step"] == .integer(10) && json["seconds_left"] == .double(30))
      #expect(json["latest"]?["reward"] == .double(0.5))
      #expect(json["curves"]?["pass_rate"]?["first"] == .double(0.95))
    }
  }

  @Test func `what can't be watched is said`() throws {
    let nowhere = try fathom(["train", "watch", "nowhere"])
    #expect(nowhere.status == 2)
    #expect(
      nowhere.firstErrorLine
        == "Error: \"nowhere\": expected the folder of a run, found nothing there")
    try with { folder in
      for command in ["watch", "report"] {
        let early = try fathom(["train", command, folder])
        #expect(early.status == 2)
        #expect(
          early.firstErrorLine
            == "Error: \(folder)/metrics.jsonl: expected the row of a step, found none yet")
      }
      try run(in: folder)
      let bare = try fathom(["train", "report", folder])
      #expect(bare.status == 2)
      #expect(bare.firstErrorLine == "Error: \(folder): expected a checkpoint, step_N, found none")
    }
  }

  @Test func `a report asks the model before and the model after`() throws {
    try with { folder in
      try run(in: folder, ending: "finished")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/step_20", withDestinationPath: GoldenFamily.path("deepseek_v3_mtp"))
      let result = try fathom(["train", "report", folder, "--n", "6", "--json"])
      #expect(result.status == 0 && result.error.isEmpty, "\(result)")
      let json = try result.json()
      #expect(json["after"] == .string("grpo/step_20"))
      #expect(
        json["families"]?.arrayValue?.compactMap { $0["family"]?.stringValue } == [
          "roman", "words",
        ])
      // Random weights have nothing right, before and after: the reward rose all the same.
      #expect(json["check"]?["held_out"]?["after"]?["n"] == .integer(12))
      #expect(json["check"]?["finding"] == .string("disagrees"))
      let page = String(decoding: try TemporaryFolder.read("\(folder)/report.html"), as: UTF8.self)
      #expect(page.ranges(of: "<article>").count == 10 && page.contains("reinforce, step 20 of 20"))
      #expect(page.contains("<p class=\"small\">wrong: expected "))
    }
  }

  @Test func `a gamed reward is found without asking anyone`() throws {
    try with { folder in
      try run(in: folder)
      let page = "\(folder)/page.html"
      let result = try fathom(["train", "report", folder, "--n", "0", "-o", page])
      #expect(result.status == 0, "\(result)")
      #expect(
        result.text.hasPrefix("\(page)\nThe reward rose, and the answers got worse"), "\(result)")
      #expect(FileManager.default.fileExists(atPath: page))
    }
  }

  #if os(Linux)
    @Test func `a terminal is drawn over as rows come, until the run ends`() throws {
      try with { folder in
        let terminal = try TerminalProcess(["train", "watch", folder])
        try terminal.wait(for: "waiting for ")
        try run(in: folder, steps: 4)
        try terminal.wait(for: "step 4/20")
        #expect(terminal.text.contains("\u{1B}[1A"))
        try run(in: folder, steps: 20, ending: "finished")
        try terminal.wait(for: "| finished")
        #expect(terminal.finish() == 0)
      }
    }

    @Test func `Ctrl-C ends watching`() throws {
      try with { folder in
        try run(in: folder, steps: 4)
        let terminal = try TerminalProcess(["train", "watch", folder])
        try terminal.wait(for: "step 4/20")
        terminal.type("\u{3}")
        #expect(terminal.finish() == 130)
      }
    }
  #endif
}
