/// Dots in lines of text: a character of the Braille block is 2 dots wide and 4 high.
struct BrailleCanvas {
  let columns: Int
  let rows: Int
  /// `[rows * columns]`, a bit for each dot.
  private var cells: [UInt8]

  var width: Int { 2 * columns }
  var height: Int { 4 * rows }

  init(columns: Int, rows: Int) {
    precondition(columns > 0 && rows > 0, "\(columns) × \(rows) characters")
    self.columns = columns
    self.rows = rows
    cells = [UInt8](repeating: 0, count: columns * rows)
  }

  /// The bit of a dot, by its place in the character, from the top.
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  /// Sets a dot; (0, 0) is at the top left. What lies outside is left out.
  mutating func set(_ x: Int, _ y: Int) {
    guard (0..<width).contains(x), (0..<height).contains(y) else { return }
    cells[y / 4 * columns + x / 2] |= Self.bits[y % 4][x % 2]
  }

  /// A straight line, both ends included.
  mutating func line(from a: (x: Int, y: Int), to b: (x: Int, y: Int)) {
    let steps = max(abs(b.x - a.x), abs(b.y - a.y))
    for step in 0...steps {
      let share = steps == 0 ? 0 : Double(step) / Double(steps)
      set(
        a.x + Int((share * Double(b.x - a.x)).rounded()),
        a.y + Int((share * Double(b.y - a.y)).rounded()))
    }
  }

  /// From the top; where no dot is there is a space.
  var lines: [String] {
    (0..<rows).map { row in
      String(
        String.UnicodeScalarView(
          cells[row * columns..<(row + 1) * columns].map { bits in
            bits == 0 ? " " : Unicode.Scalar(0x2800 + UInt32(bits)) ?? " "
          }))
    }
  }
}
