import FathomCore
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
  /// Of the picture, in its own units: text is 12 of them high.
  public let width: Int
  public let height: Int

  public init(
    title: String, xLabel: String = "step", yLabel: String = "loss", yScale: Scale = .linear,
    series: [Series], width: Int = 760, height: Int = 420
  ) {
    precondition(width >= 200 && height >= 200, "a picture of \(width) × \(height)")
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.yScale = yScale
    self.series = series
    self.width = width
    self.height = height
  }

  /// Where the curves are drawn, below title and legend.
  private var plot: (left: Double, top: Double, right: Double, bottom: Double) {
    let bottom = Double(height) - 50
    // However many names there are, curves have room.
    let top = min((legend.last?.y ?? Self.legendTop) + 16, bottom - 50)
    return (64, top, Double(width) - 20, bottom)
  }

  private static let legendTop = 42.0
  private static let legendLine = 16.0

  /// Where the name of each series begins: in as many lines as they need.
  private var legend: [(x: Double, y: Double)] {
    var places: [(x: Double, y: Double)] = []
    var place = (x: 64.0, y: Self.legendTop)
    for series in series {
      let length = 48 + 7 * Double(series.name.count)
      if place.x > 64, place.x + length - 24 > Double(width) {
        place = (64, place.y + Self.legendLine)
      }
      places.append(place)
      place.x += length
    }
    return places
  }

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
    let plot = plot
    func x(_ value: Double) -> Double {
      plot.left + xAxis.share(value) * (plot.right - plot.left)
    }
    func y(_ value: Double) -> Double {
      plot.bottom - yAxis.share(value) * (plot.bottom - plot.top)
    }

    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) "
        + "\(height)\" role=\"img\" aria-label=\"\(title.escapedForMarkup)\">",
      Self.style, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>",
      "<text class=\"title\" x=\"\(number(plot.left))\" y=\"24\">\(title.escapedForMarkup)</text>",
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
    let plot = plot
    let scale = yScale == .logarithmic ? " (log scale)" : ""
    var lines = [
      "<text x=\"\(number((plot.left + plot.right) / 2))\" y=\"\(number(Double(height) - 8))\" "
        + "text-anchor=\"middle\">\(xLabel.escapedForMarkup)</text>",
      "<text transform=\"translate(16 \(number((plot.top + plot.bottom) / 2))) rotate(-90)\" "
        + "text-anchor=\"middle\">\(yLabel.escapedForMarkup)\(scale)</text>",
    ]
    for (index, (series, place)) in zip(series, legend).enumerated() {
      lines.append(
        "<path class=\"curve c\(index % Self.colors.count)\" "
          + "d=\"M\(number(place.x)) \(number(place.y))h18\"/>"
          + "<text x=\"\(number(place.x + 24))\" y=\"\(number(place.y))\" dy=\".35em\">"
          + "\(series.name.escapedForMarkup)</text>")
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
}
