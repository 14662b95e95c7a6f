/// When a store that cannot write tries again: after one minute, then after twice as long each time, up to 16 minutes.
///
/// It counts in seconds that no change of the clock moves. One outage is reported once, whatever follows from it.
package struct WritePause: Sendable {
  package private(set) var isActive = false
  private var delaySeconds = 0.0
  private var until = 0.0

  package init() {}

  package static let firstDelaySeconds = 60.0
  package static let longestDelaySeconds = 960.0

  package func isOver(_ now: Double) -> Bool { now >= until }

  /// Returns whether this is news.
  package mutating func begin(_ now: Double) -> Bool {
    delaySeconds =
      isActive ? min(2 * delaySeconds, Self.longestDelaySeconds) : Self.firstDelaySeconds
    until = now + delaySeconds
    defer { isActive = true }
    return !isActive
  }

  /// Returns whether this is news.
  package mutating func end() -> Bool {
    defer { isActive = false }
    return isActive
  }
}
