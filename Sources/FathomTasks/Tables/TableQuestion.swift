/// A kind of question about a table, and the walk over the rows that answers it.
struct TableQuestion: Sendable {
  struct Asked: Sendable {
    let text: String
    let reasoning: String
    let answer: TableAnswer
  }

  let name: String
  /// Nil when the table does not suit the question.
  let ask: @Sendable (_ table: Table, _ random: inout TaskRandom) -> Asked?

  static let all: [TableQuestion] = [
    lookUp, lookUp, find, extreme, extreme, extremeValue, count, count, sumOfColumn, sumOfRow,
    sumOfTwo, difference,
    sort, sort,
  ]

  /// `pear stock=12 price=40`
  private static let lookUp = TableQuestion(name: "look up") { table, random in
    let (row, column) = (random.pick(table.labels.indices), random.pick(table.columns.indices))
    return Asked(
      text: say(
        [
          "What is the {c} of {a}?", "{c} of {a}?", "Give the {c} of {a}.",
          "What {c} does {a} have?",
          "Look up {c} for {a}.",
        ], ["c": table.columns[column], "a": table.labels[row]], &random),
      reasoning: table.reading(row: row, to: column),
      answer: .number(table.cells[row][column], column: table.columns[column]))
  }

  /// `apple price=30 no`, `pear price=40 yes`
  private static let find = TableQuestion(name: "find") { table, random in
    let (row, column) = (random.pick(table.labels.indices), random.pick(table.columns.indices))
    let value = table.cells[row][column]
    let walk = (0...row).map {
      "\(table.reading(row: $0, to: column)) \($0 == row ? "yes" : "no")"
    }
    return Asked(
      text: say(
        [
          "Which {item} has the {c} {n}?", "Which {item} has {c} {n}?",
          "Find the {item} whose {c} is {n}.",
        ],
        ["item": table.theme.item, "c": table.columns[column], "n": "\(value)"], &random),
      reasoning: walk.joined(separator: "\n"), answer: .labels([table.labels[row]]))
  }

  private static let extreme = TableQuestion(name: "extreme") { table, random in
    let column = random.pick(table.columns.indices)
    let isMost = random.chance(0.5)
    let (walk, best) = walkToExtreme(table, column, isMost)
    return Asked(
      text: say(
        isMost
          ? [
            "Which {item} has the <highest|largest|most> {c}?", "Which has the highest {c}?",
            "{item} with the <highest|largest> {c}?",
          ]
          : [
            "Which {item} has the <lowest|smallest|least> {c}?", "Which has the lowest {c}?",
            "{item} with the <lowest|smallest> {c}?",
          ],
        ["item": table.theme.item, "c": table.columns[column]], &random),
      reasoning: walk, answer: .labels([table.labels[best]]))
  }

  private static let extremeValue = TableQuestion(name: "extreme value") { table, random in
    let column = random.pick(table.columns.indices)
    let isMost = random.chance(0.5)
    let (walk, best) = walkToExtreme(table, column, isMost)
    return Asked(
      text: say(
        isMost
          ? ["What is the <highest|largest|maximum> {c}?", "Give the highest {c}."]
          : ["What is the <lowest|smallest|minimum> {c}?", "Give the lowest {c}."],
        ["c": table.columns[column]], &random),
      reasoning: walk, answer: .number(table.cells[best][column], column: table.columns[column]))
  }

  /// `apple price=30`, `pear price=40 40>30? 4>3 yes >pear 40`: the best so far behind `>`.
  private static func walkToExtreme(_ table: Table, _ column: Int, _ isMost: Bool) -> (
    String, row: Int
  ) {
    var best = 0
    var lines = [table.reading(row: 0, to: column)]
    for row in table.labels.indices.dropFirst() {
      let test = Scratchpad.test(
        table.cells[row][column], isMost ? .more : .less, table.cells[best][column])
      if test.holds { best = row }
      let record = "\(table.labels[best]) \(table.cells[best][column])"
      lines.append("\(table.reading(row: row, to: column)) \(test.text) >\(record)")
    }
    return (lines.joined(separator: "\n"), best)
  }

  /// `apple price=30 30>25? 3>2 yes 1`: the count so far at the end.
  private static let count = TableQuestion(name: "count") { table, random in
    let column = random.pick(table.columns.indices)
    let values = table.cells.map { $0[column] }
    // Near the values of the table, so that no answer is the usual one.
    let bound = max(1, random.pick(values) + Int.random(in: -3...3, using: &random))
    let isAbove = random.chance(0.5)
    var total = 0
    let walk = values.indices.map { row in
      let test = Scratchpad.test(values[row], isAbove ? .more : .less, bound)
      total += test.holds ? 1 : 0
      return "\(table.reading(row: row, to: column)) \(test.text) \(total)"
    }
    return Asked(
      text: say(
        isAbove
          ? [
            "How many {items} have {c} <above|over> {n}?",
            "How many {items} have {c} of more than {n}?",
            "Count the {items} with {c} above {n}.",
          ]
          : [
            "How many {items} have {c} <below|under> {n}?",
            "How many {items} have {c} of less than {n}?",
            "Count the {items} with {c} below {n}.",
          ],
        ["items": table.theme.items, "c": table.columns[column], "n": "\(bound)"], &random),
      reasoning: walk.joined(separator: "\n"), answer: .number(total, column: table.theme.items))
  }

  private static let sumOfColumn = TableQuestion(name: "sum of a column") { table, random in
    guard table.labels.count <= 5 else { return nil }
    let column = random.pick(table.columns.indices)
    return sum(
      table.labels.indices.map { (table.reading(row: $0, to: column), table.cells[$0][column]) },
      say(
        [
          "What is the total {c}?", "What is the sum of {c}?", "Add up the {c} column.",
          "{c} in total?",
        ], ["c": table.columns[column]], &random),
      column: table.columns[column])
  }

  private static let sumOfRow = TableQuestion(name: "sum of a row") { table, random in
    guard table.theme.addsAcross, table.columns.count > 1 else { return nil }
    let row = random.pick(table.labels.indices)
    return sum(
      table.columns.indices.map {
        ("\(table.columns[$0])=\(table.cells[row][$0])", table.cells[row][$0])
      },
      say(
        [
          "What is the total of {a}?", "What is the sum for {a}?", "How much does {a} have in all?",
        ], ["a": table.labels[row]], &random),
      column: table.theme.item)
  }

  private static let sumOfTwo = TableQuestion(name: "sum of two") { table, random in
    let column = random.pick(table.columns.indices)
    let rows = table.labels.indices.shuffled(using: &random).prefix(2)
    return sum(
      rows.map { (table.reading(row: $0, to: column), table.cells[$0][column]) },
      say(
        [
          "What is the {c} of {a} and {b} together?", "{c} of {a} plus {b}?",
          "Add the {c} of {a} and {b}.",
        ],
        ["c": table.columns[column], "a": table.labels[rows[0]], "b": table.labels[rows[1]]],
        &random),
      column: table.columns[column])
  }

  /// `apple price=30`, `pear price=40`, then `30+40: 0+0+0=00 3+4+0=07 >70`.
  private static func sum(_ parts: [(reading: String, value: Int)], _ text: String, column: String)
    -> Asked
  {
    var pad = Scratchpad()
    pad.note(parts[0].reading)
    var total = parts[0].value
    for part in parts.dropFirst() {
      pad.note(part.reading)
      total = pad.sum(total, part.value)
    }
    return Asked(text: text, reasoning: pad.text, answer: .number(total, column: column))
  }

  private static let difference = TableQuestion(name: "difference") { table, random in
    let column = random.pick(table.columns.indices)
    let rows = table.labels.indices.shuffled(using: &random).prefix(2).sorted {
      table.cells[$0][column] > table.cells[$1][column]
    }
    let (most, least) = (table.cells[rows[0]][column], table.cells[rows[1]][column])
    var pad = Scratchpad()
    for row in rows { pad.note(table.reading(row: row, to: column)) }
    let result = pad.difference(most, least)
    return Asked(
      text: say(
        [
          "How much higher is the {c} of {a} than that of {b}?",
          "How much more {c} does {a} have than {b}?",
          "What is the difference in {c} between {a} and {b}?", "{c} of {a} minus {c} of {b}?",
        ], ["c": table.columns[column], "a": table.labels[rows[0]], "b": table.labels[rows[1]]],
        &random),
      reasoning: pad.text, answer: .number(result, column: table.columns[column]))
  }

  /// Insertion: each row goes into the list behind `>`, compared from the list's end until it fits.
  private static let sort = TableQuestion(name: "sort") { table, random in
    guard table.labels.count <= 4 else { return nil }
    let column = random.pick(table.columns.indices)
    let isDescending = random.chance(0.5)
    var order = [0]
    var lines = [table.reading(row: 0, to: column)]
    for row in table.labels.indices.dropFirst() {
      var place = order.count
      var line = table.reading(row: row, to: column)
      while place > 0 {
        let test = Scratchpad.test(
          table.cells[row][column], isDescending ? .less : .more,
          table.cells[order[place - 1]][column])
        line += " " + test.text
        if test.holds { break }
        place -= 1
      }
      order.insert(row, at: place)
      line +=
        " >"
        + order.map { "\(table.labels[$0]) \(table.cells[$0][column])" }.joined(separator: ", ")
      lines.append(line)
    }
    return Asked(
      text: say(
        isDescending
          ? [
            "Sort the {items} by {c}, <highest|largest> first.",
            "List the {items} from highest to lowest {c}.", "Order by {c}, descending.",
          ]
          : [
            "Sort the {items} by {c}, <lowest|smallest> first.",
            "List the {items} from lowest to highest {c}.", "Order by {c}, ascending.",
          ],
        ["items": table.theme.items, "c": table.columns[column]], &random),
      reasoning: lines.joined(separator: "\n"), answer: .labels(order.map { table.labels[$0] }))
  }

  private static func say(
    _ templates: [String], _ values: [String: String], _ random: inout TaskRandom
  ) -> String {
    Template(random.pick(templates)).filled(values, &random)
  }
}
