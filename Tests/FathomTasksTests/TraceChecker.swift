/// Holds written arithmetic against the numbers it is about, without the code that wrote it.
///
/// Every method says what is wrong, or nil.
enum TraceChecker {
  /// `347+285: 7+5+0=12 4+8+1=13 3+2+1=06 >632`, and the lines that take a product or a quotient apart.
  static func complaint(aboutArithmetic line: String) -> String? {
    guard let colon = line.range(of: ": ") else { return complaint(aboutRewriting: line) }
    guard let (a, sign, b) = operands(line[..<colon.lowerBound]) else {
      return "no operation: \(line)"
    }
    var parts = line[colon.upperBound...].split(separator: " ").map(String.init)
    guard let last = parts.popLast(), last.first == ">" else { return "no result: \(line)" }
    let result = String(last.dropFirst())
    switch sign {
    case "+": return sum(a, b, parts, result).map { "\($0): \(line)" }
    case "-": return difference(a, b, parts, result).map { "\($0): \(line)" }
    case "x": return product(a, b, parts, result).map { "\($0): \(line)" }
    case "/": return quotient(a, b, parts, result).map { "\($0): \(line)" }
    case "?":
      let heads = line[..<colon.lowerBound].split(separator: "?").map(String.init)
      return comparison(heads, parts).map { "\($0): \(line)" }
        ?? (result == "\(max(a, b))" ? nil : "wrong result: \(line)")
    default: return "unknown operation: \(line)"
    }
  }

  static func operands(_ text: Substring) -> (Int, Character, Int)? {
    guard let place = text.firstIndex(where: { "+-x/?".contains($0) }), let a = Int(text[..<place]),
      let b = Int(text[text.index(after: place)...])
    else { return nil }
    return (a, text[place], b)
  }

  /// Digits of a number, the last one first, zeros behind its end.
  private static func digit(_ value: Int, _ place: Int) -> Int {
    let digits = Array(String(value).reversed())
    return place < digits.count ? digits[place].wholeNumberValue! : 0
  }

  private static func numbers(_ text: String) -> [Int] {
    text.split { !$0.isNumber }.map { Int($0)! }
  }

  private static func sum(_ a: Int, _ b: Int, _ parts: [String], _ result: String) -> String? {
    guard parts.count == max("\(a)".count, "\(b)".count) else { return "wrong number of columns" }
    var (carry, digits) = (0, "")
    for (place, part) in parts.enumerated() {
      let (x, y) = (digit(a, place), digit(b, place))
      let total = x + y + carry
      guard part == "\(x)+\(y)+\(carry)=\(total < 10 ? "0" : "")\(total)" else {
        return "wrong column \(part)"
      }
      carry = total / 10
      digits = "\(total % 10)" + digits
    }
    return Int("\(carry)" + digits) == Int(result) && result == "\(a + b)" ? nil : "wrong result"
  }

  private static func difference(_ a: Int, _ b: Int, _ parts: [String], _ result: String) -> String?
  {
    guard parts.count == "\(a)".count else { return "wrong number of columns" }
    var (borrow, digits) = (0, "")
    for (place, part) in parts.enumerated() {
      let (x, y) = (digit(a, place), digit(b, place))
      let found = Array(part)
      guard part.hasPrefix("\(x)-\(y)-\(borrow)="), found.count == 8,
        let next = found[6].wholeNumberValue,
        let left = found[7].wholeNumberValue, (0...1).contains(next),
        x - y - borrow == left - 10 * next
      else { return "wrong column \(part)" }
      borrow = next
      digits = "\(left)" + digits
    }
    return borrow == 0 && Int(digits) == Int(result) && result == "\(a - b)" ? nil : "wrong result"
  }

  private static func product(_ a: Int, _ b: Int, _ parts: [String], _ result: String) -> String? {
    let zeros = "\(b)".reversed().prefix { $0 == "0" }.count
    guard parts.prefix(zeros).allSatisfy({ $0 == "0" }), parts.count == zeros + "\(a)".count else {
      return "wrong number of columns"
    }
    let factor = Int("\(b)".dropLast(zeros))!
    guard factor < 10 else { return "factor of several digits" }
    var (carry, digits) = (0, String(repeating: "0", count: zeros))
    for (place, part) in parts.dropFirst(zeros).enumerated() {
      let x = digit(a, place)
      let total = x * factor + carry
      guard part == "\(x)x\(factor)+\(carry)=\(total < 10 ? "0" : "")\(total)" else {
        return "wrong column \(part)"
      }
      carry = total / 10
      digits = "\(total % 10)" + digits
    }
    return Int("\(carry)" + digits) == Int(result) && result == "\(a * b)" ? nil : "wrong result"
  }

  private static func quotient(_ a: Int, _ b: Int, _ parts: [String], _ result: String) -> String? {
    guard (1...9).contains(b), parts.count == "\(a)".count else { return "wrong number of columns" }
    var (rest, digits) = (0, "")
    for (place, part) in parts.enumerated() {
      let next = digit(a, parts.count - 1 - place)
      let whole = rest * 10 + next
      guard part == "\(rest)\(next)/\(b)=\(whole / b)r\(whole % b)" else {
        return "wrong column \(part)"
      }
      digits += "\(whole / b)"
      rest = whole % b
    }
    guard Int(digits) == a / b else { return "wrong digits" }
    if result == "\(a / b)r\(a % b)" { return nil }
    return result == "\(a / b)" && a % b == 0 ? nil : "wrong result"
  }

  /// `347<572? 3<5 yes`
  static func test(_ head: String, _ columns: [String], _ verdict: String, of value: Int) -> String?
  {
    guard let sign = head.first(where: { "<>".contains($0) }) else {
      return "nothing asked: \(head)"
    }
    let heads = head.dropLast().split(separator: sign).map(String.init)
    if let complaint = comparison(heads, columns) { return complaint }
    let (a, b) = (Int(heads[0])!, Int(heads[1])!)
    guard a == value else { return "asks about \(a) behind \(value)" }
    return verdict == ((sign == "<" ? a < b : a > b) ? "yes" : "no") ? nil : "wrong verdict"
  }

  /// `347?085: 3>0`
  private static func comparison(_ heads: [String], _ parts: [String]) -> String? {
    guard heads.count == 2, heads[0].count == heads[1].count, !parts.isEmpty else {
      return "widths differ"
    }
    let columns = Array(zip(heads[0], heads[1]))
    for (place, part) in parts.enumerated() {
      guard place < columns.count else { return "too many columns" }
      let (x, y) = columns[place]
      let sign = x == y ? "=" : x < y ? "<" : ">"
      guard part == "\(x)\(sign)\(y)" else { return "wrong column \(part)" }
      guard (x == y) || place == parts.count - 1 else {
        return "goes on behind the deciding column"
      }
    }
    let decided = parts.last!.contains("<") || parts.last!.contains(">")
    return decided || parts.count == columns.count ? nil : "undecided"
  }

  /// `347x26=347x6+347x20`, `420/60=42/6`
  private static func complaint(aboutRewriting line: String) -> String? {
    let sides = line.split(separator: "=").map(String.init)
    guard sides.count == 2, let (a, sign, b) = operands(sides[0][...]) else {
      return "not arithmetic: \(line)"
    }
    if sign == "x" {
      let terms = sides[1].split(separator: "+").map { operands($0) }
      guard terms.allSatisfy({ $0?.0 == a && $0?.1 == "x" }) else { return "wrong parts: \(line)" }
      return terms.reduce(0, { $0 + $1!.2 }) == b ? nil : "wrong parts: \(line)"
    }
    guard sign == "/", case (let c, "/", let d)? = operands(sides[1][...]), a * d == b * c else {
      return "wrong rewriting: \(line)"
    }
    return nil
  }
}

extension StringProtocol {
  /// Where a short text first stands.
  func range(of part: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
      start = index(after: start)
    }
    return nil
  }
}
