import Foundation

/// A curve over steps as lines of text: Braille dots between numbered axes.
///
///     loss 1
///     10┤⠑⠢⢄⡀
///       │   ⠈⠑⠢⢄⡀
///       │       ⠈⠉⠒⠤⢄⣀
///       │             ⠉⠒⠤⣀
///      0┤                 ⠉⠒⠤⣀
///       └0──────────────────10
public struct TerminalChart: Sendable {
  public var title: String
  public var points: [(x: Double, y: Double)]

  public init(title: String, points: [(x: Double, y: Double)]) {
    self.title = title
    self.points = points
  }

  /// Less leaves no room for a curve.
  public static let leastRows = 5
  public static let leastColumns = 24

  /// What is greater has no place on an axis.
  private static let largest = 1e100

  /// - Returns: `rows` lines of `columns` characters.
  public func lines(columns: Int, rows: Int) -> [String] {
    precondition(
      columns >= Self.leastColumns && rows >= Self.leastRows, "\(columns) × \(rows) characters")
    let points = points.filter { abs($0.x) <= Self.largest && abs($0.y) <= Self.largest }
    let axis = ChartAxis(points.map(\.y), isLogarithmic: false)
    let labels = self.labels(axis, rows: rows - 2)
    let gutter = labels.compactMap { $0?.count }.max() ?? 0
    var canvas = BrailleCanvas(columns: columns - gutter - 1, rows: rows - 2)
    Self.draw(points, axis, on: &canvas)
    var lines = [Self.fitted(title, columns)]
    for (label, dots) in zip(labels, canvas.lines) {
      let padding = String(repeating: " ", count: gutter - (label?.count ?? 0))
      lines.append(padding + (label ?? "") + (label == nil ? "│" : "┤") + dots)
    }
    lines.append(
      String(repeating: " ", count: gutter) + "└"
        + Self.steps(points, columns: columns - gutter - 1))
    return lines
  }

  /// For each row of characters the number beside it: both ends, and between them what is near the middle of a row and has no neighbour.
  private func labels(_ axis: ChartAxis, rows: Int) -> [String?] {
    var labels = [String?](repeating: nil, count: rows)
    labels[0] = axis.ticks.last?.label
    labels[rows - 1] = axis.ticks.first?.label
    for tick in axis.ticks {
      let place = (1 - axis.share(tick.value)) * Double(rows - 1)
      let row = Int(place.rounded())
      if abs(place - Double(row)) < 0.3,
        labels[max(0, row - 1)...min(rows - 1, row + 1)].allSatisfy({ $0 == nil })
      {
        labels[row] = tick.label
      }
    }
    return labels
  }

  /// Steps that share a column of dots are averaged.
  private static func draw(
    _ points: [(x: Double, y: Double)], _ axis: ChartAxis, on canvas: inout BrailleCanvas
  ) {
    guard let first = points.map(\.x).min(), let last = points.map(\.x).max() else { return }
    var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: canvas.width)
    for point in points {
      let share = last > first ? (point.x - first) / (last - first) : 0
      let column = Int((share * Double(canvas.width - 1)).rounded())
      sums[column].sum += point.y
      sums[column].count += 1
    }
    var before: (x: Int, y: Int)?
    for (x, entry) in sums.enumerated() where entry.count > 0 {
      let share = axis.share(entry.sum / Double(entry.count))
      let dot = (x: x, y: Int(((1 - share) * Double(canvas.height - 1)).rounded()))
      canvas.line(from: before ?? dot, to: dot)
      before = dot
    }
  }

  /// `1────────200`
  private static func steps(_ points: [(x: Double, y: Double)], columns: Int) -> String {
    guard let first = points.map(\.x).min(), let last = points.map(\.x).max() else {
      return String(repeating: "─", count: columns)
    }
    func text(_ step: Double) -> String { String(format: "%.0f", step) }
    let (begin, end) = (text(first), last > first ? text(last) : "")
    let line = max(0, columns - begin.count - end.count)
    return fitted(begin + String(repeating: "─", count: line) + end, columns)
  }

  /// As wide as `columns` says: cut, or filled with spaces.
  static func fitted(_ text: String, _ columns: Int) -> String {
    let cut = text.count > columns ? String(text.prefix(max(0, columns - 1))) + "…" : text
    return cut + String(repeating: " ", count: max(0, columns - cut.count))
  }
}
