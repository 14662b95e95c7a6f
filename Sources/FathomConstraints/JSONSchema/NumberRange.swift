/// Numbers between two bounds as JSON text, exactly: no bound is rounded, and no text of a number
/// outside is let through.
///
/// Bounded numbers are written without an exponent.
struct NumberRange {
  struct Bound {
    var value: Decimal
    var isInclusive: Bool
  }

  var low: Bound?
  var high: Bound?
  var isInteger: Bool

  var expression: Expression {
    var forms: [Expression] = []
    if high.map({ !$0.value.isNegative }) ?? true {
      let least =
        low.flatMap { $0.value.isNegative ? nil : $0 }
        ?? Bound(value: Decimal(digits: [0], fraction: []), isInclusive: true)
      forms.append(magnitudes(from: least, to: high))
    }
    if low.map(\.value.isNegative) ?? true {
      // Nothing is written as -0.
      let least =
        high.flatMap { $0.value.isNegative ? $0.negated : nil }
        ?? Bound(value: Decimal(digits: [0], fraction: []), isInclusive: false)
      forms.append(.sequence([.text("-"), magnitudes(from: least, to: low?.negated)]))
    }
    return .choice(forms)
  }

  /// Digits after the point: enough for the bounds and for ordinary use, and so few that no decimal
  /// fraction is rounded onto an exclusive bound when it is read.
  private func fractionDigits(_ low: Bound, _ high: Bound?) -> Int {
    isInteger ? 0 : max(6, low.value.fraction.count, high?.value.fraction.count ?? 0)
  }

  private func magnitudes(from low: Bound, to high: Bound?) -> Expression {
    let most = JSONRules.integerDigits
    let last = high.map { min($0.value.digits.count, most) } ?? most
    let first = low.value.digits.count
    guard first <= last else { return .nothing }
    let digits = fractionDigits(low, high)
    return .choice(
      (first...last).map { count in
        Digits(
          count: count, fractionDigits: digits,
          low: count == first ? low : nil,
          high: high.flatMap { $0.value.digits.count == count ? $0 : nil }
        ).integerPart(0, tightLow: count == first, tightHigh: high?.value.digits.count == count)
      })
  }
}

/// Numbers with a given count of digits before the point. *Tight* means that all digits so far are
/// those of the bound, so the next one decides.
private struct Digits {
  var count: Int
  var fractionDigits: Int
  var low: NumberRange.Bound?
  var high: NumberRange.Bound?

  func integerPart(_ place: Int, tightLow: Bool, tightHigh: Bool) -> Expression {
    if place == count { return afterInteger(tightLow, tightHigh) }
    return digit(
      low: tightLow ? low?.value.digits[place] : nil,
      high: tightHigh ? high?.value.digits[place] : nil,
      least: place == 0 && count > 1 ? 1 : 0,
      free: .sequence([
        .repeated(JSONRules.digit, min: count - place - 1, max: count - place - 1), freeFraction,
      ])
    ) { integerPart(place + 1, tightLow: $0, tightHigh: $1) }
  }

  private func afterInteger(_ tightLow: Bool, _ tightHigh: Bool) -> Expression {
    var forms: [Expression] = []
    if mayEnd(0, tightLow, tightHigh) { forms.append(.empty) }
    if fractionDigits > 0 {
      forms.append(.sequence([.text("."), fraction(0, tightLow, tightHigh)]))
    }
    return .choice(forms)
  }

  private func fraction(_ place: Int, _ tightLow: Bool, _ tightHigh: Bool) -> Expression {
    guard place < fractionDigits else { return .nothing }
    func bound(_ bound: NumberRange.Bound?) -> UInt8? {
      bound.map { place < $0.value.fraction.count ? $0.value.fraction[place] : 0 }
    }
    return digit(
      low: tightLow ? bound(low) : nil, high: tightHigh ? bound(high) : nil, least: 0,
      free: .repeated(JSONRules.digit, min: 0, max: fractionDigits - place - 1)
    ) { tightLow, tightHigh in
      var forms = [fraction(place + 1, tightLow, tightHigh)]
      if mayEnd(place + 1, tightLow, tightHigh) { forms.append(.empty) }
      return .choice(forms)
    }
  }

  private var freeFraction: Expression {
    fractionDigits == 0
      ? .empty
      : .optional(
        .sequence([.text("."), .repeated(JSONRules.digit, min: 1, max: fractionDigits)]))
  }

  /// Whether a number that ends after `place` digits of the fraction is inside.
  private func mayEnd(_ place: Int, _ tightLow: Bool, _ tightHigh: Bool) -> Bool {
    if tightLow, let low, place < low.value.fraction.count || !low.isInclusive { return false }
    if tightHigh, let high, place >= high.value.fraction.count, !high.isInclusive { return false }
    return true
  }

  /// One digit and what follows it: on the lower bound, on the upper one, on both, or free of them.
  private func digit(
    low: UInt8?, high: UInt8?, least: UInt8, free: Expression,
    then: (_ tightLow: Bool, _ tightHigh: Bool) -> Expression
  ) -> Expression {
    func one(_ digit: UInt8) -> Expression { .bytes([digit + 48]) }
    if let low, let high {
      if low > high { return .nothing }
      if low == high { return .sequence([one(low), then(true, true)]) }
    }
    var forms: [Expression] = []
    if let low { forms.append(.sequence([one(low), then(true, false)])) }
    if let high, high >= least { forms.append(.sequence([one(high), then(false, true)])) }
    let first = max(least, low.map { $0 + 1 } ?? 0)
    let last = high.map { Int($0) - 1 } ?? 9
    if Int(first) <= last {
      forms.append(
        .sequence([
          .scalars(ScalarRanges([UInt32(first) + 48...UInt32(last) + 48])), free,
        ]))
    }
    return .choice(forms)
  }
}

/// A number as its decimal digits.
struct Decimal: Equatable {
  var isNegative = false
  /// Before the point, without leading zeros; `[0]` for none.
  var digits: [UInt8]
  /// After the point, without trailing zeros.
  var fraction: [UInt8]
}

extension Decimal {
  init(_ value: Int) {
    self.init(
      isNegative: value < 0, digits: String(value.magnitude).utf8.map { $0 &- 48 }, fraction: [])
  }

  /// The shortest decimal that is read as `value`; `nil` for what has no reasonable one.
  init?(_ value: Double) {
    guard value.isFinite, value.magnitude < 1e18, value == 0 || value.magnitude > 1e-12 else {
      return nil
    }
    let parts = "\(value.magnitude)".split(separator: "e")
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".")
    var digits = mantissa[0].utf8.map { $0 &- 48 }
    var fraction = mantissa.count > 1 ? mantissa[1].utf8.map { $0 &- 48 } : []
    for _ in 0..<max(0, exponent) { digits.append(fraction.isEmpty ? 0 : fraction.removeFirst()) }
    for _ in 0..<max(0, -exponent) { fraction.insert(digits.popLast() ?? 0, at: 0) }
    while digits.first == 0 { digits.removeFirst() }
    while fraction.last == 0 { fraction.removeLast() }
    if digits.isEmpty { digits = [0] }
    self.init(
      isNegative: value < 0, digits: digits, fraction: fraction)
  }

  var isInteger: Bool { fraction.isEmpty }
}

extension NumberRange.Bound {
  fileprivate var negated: NumberRange.Bound {
    var bound = self
    bound.value.isNegative.toggle()
    return bound
  }
}
