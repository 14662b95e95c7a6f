/// A few rows of numbers with a label each, and how they are written.
struct Table: Sendable {
  let theme: TableTheme
  let labels: [String]
  let columns: [String]
  /// `[row, column]`
  let cells: [[Int]]
  /// What stands between two cells: a space, a comma, a bar.
  let separator: String

  /// A header line, then a line for each row.
  var text: String {
    let header = ([theme.item] + columns).joined(separator: separator)
    let rows = zip(labels, cells).map { ([$0] + $1.map(String.init)).joined(separator: separator) }
    return ([header] + rows).joined(separator: "\n")
  }

  /// A row read aloud up to a column: `pear stock=12 price=40`. Names beside numbers spare counting columns.
  func reading(row: Int, to column: Int) -> String {
    let read = zip(columns, cells[row]).prefix(column + 1).map { "\($0)=\($1)" }
    return ([labels[row]] + read).joined(separator: " ")
  }

  /// Within a column no number comes twice.
  init(_ random: inout TaskRandom, rows: ClosedRange<Int>, columns: ClosedRange<Int>, digits: Int) {
    theme = random.pick(TableTheme.all)
    let rowCount = Int.random(in: rows, using: &random)
    let columnCount = min(Int.random(in: columns, using: &random), theme.columns.count)
    labels = Array(theme.labels.shuffled(using: &random).prefix(rowCount))
    self.columns =
      theme.addsAcross
      ? Array(theme.columns.prefix(columnCount))
      : Array(theme.columns.shuffled(using: &random).prefix(columnCount))
    separator = random.pick([" ", " ", ",", " | "])
    var cells = Array(repeating: [Int](), count: labels.count)
    for _ in 0..<columnCount {
      let digits = random.pick([1, 2, 2, 2, 3].filter { $0 <= digits })
      let range = digits == 1 ? 1...12 : digits == 2 ? 2...99 : 50...999
      var seen: Set<Int> = []
      for row in labels.indices {
        var value = Int.random(in: range, using: &random)
        while !seen.insert(value).inserted { value = Int.random(in: range, using: &random) }
        cells[row].append(value)
      }
    }
    self.cells = cells
  }
}
