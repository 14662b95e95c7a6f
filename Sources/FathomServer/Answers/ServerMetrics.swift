import FathomInference
import Synchronization

/// Counts what the server does, in the text form that Prometheus reads.
///
/// Names follow vLLM's, behind a prefix, so that its dashboards fit with `--metrics-prefix vllm`.
final class ServerMetrics: Sendable {
  private let prefix: String
  private let state = Mutex(State())

  private struct State {
    var responses: [Label: Int] = [:]
    var firstToken = Histogram()
    var wholeAnswer = Histogram()
    var queue = Histogram()
    var prefill = Histogram()
    var decode = Histogram()
    var betweenTokens = Histogram()
  }

  private struct Label: Hashable, Comparable {
    var route: String
    var status: Int
    static func < (a: Self, b: Self) -> Bool { (a.route, a.status) < (b.route, b.status) }
  }

  init(prefix: String) { self.prefix = prefix }

  func note(route: String, status: Int) {
    state.withLock { $0.responses[Label(route: route, status: status), default: 0] += 1 }
  }

  /// Takes the times of an answer that came to its end.
  func note(_ answer: CollectedAnswer) {
    let statistics = answer.statistics
    state.withLock {
      $0.queue.add(statistics.queueSeconds)
      $0.prefill.add(statistics.prefillSeconds)
      $0.decode.add(statistics.decodeSeconds)
      $0.firstToken.add(statistics.timeToFirstTokenSeconds)
      $0.wholeAnswer.add(
        statistics.queueSeconds + statistics.prefillSeconds + statistics.decodeSeconds)
      if statistics.completionTokens > 1 {
        $0.betweenTokens.add(
          statistics.decodeSeconds / Double(statistics.completionTokens - 1))
      }
    }
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
    state.withLock { state in
      metric(
        "http_responses_total", "counter", "Responses by route and status.",
        state.responses.sorted { $0.key < $1.key }.map {
          ("{route=\"\($0.key.route)\",status=\"\($0.key.status)\"}", Double($0.value))
        })
      for (name, help, histogram) in [
        ("time_to_first_token_seconds", "From request to first token.", state.firstToken),
        ("inter_token_latency_seconds", "Between tokens, mean of an answer.", state.betweenTokens),
        ("e2e_request_latency_seconds", "From request to the end.", state.wholeAnswer),
        ("request_queue_time_seconds", "In line.", state.queue),
        ("request_prefill_time_seconds", "Reading the prompt.", state.prefill),
        ("request_decode_time_seconds", "Writing the answer.", state.decode),
      ] {
        lines.append("# HELP \(prefix):\(name) \(help)")
        lines.append("# TYPE \(prefix):\(name) histogram")
        lines += histogram.lines("\(prefix):\(name)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
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
