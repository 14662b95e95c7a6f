/// A depth-first search that works backwards from the target, and writes down what it does.
///
///     76: 20 8 7 3                     the goal, and what is left for it, largest first
///     76-20=56: 8 7 3                  with 20 put aside, 56 is the goal for the rest
///     8: 7+3=10 7-3=4 7*3=21           without 8: all that the other two make
///     56-8=48 no 56/8=7 no 56+8=64 no  is one of those what 8 needs?
///     7: 8+3=11 8-3=5 8*3=24
///     56-7=49 no 56/7=8 no 56+7=63 no
///     3: 8+7=15 8-7=1 8*7=56 yes       the goal itself
///     56=8*7
///     76=8*7+20                        the way back, one goal at a time
///
/// The order is fixed: numbers from the largest, for each `goal-n` (or `n-goal`), `goal/n`, `goal+n`. Multiplication
/// and division only by numbers up to 12, so that each step is a fact that can be known by heart. Goals that need
/// a quotient at the end (`goal*n`) are not tried.
struct CountdownSearch {
  private(set) var lines: [String] = []
  private let mostBytes: Int
  private var bytes = 0

  /// Gives up when the trace is longer than `mostBytes`.
  init(mostBytes: Int) { self.mostBytes = mostBytes }

  /// An expression for the goal, or nil.
  mutating func solve(_ goal: Int, from numbers: [Int]) -> Term? {
    let numbers = numbers.sorted(by: >)
    write("\(goal): \(Self.list(numbers))")
    return search(goal, numbers)
  }

  private mutating func search(_ goal: Int, _ numbers: [Int]) -> Term? {
    if numbers.count == 3 { return searchTriple(goal, numbers) }
    for (index, number) in numbers.enumerated() where index == 0 || numbers[index - 1] != number {
      var rest = numbers
      rest.remove(at: index)
      for move in Self.moves(goal, number) {
        write("\(move.text): \(Self.list(rest))")
        guard bytes <= mostBytes else { return nil }
        if rest.contains(move.value) {
          write("\(move.value) yes")
          return finish(goal, move.wrap(Term(move.value), number))
        }
        if let term = search(move.value, rest) { return finish(goal, move.wrap(term, number)) }
        guard bytes <= mostBytes else { return nil }
        write("back to \(goal)")
      }
    }
    return nil
  }

  private mutating func searchTriple(_ goal: Int, _ numbers: [Int]) -> Term? {
    for (index, number) in numbers.enumerated() where index == 0 || numbers[index - 1] != number {
      guard bytes <= mostBytes else { return nil }
      var rest = numbers
      rest.remove(at: index)
      let pairs = Self.pairs(rest[0], rest[1])
      var line = "\(number):"
      for pair in pairs {
        line += " \(pair.text)=\(pair.value)"
        if pair.value == goal {
          write(line + " yes")
          return finish(goal, pair)
        }
      }
      write(line)
      line = ""
      for move in Self.moves(goal, number) {
        line += (line.isEmpty ? "" : " ") + "\(move.text) "
        if let pair = pairs.first(where: { $0.value == move.value }) {
          write(line + "yes")
          return finish(goal, move.wrap(finish(move.value, pair), number))
        }
        line += "no"
      }
      if !line.isEmpty { write(line) }
    }
    return nil
  }

  private mutating func finish(_ goal: Int, _ term: Term) -> Term {
    write("\(goal)=\(term.text)")
    return term
  }

  private mutating func write(_ line: String) {
    lines.append(line)
    bytes += line.utf8.count + 1
  }

  private static func list(_ numbers: [Int]) -> String {
    numbers.map(String.init).joined(separator: " ")
  }

  /// What two numbers make, the first not below the second.
  private static func pairs(_ a: Int, _ b: Int) -> [Term] {
    var terms = [Term(a).plus(b)]
    if a > b { terms.append(Term(a).minus(b)) }
    if (2...12).contains(b) { terms.append(Term(a).times(b)) }
    if (2...12).contains(b), a % b == 0 { terms.append(Term(a).over(b)) }
    return terms
  }

  /// A way to a goal by one number: what the rest has to come to, and how the number joins it.
  private struct Move {
    let text: String
    let value: Int
    let wrap: (_ rest: Term, _ number: Int) -> Term
  }

  private static func moves(_ goal: Int, _ number: Int) -> [Move] {
    var moves: [Move] = []
    if goal > number {
      moves.append(
        Move(text: "\(goal)-\(number)=\(goal - number)", value: goal - number) { $0.plus($1) })
    } else if number > goal {
      moves.append(
        Move(text: "\(number)-\(goal)=\(number - goal)", value: number - goal) { $0.takenFrom($1) })
    }
    if (2...12).contains(number), goal % number == 0 {
      moves.append(
        Move(text: "\(goal)/\(number)=\(goal / number)", value: goal / number) { $0.times($1) })
    }
    moves.append(
      Move(text: "\(goal)+\(number)=\(goal + number)", value: goal + number) { $0.minus($1) })
    return moves
  }
}

/// An expression and its value, built from the inside with the brackets it needs.
struct Term {
  let text: String
  let value: Int
  /// Whether its last operation is `+` or `-`, so that a factor beside it needs brackets.
  private let isSum: Bool

  init(_ number: Int) { self.init("\(number)", number, isSum: false) }

  private init(_ text: String, _ value: Int, isSum: Bool) {
    self.text = text
    self.value = value
    self.isSum = isSum
  }

  private var factor: String { isSum ? "(\(text))" : text }

  func plus(_ number: Int) -> Term { Term("\(text)+\(number)", value + number, isSum: true) }
  func minus(_ number: Int) -> Term { Term("\(text)-\(number)", value - number, isSum: true) }
  func times(_ number: Int) -> Term { Term("\(factor)*\(number)", value * number, isSum: false) }
  func over(_ number: Int) -> Term { Term("\(factor)/\(number)", value / number, isSum: false) }
  func takenFrom(_ number: Int) -> Term { Term("\(number)-\(factor)", number - value, isSum: true) }
}
