import Metrics
import Synchronization

/// Keeps what counters and timers of swift-metrics are told, for Prometheus to read. Other kinds are not kept.
final class PrometheusRegistry: MetricsFactory {
  fileprivate struct Series: Hashable {
    let label: String
    /// As text: `{route="/health",status="200"}`; empty without dimensions.
    let dimensions: String
  }

  private struct State {
    var counts: [Series: Int64] = [:]
    var times: [Series: Histogram] = [:]
  }
  private let state = Mutex(State())

  /// Names with their dimensions, in order, and counts.
  func counts(_ label: String) -> [(dimensions: String, count: Int64)] {
    let all = state.withLock { $0.counts }
    return all.filter { $0.key.label == label }
      .map { ($0.key.dimensions, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// Buckets, sum and count of a timer without dimensions, in seconds.
  func histogram(_ label: String) -> [String] {
    let series = Series(label: label, dimensions: "")
    return (state.withLock { $0.times[series] } ?? Histogram()).lines(label)
  }

  fileprivate func add(_ amount: Int64, to series: Series) {
    state.withLock { $0.counts[series, default: 0] &+= amount }
  }

  fileprivate func add(seconds: Double, to series: Series) {
    state.withLock { $0.times[series, default: Histogram()].add(seconds) }
  }

  fileprivate func reset(_ series: Series) {
    state.withLock { ($0.counts[series], $0.times[series]) = (nil, nil) }
  }

  private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
    let text = dimensions.map { name, value in
      let plain = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(name)=\"\(plain)\""
    }
    return Handler(
      registry: self,
      series: Series(
        label: label, dimensions: text.isEmpty ? "" : "{\(text.joined(separator: ","))}"))
  }

  private final class Handler: CounterHandler, TimerHandler {
    private let registry: PrometheusRegistry
    private let series: Series

    init(registry: PrometheusRegistry, series: Series) {
      self.registry = registry
      self.series = series
    }

    func increment(by amount: Int64) { registry.add(amount, to: series) }
    func recordNanoseconds(_ duration: Int64) {
      registry.add(seconds: Double(duration) / 1e9, to: series)
    }
    func reset() { registry.reset(series) }
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    handler(label, dimensions)
  }
  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    handler(label, dimensions)
  }
  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { NOOPMetricsHandler.instance }
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
}

/// How often values fell below some bounds.
private struct Histogram {
  static let bounds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000,
  ]
  private var counts = [Int](repeating: 0, count: bounds.count)
  private var total = 0
  private var sum = 0.0

  mutating func add(_ value: Double) {
    total += 1
    sum += value
    if let place = Self.bounds.firstIndex(where: { value <= $0 }) { counts[place] += 1 }
  }

  func lines(_ name: String) -> [String] {
    var below = 0
    var lines: [String] = []
    for (bound, count) in zip(Self.bounds, counts) {
      below += count
      lines.append("\(name)_bucket{le=\"\(bound)\"} \(below)")
    }
    return lines + [
      "\(name)_bucket{le=\"+Inf\"} \(total)", "\(name)_sum \(sum)", "\(name)_count \(total)",
    ]
  }
}
