import Fathom

extension RunSummary {
  /// The figures for people.
  var lines: [String] {
    let open = header.problems - answered.count
    var lines = [
      "\(header.taskName): \(header.modelName), \(answered.count) problems, "
        + "\(header.samples) sample\(header.samples == 1 ? "" : "s") each"
        + (open == 0 ? "" : ", \(open) problems still open")
    ]
    let width = values.map(\.metric.name.count).max() ?? 0
    for value in values {
      let name = value.metric.name
      var line = name + String(repeating: " ", count: width - name.count)
      line += "  \(percent(value.value)) %  "
      line += "\(percent(value.low)) to \(percent(value.high)) "
      if let jeffreys = value.jeffreys {
        line += "(Wilson)  \(percent(jeffreys.low)) to \(percent(jeffreys.high)) (Jeffreys)"
      } else {
        line += "(bootstrap)"
      }
      lines.append(line)
    }
    let samples = answered.reduce(0) { $0 + $1.samples.count }
    if tokens > 0 {
      lines.append(
        "\(tokens / max(1, samples)) tokens an answer, \(unfinished) cut off"
          + (failed == 0 ? "" : ", \(failed) without an answer"))
    }
    return lines
  }

  private func percent(_ rate: Double) -> String { (rate * 100).rounded(places: 1) }
}

extension RunComparison {
  var lines: [String] {
    func percent(_ rate: Double) -> String { (rate * 100).rounded(places: 1) }
    func change(_ interval: BootstrapInterval) -> String {
      let sign = interval.mean < 0 ? "" : "+"
      return "difference  \(sign)\(percent(interval.mean)) points, \(percent(interval.low)) to "
        + "\(percent(interval.high)) (paired bootstrap, 95 %)"
    }
    let many = passAtK.map {
      "pass@\($0.k)  first \(percent($0.firstRate)) %, second \(percent($0.secondRate)) %, "
        + change($0.difference)
    }
    return [
      "\(first.header.taskName): \(problems) problems that both have answered",
      "first   \(percent(firstRate)) %  \(first.header.modelName)",
      "second  \(percent(secondRate)) %  \(second.header.modelName)",
      change(difference),
    ] + (many.map { [$0] } ?? []) + [
      "only the first right \(test.onlyFirst), only the second \(test.onlySecond): "
        + "p = \(test.pValue.rounded(places: 4)) (McNemar's exact test)"
    ]
  }
}
