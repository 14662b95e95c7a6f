/// Tokens per second, the recent steps counting most.
struct SpeedAverage {
  private var tokens = 0.0
  private var seconds = 0.0
  private var steps = 0.0

  mutating func add(tokens: Int, seconds: Double) {
    let keep = 0.95
    self.tokens = self.tokens * keep + Double(tokens)
    self.seconds = self.seconds * keep + seconds
    steps = steps * keep + 1
  }

  var tokensPerSecond: Double { tokens / max(seconds, 1e-9) }
  var secondsPerStep: Double { steps > 0 ? seconds / steps : 0 }
}
