import Foundation

/// What a mathematical answer means, as far as answers are compared.
indirect enum MathValue: Sendable {
  case number(MathNumber)
  /// `(1, 2)`, `[0, ∞)`: a pair or an interval, its brackets part of its meaning.
  case tuple(open: Character, [MathValue], close: Character)
  /// `{1, 2}`, and several answers in a line: in any order.
  case set([MathValue])
  /// Parts of a union, in any order.
  case union([MathValue])
  /// What is none of these, without white space and letter case.
  case text(String)

  /// Whether two answers mean the same.
  ///
  /// - Parameter tolerance: by which share of the greater one numbers may differ.
  func equals(_ other: MathValue, tolerance: Double) -> Bool {
    switch (self, other) {
    case (.number(let a), .number(let b)): a.equals(b, tolerance: tolerance)
    case (.tuple(let open, let a, let close), .tuple(let otherOpen, let b, let otherClose)):
      open == otherOpen && close == otherClose && a.count == b.count
        && zip(a, b).allSatisfy { $0.equals($1, tolerance: tolerance) }
    case (.set(let a), .set(let b)), (.union(let a), .union(let b)):
      Self.match(a, b, tolerance: tolerance)
    case (.text(let a), .text(let b)): a == b
    default: false
    }
  }

  /// Whether each of some values has a partner of its own.
  private static func match(_ a: [MathValue], _ b: [MathValue], tolerance: Double) -> Bool {
    guard a.count == b.count else { return false }
    var left = b
    for value in a {
      guard let place = left.firstIndex(where: { $0.equals(value, tolerance: tolerance) }) else {
        return false
      }
      left.remove(at: place)
    }
    return true
  }

  /// One spelling of the value: equal values of the same kind mostly share it.
  var spelling: String {
    switch self {
    case .number(let number): number.spelling
    case .tuple(let open, let values, let close):
      "\(open)\(values.map(\.spelling).joined(separator: ","))\(close)"
    case .set(let values): "{\(values.map(\.spelling).sorted().joined(separator: ","))}"
    case .union(let values): values.map(\.spelling).sorted().joined(separator: "∪")
    case .text(let text): text
    }
  }
}

/// A number, exact where it was written as a decimal.
struct MathNumber: Sendable {
  let value: Double
  /// Sign, digits and power of ten, each number one way; `nil` where it was computed.
  let decimal: String?
  var isPercent = false
  /// Words behind it, in one spelling.
  var unit: String?

  init(computed value: Double) {
    self.value = value
    decimal = nil
  }

  /// - Parameter text: digits with at most one point.
  init?(decimal text: String) {
    guard let value = Double(text), value.isFinite else { return nil }
    self.value = value
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? parts[1] : ""
    var digits = Array(parts[0] + fraction)[...]
    var power = -fraction.count
    while digits.count > 1, digits.first == "0" { digits.removeFirst() }
    while digits.count > 1, digits.last == "0" {
      digits.removeLast()
      power += 1
    }
    decimal = digits == ["0"] || digits.isEmpty ? "0" : "\(String(digits))e\(power)"
  }

  private init(value: Double, decimal: String?) {
    self.value = value
    self.decimal = decimal
  }

  var negated: MathNumber {
    MathNumber(
      value: -value,
      decimal: decimal.map {
        $0 == "0" ? $0 : $0.hasPrefix("-") ? String($0.dropFirst()) : "-\($0)"
      })
  }

  /// `50%` is 0.5 as well as 50: problems ask for either. A unit may be left out, but two that are there must be the same.
  func equals(_ other: MathNumber, tolerance: Double) -> Bool {
    if let unit, let otherUnit = other.unit, unit != otherUnit { return false }
    if isPercent == other.isPercent { return isSame(other, tolerance) }
    let (percent, plain) = isPercent ? (self, other) : (other, self)
    return percent.isSame(plain, tolerance)
      || MathNumber(computed: percent.value / 100).isSame(plain, tolerance)
  }

  /// Decimals beyond what a double holds differ in the last digit too.
  private func isSame(_ other: MathNumber, _ tolerance: Double) -> Bool {
    if let decimal, let otherDecimal = other.decimal, tolerance <= MathGrader.rounding {
      return decimal == otherDecimal
    }
    if value == other.value { return true }
    guard value.isFinite, other.value.isFinite else { return false }
    return abs(value - other.value) <= tolerance * max(abs(value), abs(other.value))
  }

  var spelling: String {
    let text = abs(value) < 1e15 ? String(format: "%.10g", value) : decimal ?? "\(value)"
    return isPercent ? text + "%" : text
  }
}
