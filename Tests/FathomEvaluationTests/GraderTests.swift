import FathomEvaluation
import Testing

@Suite struct GraderTests {
  @Test func `a score is a number from 0 to 1`() {
    for (score, kept) in [(0.5, 0.5), (-1, 0), (7, 1), (Double.nan, 0), (.infinity, 1)] {
      #expect(Verdict(score: score, passed: false).score == kept)
    }
  }
}
