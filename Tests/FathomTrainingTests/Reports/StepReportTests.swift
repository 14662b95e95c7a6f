import Testing

@testable import FathomTraining

@Suite struct StepReportTests {
  private let report = StepReport(
    step: 420, totalSteps: 9000, loss: 1.2341, learningRateShare: 1, stepSeconds: 0.8123,
    tokensPerSecond: 9870.4, utilization: 0.44, maximumViolation: 0.118, secondsLeft: 4330)

  @Test func `a line says where the run stands`() {
    #expect(
      report.line
        == "step 00420/09000 (4.67%) | loss 1.234 | lr× 1.00 | dt 812ms | tok/s 9,870 | mfu 0.44 "
        + "| maxvio 0.12 | eta 1h12m")
    let short = StepReport(
      step: 3, totalSteps: 200_000, loss: 10, stepSeconds: 1.25, tokensPerSecond: 1_234_567)
    #expect(
      short.line == "step 000003/200000 (0.00%) | loss 10.000 | dt 1.2s | tok/s 1,234,567")
  }

  @Test func `durations have two units`() {
    let texts = [0, 59.6, 61, 4330, 3600, 90_000, -1, .infinity].map {
      StepReport.duration(seconds: $0)
    }
    #expect(texts == ["0s", "1m00s", "1m01s", "1h12m", "1h00m", "1d01h", "?", "?"])
  }

  @Test func `numbers that are none don't stop a run`() {
    let broken = StepReport(
      step: 1, totalSteps: 0, loss: .nan, stepSeconds: -.infinity, tokensPerSecond: .infinity,
      secondsLeft: .nan)
    #expect(broken.line.hasSuffix("| loss nan | dt -infs | tok/s ? | eta ?"))
    #expect(broken.bar(columns: 60).hasSuffix("100% loss nan ? tok/s eta ?"))
  }

  @Test func `a bar fits its width`() {
    #expect(
      report.bar(columns: 80)
        == "[█▊" + String(repeating: " ", count: 38) + "]   4% loss 1.234 9,870 tok/s eta 1h12m")
    for columns in 0...100 { #expect(report.bar(columns: columns).count <= columns) }
    var done = report
    done.step = 9000
    #expect(done.bar(columns: 60).hasPrefix("[" + String(repeating: "█", count: 20)))
  }

  @Test func `a terminal has a bar that is drawn over itself, anything else plain lines`() {
    final class Output { var text = "" }
    func shown(isTerminal: Bool) -> String {
      let output = Output()
      var display = RunDisplay(isTerminal: isTerminal, columns: 60, interval: 10) {
        output.text += $0
      }
      for step in 9...11 {
        var report = report
        report.step = step
        display.show(report)
      }
      display.clear()
      return output.text
    }
    let plain = shown(isTerminal: false)
    #expect(plain.hasPrefix("step 00010/09000 (0.11%)") && plain.split(separator: "\n").count == 1)
    let terminal = shown(isTerminal: true)
    #expect(terminal.contains("step 00010/09000 (0.11%)"))
    #expect(terminal.ranges(of: "\r\u{1B}[K[").count == 3)
    #expect(terminal.hasSuffix("\r\u{1B}[K"))
  }
}
