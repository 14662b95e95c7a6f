import Testing

@testable import FathomTasks

@Suite struct ScratchpadTests {
  private func trace(_ work: (inout Scratchpad) -> Int) -> (lines: [String], result: Int) {
    var pad = Scratchpad()
    let result = work(&pad)
    return (pad.lines, result)
  }

  @Test func `operations are written in columns, carries in sight`() {
    #expect(trace { $0.sum(347, 285) }.lines == ["347+285: 7+5+0=12 4+8+1=13 3+2+1=06 >632"])
    #expect(trace { $0.sum(95, 7) }.lines == ["95+7: 5+7+0=12 9+0+1=10 >102"])
    #expect(trace { $0.difference(632, 285) }.lines == ["632-285: 2-5-0=17 3-8-1=14 6-2-1=03 >347"])
    #expect(
      trace { $0.difference(1000, 1) }.lines == ["1000-1: 0-1-0=19 0-0-1=19 0-0-1=19 1-0-1=00 >999"]
    )
    #expect(trace { $0.product(347, 6) }.lines == ["347x6: 7x6+0=42 4x6+4=28 3x6+2=20 >2082"])
    #expect(trace { $0.product(7, 60) }.lines == ["60x7: 0x7+0=00 6x7+0=42 >420"])
    #expect(
      trace { $0.product(26, 347) }.lines == [
        "347x26=347x6+347x20", "347x6: 7x6+0=42 4x6+4=28 3x6+2=20 >2082",
        "347x20: 0 7x2+0=14 4x2+1=09 3x2+0=06 >6940",
        "2082+6940: 2+0+0=02 8+4+0=12 0+9+1=10 2+6+1=09 >9022",
      ])
    #expect(
      trace { $0.quotient(2082, 6) }.lines == ["2082/6: 02/6=0r2 20/6=3r2 28/6=4r4 42/6=7r0 >347"])
    #expect(trace { $0.quotient(420, 60) }.lines == ["420/60=42/6", "42/6: 04/6=0r4 42/6=7r0 >7"])
    #expect(
      trace { $0.division(100, 7).remainder }.lines == ["100/7: 01/7=0r1 10/7=1r3 30/7=4r2 >14r2"])
    #expect(trace { $0.larger(347, 352) }.lines == ["347?352: 3=3 4<5 >352"])
    #expect(trace { $0.larger(1200, 85) }.lines == ["1200?0085: 1>0 >1200"])
    #expect(Scratchpad.test(348, .less, 572) == ("348<572? 3<5 yes", true))
    #expect(Scratchpad.test(9, .more, 92) == ("09>92? 0<9 no", false))
    #expect(Scratchpad.test(45, .more, 45) == ("45>45? 4=4 5=5 no", false))
  }

  @Test func `every line is true, digit by digit, whatever the numbers`() {
    var random = TaskRandom(seed: 1, index: 0)
    for _ in 0..<3000 {
      let (a, b) = (
        Int.random(in: 1...9999, using: &random), Int.random(in: 0...9999, using: &random)
      )
      let digit = Int.random(in: 1...9, using: &random)
      let unit = [1, 10, 100].randomElement(using: &random)!
      var pad = Scratchpad()
      #expect(pad.sum(a, b) == a + b)
      #expect(pad.difference(max(a, b), min(a, b)) == abs(a - b))
      #expect(pad.product(a, b + 1) == a * (b + 1))
      #expect(pad.quotient(a * digit * unit, digit * unit) == a)
      #expect(pad.division(a, digit) == (a / digit, a % digit))
      if a != b { #expect(pad.larger(a, b) == max(a, b)) }
      for line in pad.lines {
        let complaint = TraceChecker.complaint(aboutArithmetic: line)
        #expect(complaint == nil)
      }
    }
  }

  @Test(arguments: [
    "347+285: 7+5+0=12 4+8+1=13 3+2+1=07 >732", "347+285: 7+5+0=12 4+8+0=12 3+2+1=06 >622",
    "632-285: 2-5-0=17 3-8-0=15 6-2-1=03 >357", "347x6: 7x6+0=42 4x6+4=28 3x6+2=20 >2083",
    "42/6: 04/6=0r4 42/6=6r6 >7", "347?352: 3=3 4>5 >347", "347x26=347x6+347x2", "420/60=42/7",
    "347+285: >632",
  ])
  func `the checker of these tests finds a wrong line`(line: String) {
    #expect(TraceChecker.complaint(aboutArithmetic: line) != nil)
  }
}
