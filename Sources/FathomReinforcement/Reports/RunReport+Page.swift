import FathomCore
import FathomTraining
import Foundation

extension RunReport {
  /// A page of its own: nothing in it is fetched from anywhere, and every text of a file or a model is only text.
  public var page: String {
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(run.name.escapedForMarkup)</title>
    <style>\(Self.style)</style>
    <h1>\(run.name.escapedForMarkup)</h1>
    <p>\(summary.escapedForMarkup)</p>
    \(box)
    <h2>Curves</h2>
    \(Self.grid(charts))
    \(section("Family by family", Self.grid(familyCharts)))
    <h2>Before and after</h2>
    \(beforeAndAfter)
    <h2>What was run</h2>
    \(configuration)
    </html>

    """
  }

  private func section(_ title: String, _ content: String) -> String {
    content.isEmpty ? "" : "<h3>\(title)</h3>\n\(content)"
  }

  /// `reinforce, step 200 of 200, finished, 6.1 s a step`
  private var summary: String {
    var parts: [String] = []
    if let record = run.record { parts.append(record.kind) }
    parts.append("step \(run.history.step)" + (run.totalSteps.map { " of \($0)" } ?? ""))
    if let ending = run.record?.ending { parts.append(ending.replacing("_", with: " ")) }
    if let pace = run.history.secondsPerStep {
      parts.append(String(format: "%.1f s a step", pace))
    }
    if !others.isEmpty { parts.append("beside " + others.map(\.name).joined(separator: ", ")) }
    return parts.joined(separator: ", ")
  }

  private var box: String {
    guard let check else { return "" }
    let kind =
      switch check.finding {
      case .disagrees, .answersGotWorse, .answersGotWorseAnyway: "bad"
      case .onlyInRollouts: "doubtful"
      case .agrees: "good"
      case .tooFewRollouts, .rewardDidNotRise: "neutral"
      }
    var lines = [
      "<section class=\"finding \(kind)\"><h2>\(check.headline.escapedForMarkup)</h2>"
    ]
    lines += check.details.map { "<p>\($0.escapedForMarkup)</p>" }
    return (lines + ["</section>"]).joined(separator: "\n")
  }

  private static func grid(_ charts: [String]) -> String {
    charts.isEmpty
      ? ""
      : "<div class=\"charts\">\n" + charts.map { "<figure>\($0)</figure>" }.joined(separator: "\n")
        + "\n</div>"
  }

  private var beforeAndAfter: String {
    guard let heldOut else {
      return "<p>No models were asked: \(whyNotAsked.escapedForMarkup).</p>"
    }
    var html = """
      <p>Before: <code>\(heldOut.names.before.escapedForMarkup)</code>, after: \
      <code>\(heldOut.names.after.escapedForMarkup)</code>. Held-out problems, answered greedily; intervals are Wilson's at 95 %, \
      p is McNemar's exact test.</p>
      <div class="wide"><table><tr><th>family<th>problems<th>before<th>after<th>only before<th>only after<th>p</tr>

      """
    for (family, rates, test) in heldOut.byFamily {
      html += "<tr><td>\(family.escapedForMarkup)<td>\(rates.before.n)"
      html += "<td>\(RewardCheck.text(rates.before))<td>\(RewardCheck.text(rates.after))"
      html += "<td>\(test.onlyFirst)<td>\(test.onlySecond)"
      html += "<td>\(String(format: "%.3g", test.pValue))</tr>\n"
    }
    html += "</table></div>\n<h3>Answers</h3>\n<p>\(HeldOutComparison.rule)</p>\n"
    return html + heldOut.transcripts.map(Self.transcript).joined(separator: "\n")
  }

  private static func transcript(_ item: HeldOutComparison.Item) -> String {
    func answer(_ title: String, _ answer: HeldOutComparison.Answer) -> String {
      let tokens = answer.tokens.map { ", \($0) tokens" } ?? ""
      let verdict = answer.isRight ? "right" : "wrong"
      let detail = answer.detail.isEmpty ? "" : ": " + answer.detail
      return """
        <div><h4>\(title) <span class="\(verdict)">\(verdict)</span></h4>
        <pre>\(answer.text.escapedForMarkup)</pre>
        <p class="small">\((verdict + detail + tokens).escapedForMarkup)</p></div>
        """
    }
    return """
      <article><h4>\(item.family.escapedForMarkup), problem \(item.number)</h4>
      <pre>\(item.prompt.escapedForMarkup)</pre>
      <p class="small">expected</p><pre>\(item.expected.escapedForMarkup)</pre>
      <div class="pair">
      \(answer("before", item.before))
      \(answer("after", item.after))
      </div></article>
      """
  }

  private var configuration: String {
    guard let record = run.record else {
      return "<p>The folder keeps no record of its configuration.</p>"
    }
    let lines = record.words.members.map { key, value in
      "\(key): \(value.stringValue ?? value.text(.spaced))"
    }
    return "<pre>\(lines.joined(separator: "\n").escapedForMarkup)</pre>"
  }

  private static let style = """
    :root{color-scheme:light dark;--line:#8884;--bad:#c2410c;--doubtful:#a16207;--good:#15803d}
    @media(prefers-color-scheme:dark){:root{--bad:#fb923c;--doubtful:#facc15;--good:#4ade80}}
    body{font:16px/1.5 system-ui,sans-serif;max-width:84rem;margin:0 auto;padding:1rem}
    h1,h2,h3,h4{line-height:1.25}
    .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:.75rem}
    figure{margin:0;border:1px solid var(--line);border-radius:.4rem;overflow:hidden}
    figure svg{display:block;width:100%;height:auto}
    .finding{border:2px solid var(--line);border-radius:.5rem;padding:.25rem 1rem;margin:1rem 0}
    .finding h2{font-size:1.15rem;margin:.6rem 0}.finding p{margin:.4rem 0}
    .bad{border-color:var(--bad)}.doubtful{border-color:var(--doubtful)}.good{border-color:var(--good)}
    .wide{overflow-x:auto}table{border-collapse:collapse}
    td,th{padding:.25rem .9rem .25rem 0;text-align:left;white-space:nowrap}
    article{border-top:1px solid var(--line);margin-top:1.25rem}
    .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 1rem}
    .pair>div{min-width:0}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.5rem;border-radius:.3rem;margin:.3rem 0}
    .small{font-size:.85rem;opacity:.8;margin:.3rem 0}
    .right{color:var(--good)}.wrong{color:var(--bad)}
    """
}
