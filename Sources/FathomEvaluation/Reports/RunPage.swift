import FathomCore
import Foundation

extension RunSummary {
  private static let mostShown = 200

  /// A page of its own: figures, settings, and the wrong answers with all that the model wrote.
  public var page: String {
    var html = """
      <!doctype html><meta charset="utf-8"><title>\(header.taskName.escapedForMarkup)</title>
      <style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
      td,th{padding:.2rem 1rem .2rem 0;text-align:left}pre{white-space:pre-wrap;background:#8881;padding:.5rem}
      :root{color-scheme:light dark}</style>
      <h1>\(header.taskName.escapedForMarkup)</h1>
      <p>\(header.modelName.escapedForMarkup), \(answered.count) of \(header.problems) problems, samples of each: \(header.samples)</p>
      <table><tr><th>metric<th>value<th>95 %<th>interval</tr>

      """
    func percent(_ rate: Double) -> String { String(format: "%.1f", rate * 100) }
    for value in values {
      html += "<tr><td>\(value.metric.name)<td>\(percent(value.value)) %"
      html += "<td>\(percent(value.low)) to \(percent(value.high))"
      html += "<td>\(value.jeffreys == nil ? "bootstrap" : "Wilson")</tr>\n"
    }
    html += "</table><h2>Settings</h2><pre>\(header.json.text(.indented).escapedForMarkup)</pre>\n"
    let wrong = answered.flatMap(\.samples).filter { !$0.verdict.passed }
    html += "<h2>\(wrong.count) wrong answers</h2>\n"
    for record in wrong.prefix(Self.mostShown) {
      html +=
        "<details><summary>\(record.key.problem.escapedForMarkup), sample \(record.key.sample): "
      html +=
        "\(record.verdict.detail.escapedForMarkup)</summary><pre>\(record.text.escapedForMarkup)</pre></details>\n"
    }
    if wrong.count > Self.mostShown { html += "<p>The first \(Self.mostShown) are shown.</p>\n" }
    return html
  }
}
