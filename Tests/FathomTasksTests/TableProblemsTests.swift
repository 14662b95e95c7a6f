import Testing

@testable import FathomTasks

@Suite struct TableProblemsTests {
  /// A table read back from a prompt, and its question.
  private struct Seen {
    var header: [String] = []
    var rows: [(label: String, cells: [Int])] = []
    var question = ""

    init(_ prompt: String) {
      let lines = prompt.split(separator: "\n").map(String.init)
      let isAsked = { (line: String) in line.last.map { "?.".contains($0) } ?? false }
      question = lines.first(where: isAsked)!
      let table = lines.filter { !isAsked($0) }.map { line in
        line.split { $0 == " " || $0 == "," || $0 == "|" }.map(String.init)
      }
      header = table[0]
      rows = table.dropFirst().map { (label: $0[0], cells: $0.dropFirst().map { Int($0)! }) }
    }

    func values(_ column: String) -> [Int] {
      let index = header.firstIndex(of: column)! - 1
      return rows.map { $0.cells[index] }
    }

    /// The column that the question is about.
    var column: String? {
      let words = question.split { !$0.isLetter && !$0.isNumber }.map(String.init)
      return header.dropFirst().first(where: words.contains)
    }
  }

  private func problems(_ count: Int, level: Double = 1) -> [Problem] {
    let family = TableProblems(level: level)
    return (0..<count).map { family.problem(seed: 7, index: UInt64($0)) }
  }

  @Test func `answers are those of the table`() {
    var checked = 0
    for problem in problems(4000) {
      let seen = Seen(problem.prompt)
      let question = seen.question.lowercased()
      #expect((3...6).contains(seen.rows.count) && (2...4).contains(seen.header.count))
      guard let column = seen.column else { continue }
      let values = seen.values(column)
      let order = seen.rows.indices.sorted { values[$0] < values[$1] }.map { seen.rows[$0].label }
      let expected: String
      let isMost = ["highest", "largest", "most", "maximum"].contains(where: question.contains)
      let isLeast = ["lowest", "smallest", "least", "minimum"].contains(where: question.contains)
      if question.hasPrefix("sort") || question.hasPrefix("list") || question.hasPrefix("order by")
      {
        let descends =
          question.contains("from highest") || question.contains("descending")
          || (isMost && !isLeast)
        expected = (descends ? order.reversed() : order).joined(separator: ", ")
      } else if question.hasPrefix("what is the") || question.hasPrefix("give the"),
        isMost || isLeast
      {
        expected = "\(isMost ? values.max()! : values.min()!)"
      } else if isMost || isLeast {
        expected = isMost ? order.last! : order[0]
      } else if question.hasPrefix("how many") || question.hasPrefix("count") {
        let bound = question.split { !$0.isNumber }.compactMap { Int($0) }.last!
        let isAbove = ["above", "over", "more than"].contains(where: question.contains)
        expected = "\(values.filter { isAbove ? $0 > bound : $0 < bound }.count)"
      } else if ["total", "sum of", "add up"].contains(where: question.contains) {
        expected = "\(values.reduce(0, +))"
      } else {
        continue
      }
      checked += 1
      #expect(problem.answer == expected, "\(problem.prompt)\n\(problem.reasoning)")
    }
    #expect(checked > 2000)
  }

  @Test func `traces compare and add truly, with numbers of the table`() {
    for problem in problems(4000) {
      let seen = Seen(problem.prompt)
      for line in problem.reasoning.split(separator: "\n").map(String.init) {
        let complaint = complaint(about: line, seen)
        #expect(complaint == nil, "\(problem.prompt)\n\(problem.reasoning)")
      }
    }
  }

  private func complaint(about line: String, _ seen: Seen) -> String? {
    if line.first!.isNumber, line.contains(":") {
      return TraceChecker.complaint(aboutArithmetic: line)
    }
    var words = line.split(separator: " ").map(String.init)[...]
    // The sum of a row reads its columns without the label.
    let asked = seen.rows.first { seen.question.contains($0.label) }
    let row = seen.rows.first { $0.label == words[0] }
    if row != nil { words.removeFirst() }
    guard let row = row ?? asked else { return "no row: \(line)" }
    var last: Int?
    while let word = words.first, word.contains("="), !word.contains("?"), !word.first!.isNumber {
      let sides = word.split(separator: "=").map(String.init)
      guard let column = seen.header.firstIndex(of: sides[0]),
        row.cells[column - 1] == Int(sides[1])
      else { return "wrong cell \(word)" }
      last = Int(sides[1])
      words.removeFirst()
    }
    guard let last else { return "nothing read: \(line)" }
    while let word = words.first, word.hasSuffix("?") {
      let columns = Array(words.dropFirst().prefix { $0.first!.isNumber && $0.count == 3 })
      words = words.dropFirst(1 + columns.count)
      guard let verdict = words.popFirst() else { return "no verdict: \(line)" }
      if let complaint = TraceChecker.test(word, columns, verdict, of: last) { return complaint }
    }
    return nil
  }

  @Test func `all kinds of questions come`() {
    var random = TaskRandom(seed: 5, index: 5)
    for question in TableQuestion.all {
      var asked = 0
      for _ in 0..<200 {
        let table = Table(&random, rows: 3...6, columns: 1...3, digits: 3)
        if question.ask(table, &random) != nil { asked += 1 }
      }
      #expect(asked > 10, "\(question.name)")
    }
  }

  @Test func `order counts`() {
    let answer = TableAnswer.labels(["plum", "Ana", "fig"])
    #expect(
      answer.accepts("plum, Ana, fig") && answer.accepts("plum ana fig.")
        && answer.accepts("plum,ana,fig"))
    #expect(
      !answer.accepts("Ana, plum, fig") && !answer.accepts("plum, Ana")
        && !answer.accepts("plum, Ana, fig, kiwi"))
    let number = TableAnswer.number(40, column: "Price")
    #expect(
      number.accepts("40") && number.accepts("40 price") && !number.accepts("41")
        && !number.accepts("40 km"))
  }
}
