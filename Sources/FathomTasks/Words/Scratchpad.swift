/// Written arithmetic in the form that a small model learns: each step looks up single digits, and every carry is on paper.
///
/// One line is one operation, its columns in the order of working, its result behind `>`:
///
///     347+285: 7+5+0=12 4+8+1=13 3+2+1=06 >632    digit+digit+carry = carry, digit; last column first
///     632-285: 2-5-0=17 3-8-1=14 6-2-1=03 >347    digit-digit-borrow = borrow, digit
///     347x6: 7x6+0=42 4x6+4=28 3x6+2=20 >2082     digit x digit+carry = carry, digit
///     347x20: 0 7x2+0=14 4x2+1=09 3x2+0=06 >6940  the zeros of the multiplier first
///     2082/6: 02/6=0r2 20/6=3r2 28/6=4r4 42/6=7r0 >347
///     347?352: 3=3 4<5 >352                       first column first, the larger one wins
///     347>352? 3=3 4<5 no                         the same, put as a question
///
/// A multiplier of several digits is taken apart (`347x26=347x6+347x20`), a divisor loses its zeros (`420/60=42/6`).
struct Scratchpad: Sendable {
  private(set) var lines: [String] = []

  var text: String { lines.joined(separator: "\n") }

  mutating func note(_ line: String) { lines.append(line) }

  mutating func sum(_ a: Int, _ b: Int) -> Int {
    var columns = ""
    var carry = 0
    for place in 0..<max(Self.width(of: a), Self.width(of: b)) {
      let (x, y) = (Self.digit(of: a, place), Self.digit(of: b, place))
      let total = x + y + carry
      columns += " \(x)+\(y)+\(carry)=\(total / 10)\(total % 10)"
      carry = total / 10
    }
    lines.append("\(a)+\(b):\(columns) >\(a + b)")
    return a + b
  }

  /// `a - b`, for `a >= b`.
  mutating func difference(_ a: Int, _ b: Int) -> Int {
    precondition(a >= b && b >= 0, "no written difference \(a)-\(b)")
    var columns = ""
    var borrow = 0
    for place in 0..<Self.width(of: a) {
      let (x, y) = (Self.digit(of: a, place), Self.digit(of: b, place))
      let left = x - y - borrow
      columns += " \(x)-\(y)-\(borrow)=\(left < 0 ? 1 : 0)\((left + 10) % 10)"
      borrow = left < 0 ? 1 : 0
    }
    lines.append("\(a)-\(b):\(columns) >\(a - b)")
    return a - b
  }

  /// `a * b`: the factor with fewer digits multiplies, digit by digit.
  mutating func product(_ a: Int, _ b: Int) -> Int {
    let (many, few) = Self.width(of: a) >= Self.width(of: b) ? (a, b) : (b, a)
    var parts: [Int] = []
    var unit = 1
    for place in 0..<Self.width(of: few) {
      let digit = Self.digit(of: few, place)
      if digit > 0 { parts.append(digit * unit) }
      unit *= 10
    }
    precondition(!parts.isEmpty, "no written product \(a)x\(b)")
    if parts.count > 1 {
      lines.append("\(many)x\(few)=" + parts.map { "\(many)x\($0)" }.joined(separator: "+"))
    }
    for part in parts { multiply(many, by: part) }
    var total = many * parts[0]
    for part in parts.dropFirst() { total = sum(total, many * part) }
    return total
  }

  /// One line: `part` has a single digit that is not zero.
  private mutating func multiply(_ many: Int, by part: Int) {
    var columns = ""
    var digit = part
    while digit % 10 == 0 {
      columns += " 0"
      digit /= 10
    }
    var carry = 0
    for place in 0..<Self.width(of: many) {
      let x = Self.digit(of: many, place)
      let total = x * digit + carry
      columns += " \(x)x\(digit)+\(carry)=\(total / 10)\(total % 10)"
      carry = total / 10
    }
    lines.append("\(many)x\(part):\(columns) >\(many * part)")
  }

  /// `a / b` without a remainder. Behind its zeros, `b` has one digit.
  mutating func quotient(_ a: Int, _ b: Int) -> Int {
    let (quotient, remainder) = divide(a, b, showsRemainder: false)
    precondition(remainder == 0, "\(a)/\(b) leaves \(remainder)")
    return quotient
  }

  /// `a / b` and what remains, written `>14r2`. `b` has one digit.
  mutating func division(_ a: Int, _ b: Int) -> (quotient: Int, remainder: Int) {
    divide(a, b, showsRemainder: true)
  }

  private mutating func divide(_ dividend: Int, _ divisor: Int, showsRemainder: Bool) -> (Int, Int)
  {
    var (a, b) = (dividend, divisor)
    while b >= 10, a % 10 == 0, b % 10 == 0 { (a, b) = (a / 10, b / 10) }
    precondition((1...9).contains(b), "no written quotient \(dividend)/\(divisor)")
    if b != divisor { lines.append("\(dividend)/\(divisor)=\(a)/\(b)") }
    var columns = ""
    var remainder = 0
    for place in (0..<Self.width(of: a)).reversed() {
      let digit = Self.digit(of: a, place)
      let part = remainder * 10 + digit
      columns += " \(remainder)\(digit)/\(b)=\(part / b)r\(part % b)"
      remainder = part % b
    }
    lines.append("\(a)/\(b):\(columns) >\(a / b)" + (showsRemainder ? "r\(remainder)" : ""))
    return (a / b, remainder)
  }

  /// The larger of two different numbers.
  mutating func larger(_ a: Int, _ b: Int) -> Int {
    lines.append(Self.comparison(a, "?", b) + " >\(max(a, b))")
    return max(a, b)
  }

  /// What is asked of two numbers, `<` or `>`, put as a question and answered: `348<572? 3<5 yes`.
  static func test(_ a: Int, _ relation: Relation, _ b: Int) -> (text: String, holds: Bool) {
    let holds = relation == .less ? a < b : a > b
    return (comparison(a, relation.rawValue, b) + (holds ? " yes" : " no"), holds)
  }

  enum Relation: String {
    case less = "<"
    case more = ">"
  }

  /// `347?085: 3>0`: both as wide as the wider one, then the columns up to the one that decides.
  private static func comparison(_ a: Int, _ sign: String, _ b: Int) -> String {
    let width = max(width(of: a), width(of: b))
    func padded(_ value: Int) -> String {
      (0..<width).reversed().map { String(digit(of: value, $0)) }.joined()
    }
    var text = "\(padded(a))\(sign)\(padded(b))" + (sign == "?" ? ":" : "?")
    for place in (0..<width).reversed() {
      let (x, y) = (digit(of: a, place), digit(of: b, place))
      text += " \(x)\(x == y ? "=" : x < y ? "<" : ">")\(y)"
      if x != y { break }
    }
    return text
  }

  private static func width(of value: Int) -> Int { value < 10 ? 1 : 1 + width(of: value / 10) }

  private static func digit(of value: Int, _ place: Int) -> Int {
    place == 0 ? value % 10 : digit(of: value / 10, place - 1)
  }
}
