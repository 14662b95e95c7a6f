import FathomCore
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct RunFolderTests {
  private func write(_ text: String, to path: String) throws {
    try TemporaryFolder.write(Array(text.utf8), to: path)
  }

  @Test func `rows become curves, and what is held out has a mean`() throws {
    try TemporaryFolder.with { folder in
      try write(
        """
        {"step":1,"reward":0.5,"step_s":2}
        {"step":3,"reward":0.75,"loss":null,"step_s":4}
        {"step":3,"eval_words":0.5,"eval_tables":0.25,"eval_loss":3}

        """, to: "\(folder)/metrics.jsonl")
      let history = try RunFolder(folder).history
      #expect(history.step == 3 && history.latest("reward") == 0.75)
      #expect(history.points("reward").map(\.x) == [1, 3])
      #expect(history.values("loss").isEmpty && history.latest(RunHistory.heldOut) == 0.375)
      #expect(
        history.keys == ["reward", "step_s", "eval_words", "eval_tables", "eval_loss", "held_out"])
      // Two steps in the four seconds of the second rollout.
      #expect(history.secondsPerStep == 2)
    }
  }

  @Test func `what comes is added, half a line waits, and a file that was cut is read anew`() throws
  {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/metrics.jsonl"
      let row = { (step: Int) in "{\"step\":\(step),\"loss\":\(10 - step)}\n" }
      var run = try RunFolder(folder)
      #expect(run.history.isEmpty)
      try write(row(1) + row(2) + "{\"step\":3,\"lo", to: path)
      try run.refresh()
      #expect(run.history.step == 2 && run.history.values("loss") == [9, 8])
      try write(row(1) + row(2) + row(3), to: path)
      try run.refresh()
      #expect(run.history.values("loss") == [9, 8, 7])
      // Resumed behind step 1 and already further than before.
      try write(row(1) + "{\"step\":2,\"loss\":5.5}\n" + row(3) + row(4), to: path)
      try run.refresh()
      #expect(run.history.values("loss") == [9, 5.5, 7, 6])
      try write(row(1), to: path)
      try run.refresh()
      #expect(run.history.step == 1 && run.history.values("loss") == [9])
      try FileManager.default.removeItem(atPath: path)
      try run.refresh()
      #expect(run.history.isEmpty)
    }
  }

  @Test func `a run says what it is, how far it has to go and how it ended`() throws {
    try TemporaryFolder.with { folder in
      let record = RunRecord(
        kind: "tune", steps: 20, words: JSONObject(["base_model": .string("m")]))
      try record.write(to: folder)
      try write("{\"step\":4,\"loss\":1,\"step_s\":2}\n", to: "\(folder)/metrics.jsonl")
      var run = try RunFolder(folder)
      #expect(run.record == record && run.totalSteps == 20)
      #expect(run.secondsLeft == 8)  // a step took half a second
      record.end("finished", in: folder)
      try run.refresh()
      #expect(run.record?.ending == "finished" && run.secondsLeft == nil)
      #expect(
        run.json.text()
          == "{\"run\":\"\(folder)\",\"step\":4,\"kind\":\"tune\",\"steps\":20,\"ending\":\"finished\","
          + "\"seconds_per_step\":0.5,\"latest\":{\"loss\":1.0,\"step_s\":2.0},\"curves\":{\"loss\":"
          + "{\"rows\":1,\"first\":1.0,\"last\":1.0,\"lowest\":1.0,\"highest\":1.0,\"mean_last_10\":1.0}}}"
      )
      try write("{\"kind\":\"tune\"}", to: "\(folder)/run.json")
      #expect {
        _ = try RunFolder(folder)
      } throws: { "\($0)".contains("run.json: expected kind, steps and words of a run") }
    }
    #expect(
      throws: InputError("\"nowhere\"", expected: "the folder of a run", found: "nothing there")
    ) {
      try RunFolder("nowhere")
    }
  }

  @Test func `what cannot leave 0 is no curve`() throws {
    try TemporaryFolder.with { folder in
      try write(
        "{\"step\":1,\"kl\":0,\"clip_fraction\":0.1,\"reward\":0}\n", to: "\(folder)/metrics.jsonl")
      #expect(try RunFolder(folder).drawnCurves.map(\.key) == ["reward", "clip_fraction"])
    }
  }
}
