import FathomTensors

/// Expert-specialised fine-tuning: of every layer only the experts train that the data uses most.
///
/// Source: ESFT (arXiv 2407.01906) §3: the smallest set whose share of tokens reaches a threshold.
package enum ExpertSelection {
  /// Experts by layer prefix, from routers that saw some of the data.
  ///
  /// - Parameter names: prefix of every mixture, by place.
  package static func choose(
    _ routing: [RouterStatistics], names: [String], threshold: Double
  ) -> [String: Set<Int>] {
    var chosen: [String: Set<Int>] = [:]
    for (name, statistics) in zip(names, routing) {
      let total = Double(max(1, statistics.counts.reduce(0, +)))
      var share = 0.0
      var experts: Set<Int> = []
      let order = statistics.counts.indices.sorted {
        statistics.counts[$0] != statistics.counts[$1]
          ? statistics.counts[$0] > statistics.counts[$1] : $0 < $1
      }
      for expert in order where share < threshold {
        experts.insert(expert)
        share += Double(statistics.counts[expert]) / total
      }
      chosen[name] = experts
    }
    return chosen
  }

  /// Whether a parameter belongs to one of the chosen experts.
  package static func contains(_ parameter: Parameter, _ chosen: [String: Set<Int>]) -> Bool {
    guard let range = parameter.name.range(of: ".experts.") else { return false }
    let prefix = String(parameter.name[..<range.lowerBound])
    let number = parameter.name[range.upperBound...].prefix { $0.isNumber }
    guard let expert = Int(number) else { return false }
    return chosen[prefix]?.contains(expert) == true
  }
}
