/// A set of Unicode scalars: what a character class of a pattern or a grammar means.
///
/// Surrogates are never members: they have no UTF-8.
struct ScalarRanges: Hashable, Sendable {
  /// Ascending, disjoint, not touching.
  private(set) var ranges: [ClosedRange<UInt32>]

  static let all = ScalarRanges([0...0x10FFFF])
  static let none = ScalarRanges([])

  init(_ unordered: [ClosedRange<UInt32>]) {
    ranges = []
    var sorted: [ClosedRange<UInt32>] = []
    for range in unordered {
      if range.lowerBound < 0xD800 {
        sorted.append(range.lowerBound...min(range.upperBound, 0xD7FF))
      }
      if range.upperBound > 0xDFFF, range.lowerBound <= 0x10FFFF {
        sorted.append(max(range.lowerBound, 0xE000)...min(range.upperBound, 0x10FFFF))
      }
    }
    sorted.sort { $0.lowerBound < $1.lowerBound }
    for range in sorted {
      if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

  /// The scalars of `text`.
  init(of text: String) { self.init(text.unicodeScalars.map { $0.value...$0.value }) }

  var isEmpty: Bool { ranges.isEmpty }

  var complement: ScalarRanges {
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
    return ScalarRanges(gaps)
  }

  func union(_ other: ScalarRanges) -> ScalarRanges { ScalarRanges(ranges + other.ranges) }

  func intersection(_ other: ScalarRanges) -> ScalarRanges {
    complement.union(other.complement).complement
  }

  func subtracting(_ other: ScalarRanges) -> ScalarRanges { intersection(other.complement) }

  func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }
}

extension ScalarRanges {
  /// The UTF-8 of the set: each element is one range of bytes for every byte of a character.
  ///
  /// A range of scalars is cut until all its first bytes go with all its second bytes and so on;
  /// nothing but well-formed UTF-8 comes out.
  var byteSequences: [[ClosedRange<UInt8>]] {
    var sequences: [[ClosedRange<UInt8>]] = []
    var pending = Array(ranges.reversed())
    next: while let range = pending.popLast() {
      let (low, high) = (range.lowerBound, range.upperBound)
      for last in [0x7F, 0x7FF, 0xFFFF] as [UInt32] where low <= last && high > last {
        pending.append(last + 1...high)
        pending.append(low...last)
        continue next
      }
      let count = low < 0x80 ? 1 : low < 0x800 ? 2 : low < 0x10000 ? 3 : 4
      for place in 1..<count {
        let tail: UInt32 = 1 << (6 * UInt32(place)) - 1
        guard low & ~tail != high & ~tail else { continue }
        if low & tail != 0 {
          pending.append((low | tail) + 1...high)
          pending.append(low...(low | tail))
          continue next
        }
        if high & tail != tail {
          pending.append(high & ~tail...high)
          pending.append(low...(high & ~tail) - 1)
          continue next
        }
      }
      sequences.append(
        zip(Self.utf8(low, count), Self.utf8(high, count)).map { first, last in first...last })
    }
    return sequences
  }

  private static func utf8(_ scalar: UInt32, _ count: Int) -> [UInt8] {
    let lead: [UInt32] = [0, 0xC0, 0xE0, 0xF0]
    return (0..<count).map { index in
      let bits = scalar >> (6 * UInt32(count - 1 - index))
      return UInt8(truncatingIfNeeded: index == 0 ? lead[count - 1] | bits : 0x80 | bits & 0x3F)
    }
  }
}
