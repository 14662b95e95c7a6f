import FathomCore
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct TerminalChartTests {
  @Test func `dots are those of Braille`() {
    var canvas = BrailleCanvas(columns: 3, rows: 1)
    for (x, y) in [(0, 0), (1, 3), (2, 1), (-1, 0), (9, 9)] { canvas.set(x, y) }
    #expect(canvas.lines == ["⢁⠂ "])
    canvas.line(from: (2, 3), to: (5, 0))
    #expect(canvas.lines == ["⢁⡢⠊"])
  }

  @Test func `a curve stands between numbered axes`() {
    let line = TerminalChart(
      title: "loss 1", points: (0...10).map { (Double($0), Double(10 - $0)) })
    #expect(
      line.lines(columns: 24, rows: 7) == [
        "loss 1                  ",
        "10┤⠑⠢⢄⡀                 ",
        "  │   ⠈⠑⠢⢄⡀             ",
        "  │       ⠈⠉⠒⠤⢄⣀        ",
        "  │             ⠉⠒⠤⣀    ",
        " 0┤                 ⠉⠒⠤⣀",
        "  └0──────────────────10",
      ])
  }

  @Test func `charts of nothing, of one point and of what has no place are charts`() {
    for points in [
      [], [(1, 2)], [(1, 1e300), (2, 1)], [(0, 0), (0, 0)], [(5, 3), (5, -3)],
      [(1, .leastNonzeroMagnitude)], [(1e99, 1e-99), (2, 1e99)],
    ] as [[(x: Double, y: Double)]] {
      for (columns, rows) in [(24, 5), (40, 6), (80, 14)] {
        let lines = TerminalChart(title: "a title that is longer than some", points: points)
          .lines(columns: columns, rows: rows)
        #expect(lines.count == rows && lines.allSatisfy { $0.count == columns }, "\(points)")
      }
    }
  }
}

@Suite struct RunScreenTests {
  /// A folder of a run of reinforcement learning that goes its way.
  private func run(in folder: String, steps: Int) throws -> RunFolder {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try RunRecord(kind: "reinforce", steps: 40, words: JSONObject()).write(to: folder)
    let rows = (1...steps).map { step in
      let share = Double(step) / 40
      return
        "{\"step\":\(step),\"reward\":\(share),\"pass_rate\":\(share / 2),\"kl\":0,\"entropy\":\(1 - share),"
        + "\"loss\":\(0.5 - share * share),\"lr\":4e-05,\"grad_norm\":0.5,\"step_s\":2}\n"
    }
    try TemporaryFolder.write(Array(rows.joined().utf8), to: "\(folder)/metrics.jsonl")
    return try RunFolder(folder)
  }

  @Test func `curves stand side by side, with the latest values`() throws {
    try TemporaryFolder.with { folder in
      let run = try run(in: "\(folder)/grpo", steps: 30)
      let now = try #require(run.lastChange) + 4
      let lines = RunScreen(run, columns: 80, rows: 14).lines(now: now)
      let expected = """
        grpo | reinforce | step 30/40 (75 %) | 2.00s a step | eta 20s | 4s ago
        reward 0.75                              right, by the verifiers 0.375
        0.8┤                            ⣀⣀⡠⠤⠤⠒⠒  0.4┤                            ⣀⣀⡠⠤⠤⠒⠒
           │                  ⢀⣀⣀⠤⠤⠔⠒⠊⠉⠉            │                  ⢀⣀⣀⠤⠤⠔⠒⠊⠉⠉
           │        ⣀⣀⠤⠤⠔⠒⠒⠉⠉⠉⠁                     │        ⣀⣀⠤⠤⠔⠒⠒⠉⠉⠉⠁
          0┤⡠⠤⠤⠒⠒⠊⠉⠉                               0┤⡠⠤⠤⠒⠒⠊⠉⠉
           └1────────────────────────────────30     └1────────────────────────────────30
        entropy, nats 0.25                       loss -0.0625
          1┤⠑⠒⠒⠤⠤⢄⣀⣀                              0.5┤⠉⠉⠉⠉⠉⠑⠒⠒⠒⠒⠤⠤⠤⢄⣀⡀
           │        ⠉⠉⠒⠒⠢⠤⠤⣀⣀⡀                       │               ⠈⠉⠉⠒⠒⠢⠤⢄⣀
           │                 ⠈⠉⠉⠉⠒⠒⠢⠤⢄⣀⣀             │                        ⠉⠉⠒⠤⢄⣀⡀
        0.2┤                            ⠉⠉⠑⠒⠒⠤⠤  -0.1┤                              ⠈⠉⠒⠤
           └1────────────────────────────────30      └1───────────────────────────────30
        kl 0  lr 4e-05  grad_norm 0.5  step_s 2
        """
      #expect(lines.map(\.text).joined(separator: "\n") == expected)
      #expect(lines.filter(\.isHeading).count == 3)
    }
  }

  @Test func `a screen fits any terminal`() throws {
    try TemporaryFolder.with { folder in
      let run = try run(in: "\(folder)/grpo", steps: 30)
      for columns in [1, 24, 39, 80, 200] {
        for rows in [1, 2, 5, 7, 24, 100] {
          let lines = RunScreen(run, columns: columns, rows: rows).lines()
          #expect(lines.count <= rows, "\(columns) × \(rows)")
          #expect(lines.allSatisfy { $0.text.count <= max(24, columns) }, "\(columns) × \(rows)")
        }
      }
      let wide = RunScreen(run, columns: 200, rows: 24).lines()
      #expect(
        wide.contains { $0.text.contains("reward 0.75") && $0.text.contains("entropy, nats") })
    }
  }
}
