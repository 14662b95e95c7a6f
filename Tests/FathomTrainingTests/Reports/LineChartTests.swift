import Foundation
import Testing

@testable import FathomTraining

@Suite struct LineChartTests {
  private func isWellFormed(_ svg: String) -> Bool {
    var depth = 0
    for tag in svg.matches(of: /<(\/?)[a-z]+[^<>]*?(\/?)>/) {
      if tag.1.isEmpty, tag.2.isEmpty { depth += 1 }
      if !tag.1.isEmpty { depth -= 1 }
      if depth < 0 { return false }
    }
    return depth == 0
  }

  @Test(arguments: [LineChart.Scale.linear, .logarithmic])
  func `two curves have axes, a legend and colors for dark pages`(scale: LineChart.Scale) {
    let chart = LineChart(
      title: "Loss of <run> & more", yScale: scale,
      series: [
        .init("train", points: (1...2000).map { (Double($0), 8 / Double($0).squareRoot()) }),
        .init("held out", points: (1...10).map { (Double($0 * 200), 9 / Double($0)) }),
      ])
    let svg = chart.svg
    #expect(isWellFormed(svg))
    #expect(svg.contains("Loss of &lt;run&gt; &amp; more"))
    #expect(svg.contains(">train</text>") && svg.contains(">held out</text>"))
    #expect(svg.contains("prefers-color-scheme:dark"))
    #expect(svg.contains(">2000</text>") && svg.contains(">step</text>"))
    #expect(svg.contains("log scale") == (scale == .logarithmic))
    #expect(svg.ranges(of: "<circle").count == 10)
    #expect(svg.utf8.count < 20_000)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func `charts of nothing, of one point and of what can't be drawn are charts`() {
    for points in [
      [], [(1, 2)], [(1, .nan), (2, .infinity)], [(0, 0), (0, 0)], [(1, 1e308), (2, -1e308)],
      [(1, .leastNonzeroMagnitude)], [(1e99, 1e-99), (2, 1e99)],
    ]
      as [[(x: Double, y: Double)]]
    {
      for scale in [LineChart.Scale.linear, .logarithmic] {
        let svg = LineChart(title: "t", yScale: scale, series: [.init("a", points: points)]).svg
        #expect(isWellFormed(svg))
        #expect(!svg.contains("nan") && !svg.contains("inf"), "\(points)")
      }
    }
  }

  @Test func `names of curves take as many lines as they need`() throws {
    let names = (1...6).map { "a run with a name, \($0)" }
    let svg = LineChart(
      title: "t", series: names.map { .init($0, points: [(1, 1), (2, 2)]) }, width: 440, height: 300
    ).svg
    #expect(svg.contains("viewBox=\"0 0 440 300\""))
    let places = svg.matches(of: /<text x="([0-9.]+)" y="([0-9.]+)" dy=".35em">(a run[^<]*)</)
    #expect(places.map { String($0.3) } == names)
    for place in places {
      let end = try #require(Double(place.1)) + 7 * Double(place.3.count)
      #expect(end <= 440, "\(place.0)")
    }
    #expect(Set(places.map(\.2)).count == 3)
    // Curves begin below the last line.
    let top = try #require(svg.firstMatch(of: /class="axis" d="M64 ([0-9.]+)V/)?.1)
    #expect(try #require(Double(top)) > (try #require(places.compactMap { Double($0.2) }.max())))
  }

  @Test func `ticks are round and inside`() {
    func labels(_ values: [Double], log: Bool = false) -> [String] {
      ChartAxis(values, isLogarithmic: log).ticks.map(\.label)
    }
    #expect(labels([0, 9000]) == ["0", "2000", "4000", "6000", "8000", "10k"])
    #expect(labels([0.31, 0.9]) == ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"])
    #expect(labels([0.1, 8], log: true) == ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    #expect(labels([1e-6, 1e3], log: true).first == "1e-06")
    #expect(labels([2.1, 2.4], log: true) == ["2", "2.2", "2.4", "2.6", "2.8", "3"])
    for values in [[0, 1e-9], [-3, 5], [1e9, 1.0001e9], [7, 7]] {
      #expect((3...10).contains(labels(values).count), "\(values)")
    }
  }
}
