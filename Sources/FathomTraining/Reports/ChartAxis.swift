import Foundation

/// The range of an axis, and the round values that are written beside it.
struct ChartAxis {
  private let low: Double
  private let high: Double
  private let isLogarithmic: Bool
  private(set) var ticks: [(value: Double, label: String)] = []

  private static let mostTicks = 9

  init(_ values: [Double], isLogarithmic: Bool) {
    self.isLogarithmic = isLogarithmic
    var low = values.min() ?? (isLogarithmic ? 1 : 0)
    var high = values.max() ?? (isLogarithmic ? 10 : 1)
    if isLogarithmic {
      (low, high) = (Self.roundValue(below: low), Self.roundValue(above: high))
      if high < low * 1.01 { (low, high) = (low / 1.5, high * 1.5) }
      self.low = log10(low)
      self.high = log10(high)
      let tickValues = Self.logarithmicTicks(low, high)
      ticks = tickValues.map { ($0, Self.label($0)) }
    } else {
      if high - low < 1e-12 * max(abs(low), abs(high), 1e-300) || high == low {
        (low, high) = (low - 0.5, high + 0.5)
      }
      let step = Self.roundStep(high - low)
      low = (low / step).rounded(.down) * step
      high = (high / step).rounded(.up) * step
      self.low = low
      self.high = high
      let count = Int(((high - low) / step).rounded())
      ticks = (0...count).map {
        let value = low + Double($0) * step
        return (value, Self.label(abs(value) < step * 1e-9 ? 0 : value))
      }
    }
  }

  /// 0 at the low end, 1 at the high.
  func share(_ value: Double) -> Double {
    ((isLogarithmic ? log10(value) : value) - low) / (high - low)
  }

  /// The greatest of some round values that is not above a positive one.
  private static func roundValue(below value: Double) -> Double {
    let power = pow(10, floor(log10(value * 1.0001)))
    return (roundMultiples.last { $0 * power <= value * 1.0001 } ?? 1) * power
  }

  private static func roundValue(above value: Double) -> Double {
    let power = pow(10, floor(log10(value * 1.0001)))
    return ((roundMultiples + [10]).first { $0 * power >= value * 0.9999 } ?? 10) * power
  }

  private static let roundMultiples = [1, 1.2, 1.5, 2, 3, 5, 7]

  /// 1, 2 or 5 times a power of ten: four to nine steps in the range.
  private static func roundStep(_ range: Double) -> Double {
    let power = pow(10, floor(log10(range / 5)))
    let multiple = [1.0, 2, 5, 10].first { range / ($0 * power) <= 6 } ?? 10
    return multiple * power
  }

  /// Powers of ten, with their multiples where there are few; even steps where there are nearly none.
  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    let exponents = Int(floor(log10(low)))...Int(ceil(log10(high)))
    for multiples in [[1.0, 2, 3, 5, 7], [1.0, 2, 5], [1.0, 3], [1.0]] {
      let ticks = exponents.flatMap { exponent in
        multiples.map { $0 * pow(10, Double(exponent)) }
      }.filter { $0 >= low * 0.9999 && $0 <= high * 1.0001 }
      if ticks.count < 3 { break }
      if ticks.count <= mostTicks { return ticks }
    }
    let decades = exponents.map { pow(10, Double($0)) }.filter { $0 >= low && $0 <= high }
    if decades.count > mostTicks {
      let stride = (decades.count + mostTicks - 1) / mostTicks
      return decades.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }
    let step = roundStep(high - low)
    return Array(stride(from: (low / step).rounded(.up) * step, through: high * 1.0001, by: step))
      .filter { $0 > 0 }
  }

  /// `0.25`, `3`, `12k`, `1e-05`
  private static func label(_ value: Double) -> String {
    switch abs(value) {
    case 1_000_000...: String(format: "%g", value / 1_000_000) + "M"
    case 10_000...: String(format: "%g", value / 1000) + "k"
    default: String(format: "%.4g", value)
    }
  }
}
