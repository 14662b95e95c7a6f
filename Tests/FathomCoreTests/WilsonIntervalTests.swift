import FathomCore
import Testing

@Suite struct WilsonIntervalTests {
  @Test func `intervals are Wilson's`() {
    for (correct, count, low, high) in [
      (0, 10, 0.0, 0.2775327998628892), (8, 10, 0.49016247153664183, 0.9433178485456247),
      (10, 10, 0.7224672001371107, 1), (950, 1000, 0.9346861797557492, 0.9618697376072513),
      (0, 0, 0, 1),
    ] {
      let interval = WilsonInterval(correct: correct, of: count)
      #expect(abs(interval.low - low) < 1e-12 && abs(interval.high - high) < 1e-12)
    }
  }
}
