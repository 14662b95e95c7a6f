import Fathom

/// An ablation as a picture: two bars for each row, and what a token costs behind the name. Colours suit light and dark
/// pages alike.
struct AblationChart {
  let report: AblationReport

  private static let width = 760
  private static let left = 200
  private static let barHeight = 13
  private static let rowHeight = 48
  private static let top = 64

  var svg: String {
    let height = Self.top + report.rows.count * Self.rowHeight + 30
    let most = report.rows.map { max($0.empty.max, $0.deep.max) }.max() ?? 1
    let room = Double(Self.width - Self.left - 70)
    func bar(_ spread: Spread, _ kind: String, y: Int) -> String {
      let width = (spread.median / most * room).rounded(places: 1)
      let end = Double(Self.left) + spread.median / most * room + 6
      return """
          <rect class="\(kind)" x="\(Self.left)" y="\(y)" width="\(width)" height="\(Self.barHeight)" rx="2"/>
          <text class="number" x="\(end.rounded(places: 1))" y="\(y + 11)">\(spread.median.significant)</text>
        """
    }
    let rows = report.rows.enumerated().map { index, row in
      let y = Self.top + index * Self.rowHeight
      return """
          <text class="name" x="\(Self.left - 10)" y="\(y + 11)">\(row.name.escapedForMarkup)</text>
          <text class="cost" x="\(Self.left - 10)" y="\(y + 27)">\
        \(row.weightBytesPerToken.asBytes) + \(row.cacheBytesPerToken.asBytes)</text>
        \(bar(row.empty, "empty", y: y))
        \(bar(row.deep, "deep", y: y + Self.barHeight + 2))
        """
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" role="img" \
      aria-label="Tokens per second of one network with one technique after another">
        <style>
          text { font: 13px system-ui, sans-serif; fill: #24292f; }
          .title { font-weight: 600; font-size: 15px; }
          .name, .cost { text-anchor: end; }
          .cost, .key { fill: #57606a; font-size: 11px; }
          .number { font-size: 12px; }
          .empty { fill: #9ec5fe; }
          .deep { fill: #2563eb; }
          @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .cost, .key { fill: #9198a1; }
            .empty { fill: #24457f; }
            .deep { fill: #6ea8fe; }
          }
        </style>
        <text class="title" x="12" y="24">Tokens per second, one technique after another</text>
        <rect class="empty" x="12" y="37" width="10" height="10" rx="2"/>
        <text class="key" x="27" y="46">empty context</text>
        <rect class="deep" x="112" y="37" width="10" height="10" rx="2"/>
        <text class="key" x="127" y="46">\(report.depth) tokens deep</text>
        <text class="key" x="\(Self.left + 40)" y="46">under each name: weights read per token + cache per token and context token</text>
      \(rows.joined(separator: "\n"))
        <text class="key" x="12" y="\(height - 10)">\(report.threads) threads. The second token counts as if \
      \(Int(Ablation.acceptance * 100)) % of the guesses held.</text>
      </svg>

      """
  }
}
