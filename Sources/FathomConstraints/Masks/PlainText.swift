/// Plain text: what most tokens are made of, and what free strings mostly let through.
enum PlainText {
  /// All bytes of well-formed UTF-8.
  static let textBytes: [ClosedRange<UInt8>] = [0x00...0x7F, 0x80...0xBF, 0xC2...0xF4]
  /// ASCII of plain text: no control characters, no `"`, no `\`.
  static let ascii: [ClosedRange<UInt8>] = [0x20...0x21, 0x23...0x5B, 0x5D...0x7E]
  /// Characters beyond ASCII as ranges of bytes (Unicode standard, table 3-7).
  static let sequences: [[ClosedRange<UInt8>]] = [
    [0xC2...0xDF, 0x80...0xBF],
    [0xE0...0xE0, 0xA0...0xBF, 0x80...0xBF],
    [0xE1...0xEC, 0x80...0xBF, 0x80...0xBF],
    [0xED...0xED, 0x80...0x9F, 0x80...0xBF],
    [0xEE...0xEF, 0x80...0xBF, 0x80...0xBF],
    [0xF0...0xF0, 0x90...0xBF, 0x80...0xBF, 0x80...0xBF],
    [0xF1...0xF3, 0x80...0xBF, 0x80...0xBF, 0x80...0xBF],
    [0xF4...0xF4, 0x80...0x8F, 0x80...0xBF, 0x80...0xBF],
  ]

  /// How many characters of plain text the bytes are, an unfinished last one counted; `nil` if they
  /// are not plain text.
  static func characterCount(_ bytes: [UInt8]) -> Int? {
    var count = 0
    var place = 0
    while place < bytes.count {
      count += 1
      if ascii.contains(where: { $0.contains(bytes[place]) }) {
        place += 1
        continue
      }
      let rest = bytes[place...]
      guard
        let sequence = sequences.first(where: { ranges in
          zip(ranges, rest).allSatisfy { $0.contains($1) }
        })
      else { return nil }
      place += min(sequence.count, rest.count)
    }
    return count
  }
}

extension Machine {
  /// The one state that every character of plain text leads to from here; `nil` if they differ.
  mutating func afterPlainCharacter(_ state: Int32) -> Int32? {
    let after = step(state, byte: 0x20)
    guard after != Self.dead else { return nil }
    for range in PlainText.ascii {
      for byteClass in classes(of: range) where step(state, byteClass: byteClass) != after {
        return nil
      }
    }
    for sequence in PlainText.sequences {
      var places: Set<Int32> = [state]
      for range in sequence {
        var next: Set<Int32> = []
        for place in places {
          for byteClass in classes(of: range) {
            next.insert(step(place, byteClass: byteClass))
          }
        }
        if next.contains(Self.dead) { return nil }
        places = next
      }
      guard places == [after] else { return nil }
    }
    return after
  }

  private func classes(of range: ClosedRange<UInt8>) -> ClosedRange<UInt8> {
    program.byteClass[Int(range.lowerBound)]...program.byteClass[Int(range.upperBound)]
  }

  /// How many characters of plain text, whichever they are, can be written from here; at most
  /// `limit`.
  mutating func plainCharacters(from state: Int32, limit: Int) -> Int {
    var place = state
    for count in 0..<limit {
      guard let after = afterPlainCharacter(place) else { return count }
      if after == place { return limit }
      place = after
    }
    return limit
  }
}
