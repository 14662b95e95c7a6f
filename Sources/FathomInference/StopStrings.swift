/// Watches a stream of text for strings that end the answer, also where they lie across chunk borders.
package struct StopStrings {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// The stop string that ended the answer.
  package private(set) var matched: String?

  package init(_ stops: [String]) {
    self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
  }

  /// Takes the next piece of text and returns what is safe to show; `isStopped` once a stop string is complete.
  /// The stop string itself and what follows it is never shown.
  package mutating func append(_ text: String) -> (text: String, isStopped: Bool) {
    guard !stops.isEmpty else { return (text, false) }
    held.append(contentsOf: text.utf8)
    if let (end, stop) = earliestStop() {
      let shown = String(decoding: held[..<end], as: UTF8.self)
      matched = String(decoding: stop, as: UTF8.self)
      held = []
      return (shown, true)
    }
    let keep = longestPossibleStart()
    let shown = String(decoding: held[..<(held.count - keep)], as: UTF8.self)
    held.removeFirst(held.count - keep)
    return (shown, false)
  }

  /// What was held back when the answer ended without a stop string.
  package mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  /// Where the answer ends, and by which string; of two that begin there, the one that was asked for first.
  private func earliestStop() -> (begin: Int, stop: [UInt8])? {
    var earliest: (begin: Int, stop: [UInt8])?
    for stop in stops where stop.count <= held.count {
      for begin in 0...(held.count - stop.count) where held[begin...].starts(with: stop) {
        if begin < earliest?.begin ?? .max { earliest = (begin, stop) }
        break
      }
    }
    return earliest
  }

  /// Length of the longest end of `held` that is the beginning of a stop string. Ends only fall on character
  /// borders, because stop strings begin with one.
  private func longestPossibleStart() -> Int {
    var longest = 0
    for stop in stops {
      for length in stride(from: min(stop.count - 1, held.count), to: longest, by: -1)
      where held.suffix(length).elementsEqual(stop.prefix(length)) {
        longest = length
        break
      }
    }
    return longest
  }
}
