import Foundation

/// Where a run stands, as a line of text.
public struct StepReport: Sendable {
  public var step: Int
  public var totalSteps: Int
  public var loss: Double
  /// Learning rate as a share of its peak.
  public var learningRateShare: Double?
  public var stepSeconds: Double
  public var tokensPerSecond: Double
  /// Share of the machine's peak arithmetic.
  public var utilization: Double?
  /// The worst of all layers.
  public var maximumViolation: Double?
  public var secondsLeft: Double?

  public init(
    step: Int, totalSteps: Int, loss: Double, learningRateShare: Double? = nil,
    stepSeconds: Double, tokensPerSecond: Double, utilization: Double? = nil,
    maximumViolation: Double? = nil, secondsLeft: Double? = nil
  ) {
    self.step = step
    self.totalSteps = totalSteps
    self.loss = loss
    self.learningRateShare = learningRateShare
    self.stepSeconds = stepSeconds
    self.tokensPerSecond = tokensPerSecond
    self.utilization = utilization
    self.maximumViolation = maximumViolation
    self.secondsLeft = secondsLeft
  }

  /// `step 00420/09000 (4.67%) | loss 1.234 | lr× 1.00 | dt 812ms | tok/s 9,870 | eta 1h12m`
  public var line: String {
    let width = max(5, String(totalSteps).count)
    let share = 100 * Double(step) / Double(max(1, totalSteps))
    var parts = [
      "step \(Self.padded(step, width))/\(Self.padded(totalSteps, width)) "
        + "(\(String(format: "%.2f", share))%)",
      "loss \(String(format: "%.3f", loss))",
    ]
    if let learningRateShare { parts.append("lr× " + String(format: "%.2f", learningRateShare)) }
    parts.append("dt " + Self.short(seconds: stepSeconds))
    parts.append("tok/s " + Self.grouped(tokensPerSecond))
    if let utilization { parts.append("mfu " + String(format: "%.2f", utilization)) }
    if let maximumViolation { parts.append("maxvio " + String(format: "%.2f", maximumViolation)) }
    if let secondsLeft { parts.append("eta " + Self.duration(seconds: secondsLeft)) }
    return parts.joined(separator: " | ")
  }

  /// `[██████▌        ]  42% loss 1.234 9,870 tok/s eta 1h12m`, at most `columns` wide.
  public func bar(columns: Int) -> String {
    let share = min(1, max(0, Double(step) / Double(max(1, totalSteps))))
    var text =
      String(format: "%3d", Int(100 * share)) + "% loss " + String(format: "%.3f", loss)
      + " \(Self.grouped(tokensPerSecond)) tok/s"
    if let secondsLeft { text += " eta " + Self.duration(seconds: secondsLeft) }
    let cells = min(40, columns - text.count - 3)
    guard cells >= 5 else { return String(text.prefix(max(0, columns))) }
    let eighths = Int(Double(cells * 8) * share)
    var filled = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { filled.append(Array("▏▎▍▌▋▊▉")[eighths % 8 - 1]) }
    return "[" + filled + String(repeating: " ", count: cells - filled.count) + "] " + text
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// `812ms`, `3.2s`
  private static func short(seconds: Double) -> String {
    (0..<1).contains(seconds)
      ? "\(Int((seconds * 1000).rounded()))ms" : String(format: "%.1fs", seconds)
  }

  /// `45s`, `12m05s`, `1h12m`, `2d03h`
  public static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
    let seconds = Int(seconds.rounded())
    func pair(_ high: Int, _ highUnit: String, _ low: Int, _ lowUnit: String) -> String {
      "\(high)\(highUnit)\(padded(low, 2))\(lowUnit)"
    }
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3600: pair(seconds / 60, "m", seconds % 60, "s")
    case ..<86_400: pair(seconds / 3600, "h", seconds / 60 % 60, "m")
    default: pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
    }
  }

  /// `9,870`
  private static func grouped(_ number: Double) -> String {
    guard number.isFinite, number >= 0, number < 1e15 else { return "?" }
    let digits = String(Int(number.rounded()))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }
}
