/// A day of the Gregorian calendar, read from and written in the four forms that records use most.
public struct MappingDate: Sendable, Equatable {
  public enum Format: String, Sendable, CaseIterable {
    /// `YYYY-MM-DD`
    case iso
    /// `YYYYMMDD`
    case basic
    /// `DD.MM.YYYY`
    case dotted
    /// `MM/DD/YYYY`
    case slashed

    public var pattern: String {
      switch self {
      case .iso: "YYYY-MM-DD"
      case .basic: "YYYYMMDD"
      case .dotted: "DD.MM.YYYY"
      case .slashed: "MM/DD/YYYY"
      }
    }
  }

  public let year: Int
  public let month: Int
  public let day: Int

  /// `nil` for days that the calendar lacks and for years beyond 9999.
  public init?(year: Int, month: Int, day: Int) {
    guard (0...9999).contains(year), (1...12).contains(month),
      (1...Self.days(inMonth: month, of: year)).contains(day)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// Reads any of the four forms. No text fits two of them.
  public init?(_ text: String) {
    let bytes = Array(text.utf8.prefix(11))
    for format in Format.allCases {
      let pattern = Array(format.pattern.utf8)
      guard pattern.count == bytes.count else { continue }
      var (year, month, day) = (0, 0, 0)
      var fits = true
      for (byte, sign) in zip(bytes, pattern) {
        let digit = Int(byte) - 0x30
        let isDigit = (0...9).contains(digit)
        switch sign {
        case UInt8(ascii: "Y") where isDigit: year = year * 10 + digit
        case UInt8(ascii: "M") where isDigit: month = month * 10 + digit
        case UInt8(ascii: "D") where isDigit: day = day * 10 + digit
        default: fits = fits && byte == sign && !isDigit && sign < UInt8(ascii: "A")
        }
      }
      if fits {
        self.init(year: year, month: month, day: day)
        return
      }
    }
    return nil
  }

  public func text(_ format: Format) -> String {
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let (year, month, day) = (padded(year, 4), padded(month, 2), padded(day, 2))
    return switch format {
    case .iso: "\(year)-\(month)-\(day)"
    case .basic: "\(year)\(month)\(day)"
    case .dotted: "\(day).\(month).\(year)"
    case .slashed: "\(month)/\(day)/\(year)"
    }
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
