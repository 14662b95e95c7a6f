/// Shows how a run goes on: a bar that is drawn over itself on a terminal, plain lines anywhere else.
public struct RunDisplay {
  private let isTerminal: Bool
  private let columns: Int
  private let interval: Int
  private let write: (String) -> Void
  private var hasBar = false

  /// - Parameters:
  ///   - interval: a plain line each so many steps; on a terminal the bar moves at every step.
  ///   - write: takes text as it is to appear, line ends included.
  public init(
    isTerminal: Bool, columns: Int = 80, interval: Int, write: @escaping (String) -> Void
  ) {
    precondition(interval > 0, "a line each \(interval) steps")
    self.isTerminal = isTerminal
    self.columns = columns
    self.interval = interval
    self.write = write
  }

  public mutating func show(_ report: StepReport) {
    let isDue = report.step % interval == 0 || report.step == report.totalSteps
    if isDue { note(report.line) }
    guard isTerminal else { return }
    // One column stays free: a full last column makes some terminals wrap.
    write("\r\u{1B}[K" + report.bar(columns: columns - 1))
    hasBar = true
  }

  /// A line that stays, such as the result of an evaluation.
  public mutating func note(_ line: String) {
    clear()
    write(line + "\n")
  }

  /// Takes the bar away.
  public mutating func clear() {
    if hasBar { write("\r\u{1B}[K") }
    hasBar = false
  }
}
