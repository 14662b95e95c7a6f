import Testing

@testable import FathomTasks

@Suite struct CountdownProblemsTests {
  private func problems(_ count: Int, level: Double = 1) -> [Problem] {
    let family = CountdownProblems(level: level)
    return (0..<count).map { family.problem(seed: 7, index: UInt64($0)) }
  }

  @Test(arguments: [
    ("(8-3)*7+2", 37, [8, 3, 7, 2]), ("8*7+20", 76, [8, 7, 20]), ("100/5/2", 10, [100, 5, 2]),
    ("((((5))))", 5, [5]),
    ("2+3x4", 14, [2, 3, 4]), (" 2 * ( 3 + 4 ) ", 14, [2, 3, 4]), ("3-8+10", 5, [3, 8, 10]),
    ("0/5", 0, [0, 5]),
  ])
  func `expressions are read`(text: String, value: Int, numbers: [Int]) {
    #expect(Expression(text)?.value == value)
    #expect(Expression(text)?.numbers == numbers)
  }

  @Test(arguments: [
    "", "()", "(", ")", "1+", "+1", "-1", "1 2", "1//2", "7/2", "1/0", "0/0", "1/(2-2)", "(1", "1)",
    "1.5", "2**3", "2^3", "a",
    "999999*999999", "1000000", "99999999999999999999", "999999*999*999", "2(3)", "(2)(3)", "１+1",
    "1+1=2", "1\u{0}+1",
    "1+\u{301}1", "x", "*", "3×4", "--1", "((1)", "1+1;", "$1", "0x10+1x", "1e5",
  ])
  func `what is no expression is refused`(text: String) { #expect(Expression(text) == nil) }

  @Test func `a hostile expression neither traps nor takes long`() {
    for length in [79, 80, 81, 100_000] {
      for unit in ["(", "9", "1+", "9*", "1/", "(1+", "-", "x", "()", " "] {
        let text = String(String(repeating: unit, count: length).prefix(length))
        #expect(Expression(text).map { abs($0.value) < 1_000_000 } ?? true)
      }
    }
    var random = TaskRandom(seed: 1, index: 2)
    let alphabet = Array("0123456789+-*/x() ")
    for _ in 0..<20_000 {
      let text = String(
        (0..<Int.random(in: 0...20, using: &random)).map { _ in random.pick(alphabet) })
      if let expression = Expression(text) {
        #expect(expression.value == evaluate(text), "\(text)")
      }
    }
  }

  @Test func `an answer uses the given numbers, each at most once`() {
    let accepts = { CountdownProblems.accepts($0, target: 24, numbers: [3, 3, 8, 2]) }
    for text in ["3*8", "8*3", "(8-2)*3+3+3-3", "3*(8)", "8*2+3+3+2", "(3+3)*8/2"] {
      #expect(accepts(text) == ["3*8", "8*3", "3*(8)", "(3+3)*8/2"].contains(text), "\(text)")
    }
    for text in ["24", "4*6", "3*8*1", "3*8=24", "25-1", "3*3+8*2-1"] {
      #expect(!accepts(text), "\(text)")
    }
  }

  @Test func `problems are within bounds and their answers use only what is given`() {
    for problem in problems(4000) {
      let (numbers, target) = Self.given(problem.prompt)
      #expect((3...4).contains(numbers.count) && (10...200).contains(target))
      #expect(numbers.allSatisfy { (1...50).contains($0) } && !numbers.contains(target))
      #expect(evaluate(problem.answer) == target, "\(problem.prompt) \(problem.answer)")
      var left = numbers
      for used in Self.numbers(problem.answer) {
        let index = left.firstIndex(of: used)
        #expect(index != nil, "\(problem.prompt) \(problem.answer)")
        if let index { left.remove(at: index) }
      }
    }
  }

  /// Each step is true; `yes` and `no` are; what is left is listed rightly; the way back ends in the answer.
  @Test func `traces are honest`() {
    for problem in problems(4000) {
      let (numbers, target) = Self.given(problem.prompt)
      let complaint = Self.complaint(problem.reasoning, numbers, target, problem.answer)
      #expect(complaint == nil, "\(problem.prompt)\n\(problem.reasoning)\n\(problem.answer)")
      #expect(problem.reasoning.utf8.count <= CountdownProblems.mostTraceBytes)
    }
  }

  @Test func `some searches go back, some find the way at once`() {
    let counts = problems(2000).map { $0.reasoning.split(separator: "\n").count }
    #expect(counts.filter { $0 <= 5 }.count > 200)
    #expect(counts.filter { $0 >= 8 }.count > 200)
    #expect(problems(2000).filter { $0.reasoning.contains("back to") }.count > 20)
  }

  private static func given(_ prompt: String) -> (numbers: [Int], target: Int) {
    let all = numbers(prompt.lowercased())
    let isFirst = ["reach", "make", "get"].contains { prompt.lowercased().hasPrefix($0) }
    return isFirst ? (Array(all.dropFirst()), all[0]) : (Array(all.dropLast()), all.last!)
  }

  private static func numbers(_ text: some StringProtocol) -> [Int] {
    text.split { !$0.isNumber }.map { Int($0)! }
  }

  private static func complaint(_ trace: String, _ given: [Int], _ target: Int, _ answer: String)
    -> String?
  {
    let lines = trace.split(separator: "\n").map(String.init)
    guard lines[0] == "\(target): " + given.sorted(by: >).map(String.init).joined(separator: " ")
    else { return "wrong start" }
    guard lines.last == "\(target)=\(answer)" else { return "wrong end" }
    var pairs: Set<Int> = []
    var (outer, current, goal) = (given, given, target)
    for line in lines.dropFirst() {
      if line.hasPrefix("back to ") {
        (current, goal) = (outer, target)
        guard line == "back to \(target)" else { return "back to what? \(line)" }
      } else if let colon = line.range(of: ":"), let number = Int(line[..<colon.lowerBound]) {
        // `8: 7+3=10 7-3=4 7*3=21`
        guard let rest = without(number, current), rest.count == 2 else {
          return "wrong rest: \(line)"
        }
        pairs = []
        for part in line[colon.upperBound...].split(separator: " ") where part != "yes" {
          let sides = part.split(separator: "=")
          guard evaluate(String(sides[0])) == Int(sides[1]),
            numbers(sides[0]).sorted() == rest.sorted()
          else { return "wrong pair \(part)" }
          pairs.insert(Int(sides[1])!)
        }
        guard line.hasSuffix("yes") == pairs.contains(goal) else { return "yes or no? \(line)" }
      } else if let colon = line.range(of: ":") {
        // `76-20=56: 8 7 3`
        let sides = line[..<colon.lowerBound].split(separator: "=")
        let rest = numbers(line[colon.upperBound...])
        guard evaluate(String(sides[0])) == Int(sides[1]) else { return "wrong goal: \(line)" }
        (outer, current, goal) = (given, rest, Int(sides[1])!)
        let used = numbers(sides[0]).filter { $0 != target || given.contains($0) }
        guard used.contains(where: { without($0, given)?.sorted() == rest.sorted() }) else {
          return "wrong rest: \(line)"
        }
      } else if line.hasSuffix(" yes") || line.hasSuffix(" no") {
        let words = line.split(separator: " ").map(String.init)
        if words.count == 2, let found = Int(words[0]) {
          guard found == goal, current.contains(found) else { return "not there: \(line)" }
          continue
        }
        for index in stride(from: 0, to: words.count, by: 2) {
          let sides = words[index].split(separator: "=").map(String.init)
          guard evaluate(sides[0]) == Int(sides[1]) else { return "wrong step: \(line)" }
          guard (words[index + 1] == "yes") == pairs.contains(Int(sides[1])!) else {
            return "yes or no? \(line)"
          }
        }
      } else {
        let sides = line.split(separator: "=").map(String.init)
        guard sides.count == 2, evaluate(sides[1]) == Int(sides[0]) else {
          return "wrong way back: \(line)"
        }
      }
    }
    return nil
  }

  private static func without(_ number: Int, _ numbers: [Int]) -> [Int]? {
    guard let index = numbers.firstIndex(of: number) else { return nil }
    var rest = numbers
    rest.remove(at: index)
    return rest
  }
}

/// The value of an expression, by two stacks: nothing shared with the reader it checks.
private func evaluate(_ text: String) -> Int? {
  var values: [Int] = []
  var signs: [Character] = []
  func reduce() -> Bool {
    guard let sign = signs.popLast(), let b = values.popLast(), let a = values.popLast() else {
      return false
    }
    switch sign {
    case "+": values.append(a + b)
    case "-": values.append(a - b)
    case "*", "x": values.append(a * b)
    case "/":
      guard b != 0, a % b == 0 else { return false }
      values.append(a / b)
    default: return false
    }
    return true
  }
  func weight(_ sign: Character) -> Int { "*/x".contains(sign) ? 2 : "+-".contains(sign) ? 1 : 0 }
  var number: Int?
  for character in text + " " {
    if let digit = character.wholeNumberValue {
      number = (number ?? 0) * 10 + digit
      continue
    }
    if let found = number { values.append(found) }
    number = nil
    switch character {
    case " ": continue
    case "(": signs.append("(")
    case ")":
      while let last = signs.last, last != "(" { guard reduce() else { return nil } }
      guard signs.popLast() == "(" else { return nil }
    default:
      while let last = signs.last, weight(last) >= weight(character) {
        guard reduce() else { return nil }
      }
      signs.append(character)
    }
  }
  while !signs.isEmpty { guard reduce() else { return nil } }
  return values.count == 1 ? values[0] : nil
}
