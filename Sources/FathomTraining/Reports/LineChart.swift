import Foundation

/// Curves over steps as an SVG picture, readable on light and on dark pages.
public struct LineChart: Sendable {
  public struct Series: Sendable {
    public let name: String
    public let points: [(x: Double, y: Double)]

    public init(_ name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }
  }

  public enum Scale: Sendable { case linear, logarithmic }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var yScale: Scale
  public var series: [Series]

  public init(
    title: String, xLabel: String = "step", yLabel: String = "loss", yScale: Scale = .linear,
    series: [Series]
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.yScale = yScale
    self.series = series
  }

  private static let width = 760.0
  private static let height = 420.0
  private static let plot = (left: 64.0, top: 58.0, right: 740.0, bottom: 370.0)
  /// More points than these become averages of their neighbours.
  private static let mostPoints = 500
  /// What is greater, or no number, has no place on paper.
  private static let largest = 1e100
  /// Up to so many points are marked each.
  private static let mostMarks = 40

  /// The picture as an SVG document.
  public var svg: String {
    let curves = series.map { drawable($0) }
    let all = curves.flatMap(\.self)
    let xAxis = ChartAxis(all.map(\.x), isLogarithmic: false)
    let yAxis = ChartAxis(all.map(\.y), isLogarithmic: yScale == .logarithmic)
    let plot = Self.plot
    func x(_ value: Double) -> Double {
      plot.left + xAxis.share(value) * (plot.right - plot.left)
    }
    func y(_ value: Double) -> Double {
      plot.bottom - yAxis.share(value) * (plot.bottom - plot.top)
    }

    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) "
        + "\(Int(Self.height))\" role=\"img\" aria-label=\"\(escaped(title))\">",
      Self.style, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>",
      "<text class=\"title\" x=\"\(number(plot.left))\" y=\"24\">\(escaped(title))</text>",
    ]
    for tick in yAxis.ticks {
      let place = number(y(tick.value))
      lines.append(
        "<line class=\"grid\" x1=\"\(number(plot.left))\" x2=\"\(number(plot.right))\" "
          + "y1=\"\(place)\" y2=\"\(place)\"/>"
          + "<text x=\"\(number(plot.left - 8))\" y=\"\(place)\" dy=\".35em\" "
          + "text-anchor=\"end\">\(tick.label)</text>")
    }
    for tick in xAxis.ticks {
      let place = number(x(tick.value))
      lines.append(
        "<line class=\"axis\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(number(plot.bottom))\" "
          + "y2=\"\(number(plot.bottom + 5))\"/>"
          + "<text x=\"\(place)\" y=\"\(number(plot.bottom + 20))\" "
          + "text-anchor=\"middle\">\(tick.label)</text>")
    }
    lines.append(
      "<path class=\"axis\" d=\"M\(number(plot.left)) \(number(plot.top))"
        + "V\(number(plot.bottom))H\(number(plot.right))\"/>")
    lines += labels
    for (index, curve) in curves.enumerated() where !curve.isEmpty {
      let color = "c\(index % Self.colors.count)"
      let path = curve.map { "\(number(x($0.x))) \(number(y($0.y)))" }.joined(separator: "L")
      if curve.count > 1 { lines.append("<path class=\"curve \(color)\" d=\"M\(path)\"/>") }
      guard curve.count <= Self.mostMarks else { continue }
      for point in curve {
        lines.append(
          "<circle class=\"mark \(color)\" cx=\"\(number(x(point.x)))\" "
            + "cy=\"\(number(y(point.y)))\" r=\"2.5\"/>")
      }
    }
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  /// Names of the axes, and the legend.
  private var labels: [String] {
    let plot = Self.plot
    let scale = yScale == .logarithmic ? " (log scale)" : ""
    var lines = [
      "<text x=\"\(number((plot.left + plot.right) / 2))\" y=\"\(number(Self.height - 8))\" "
        + "text-anchor=\"middle\">\(escaped(xLabel))</text>",
      "<text transform=\"translate(16 \(number((plot.top + plot.bottom) / 2))) rotate(-90)\" "
        + "text-anchor=\"middle\">\(escaped(yLabel))\(scale)</text>",
    ]
    var place = plot.left
    for (index, series) in series.enumerated() {
      lines.append(
        "<path class=\"curve c\(index % Self.colors.count)\" d=\"M\(number(place)) 42h18\"/>"
          + "<text x=\"\(number(place + 24))\" y=\"42\" dy=\".35em\">\(escaped(series.name))</text>"
      )
      place += 48 + 7 * Double(series.name.count)
    }
    return lines
  }

  /// Points that can be drawn, and not more than make a difference.
  private func drawable(_ series: Series) -> [(x: Double, y: Double)] {
    let points = series.points.filter {
      abs($0.x) <= Self.largest && abs($0.y) <= Self.largest
        && (yScale == .linear || $0.y >= 1 / Self.largest)
    }
    guard points.count > Self.mostPoints else { return points }
    return (0..<Self.mostPoints).map { group in
      let start = group * points.count / Self.mostPoints
      let end = (group + 1) * points.count / Self.mostPoints
      let count = Double(end - start)
      return (
        points[start..<end].reduce(0) { $0 + $1.x } / count,
        points[start..<end].reduce(0) { $0 + $1.y } / count
      )
    }
  }

  /// For light and for dark pages.
  private static let colors = [
    ("#1f5fbf", "#6ea8fe"), ("#c2410c", "#fb923c"), ("#15803d", "#4ade80"),
    ("#7e22ce", "#c084fc"), ("#a16207", "#facc15"), ("#be123c", "#fb7185"),
  ]

  private static let style: String = {
    func rules(_ color: (Int) -> String) -> String {
      colors.indices.map { ".curve.c\($0){stroke:\(color($0))}.mark.c\($0){fill:\(color($0))}" }
        .joined()
    }
    return "<style>text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;"
      + "font-weight:600}.page{fill:#fff}.grid{stroke:#e5e5e5}.axis{stroke:#777;fill:none}"
      + ".curve{fill:none;stroke-width:1.8;stroke-linejoin:round}" + rules { colors[$0].0 }
      + "@media(prefers-color-scheme:dark){text{fill:#ddd}.page{fill:#15181d}"
      + ".grid{stroke:#30353d}.axis{stroke:#888}" + rules { colors[$0].1 } + "}</style>"
  }()

  private func number(_ value: Double) -> String {
    let text = String(format: "%.1f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
