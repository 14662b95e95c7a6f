import FathomInference
import Metrics

/// Counts what the server does with swift-metrics, and tells it in the text form that Prometheus reads. Where the process has a metrics
/// system of its own, that is told, too.
///
/// Names follow vLLM's, behind a prefix, so that its dashboards fit with `--metrics-prefix vllm`.
final class ServerMetrics: Sendable {
  private let prefix: String
  private let registry = PrometheusRegistry()
  private let factory: MultiplexMetricsHandler

  /// Times of whole answers, in the order in which they are told.
  private enum Time: String, CaseIterable {
    case firstToken = "time_to_first_token_seconds"
    case betweenTokens = "inter_token_latency_seconds"
    case wholeAnswer = "e2e_request_latency_seconds"
    case queue = "request_queue_time_seconds"
    case prefill = "request_prefill_time_seconds"
    case decode = "request_decode_time_seconds"

    var help: String {
      switch self {
      case .firstToken: "From request to first token."
      case .betweenTokens: "Between tokens, mean of an answer."
      case .wholeAnswer: "From request to the end."
      case .queue: "In line."
      case .prefill: "Reading the prompt."
      case .decode: "Writing the answer."
      }
    }
  }

  private static let responses = "http_responses_total"

  init(prefix: String) {
    self.prefix = prefix
    factory = MultiplexMetricsHandler(factories: [registry, MetricsSystem.factory])
  }

  func note(route: String, status: Int) {
    Counter(
      label: "\(prefix):\(Self.responses)",
      dimensions: [("route", route), ("status", "\(status)")], factory: factory
    ).increment()
  }

  /// Takes the times of an answer that came to its end.
  func note(_ answer: CollectedAnswer) {
    let statistics = answer.statistics
    note(.queue, statistics.queueSeconds)
    note(.prefill, statistics.prefillSeconds)
    note(.decode, statistics.decodeSeconds)
    note(.firstToken, statistics.timeToFirstTokenSeconds)
    note(
      .wholeAnswer,
      statistics.queueSeconds + statistics.prefillSeconds + statistics.decodeSeconds)
    if statistics.completionTokens > 1 {
      note(.betweenTokens, statistics.decodeSeconds / Double(statistics.completionTokens - 1))
    }
  }

  private func note(_ time: Time, _ seconds: Double) {
    Timer(label: "\(prefix):\(time.rawValue)", dimensions: [], factory: factory)
      .recordSeconds(seconds)
  }

  func text(_ engine: EngineStatistics) -> String {
    var lines: [String] = []
    func metric(_ name: String, _ type: String, _ help: String, _ values: [(String, Double)]) {
      lines.append("# HELP \(prefix):\(name) \(help)")
      lines.append("# TYPE \(prefix):\(name) \(type)")
      for (labels, value) in values { lines.append("\(prefix):\(name)\(labels) \(value)") }
    }
    func gauge(_ name: String, _ help: String, _ value: Double) {
      metric(name, "gauge", help, [("", value)])
    }
    func counter(_ name: String, _ help: String, _ value: Int) {
      metric(name, "counter", help, [("", Double(value))])
    }
    gauge("num_requests_running", "Requests being answered.", Double(engine.slots.count))
    gauge("num_requests_waiting", "Requests in line.", Double(engine.waiting))
    let blocks = Double(max(1, engine.blocks))
    gauge("kv_cache_usage_perc", "Share of blocks in use.", Double(engine.pinnedBlocks) / blocks)
    metric(
      "kv_cache_blocks", "gauge", "Blocks of 64 tokens by state.",
      [
        ("{state=\"free\"}", Double(engine.freeBlocks)),
        ("{state=\"cached\"}", Double(engine.cachedBlocks)),
        ("{state=\"pinned\"}", Double(engine.pinnedBlocks)),
      ])
    counter("engine_steps_total", "Steps of the model.", engine.steps)
    counter("prompt_tokens_total", "Prompt tokens computed.", engine.promptTokens)
    counter("generation_tokens_total", "Tokens answered.", engine.completionTokens)
    counter("prefix_cache_hits_total", "Prompt tokens found cached.", engine.cachedTokens)
    counter(
      "prefix_cache_queries_total", "Prompt tokens looked up.",
      engine.cachedTokens + engine.promptTokens)
    if let disk = engine.disk {
      counter("disk_cache_hits_total", "Blocks read from disk.", disk.hits)
      counter("disk_cache_misses_total", "Blocks that could not be read.", disk.misses)
      counter("disk_cache_saved_total", "Blocks written.", disk.saved)
      counter("disk_cache_dropped_total", "Blocks that were not written.", disk.dropped)
      gauge("disk_cache_bytes", "Bytes of blocks on disk.", Double(disk.bytes))
      gauge("disk_cache_writable", "1 if blocks are written.", disk.isWritable ? 1 : 0)
    }
    counter("num_preemptions_total", "Times a request gave way.", engine.preemptions)
    metric(
      "request_success_total", "counter", "Requests by how they ended.",
      engine.ends.sorted { $0.key < $1.key }.map {
        ("{finished_reason=\"\($0.key)\"}", Double($0.value))
      })
    metric(
      Self.responses, "counter", "Responses by route and status.",
      registry.counts("\(prefix):\(Self.responses)").map { ($0.dimensions, Double($0.count)) })
    for time in Time.allCases {
      let name = "\(prefix):\(time.rawValue)"
      lines += ["# HELP \(name) \(time.help)", "# TYPE \(name) histogram"]
      lines += registry.histogram(name)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
