import FathomInference
import Testing

@testable import FathomServer

@Suite struct ServerMetricsTests {
  private static func lines(_ metrics: ServerMetrics, _ part: String) -> [String] {
    metrics.text(EngineStatistics()).split(separator: "\n").map(String.init).filter {
      $0.contains(part)
    }
  }

  @Test func `responses are counted by route and status, and names are safe in text`() {
    let metrics = ServerMetrics(prefix: "fathom")
    for _ in 0..<3 { metrics.note(route: "/health", status: 200) }
    metrics.note(route: "/health", status: 403)
    metrics.note(route: "a\"b\\c\nd", status: 404)
    #expect(
      Self.lines(metrics, "http_responses_total") == [
        "# HELP fathom:http_responses_total Responses by route and status.",
        "# TYPE fathom:http_responses_total counter",
        #"fathom:http_responses_total{route="/health",status="200"} 3.0"#,
        #"fathom:http_responses_total{route="/health",status="403"} 1.0"#,
        #"fathom:http_responses_total{route="a\"b\\c\nd",status="404"} 1.0"#,
      ])
  }

  @Test func `times of answers fall into buckets`() {
    let metrics = ServerMetrics(prefix: "vllm")
    var answer = CollectedAnswer()
    answer.statistics.queueSeconds = 0.25
    answer.statistics.decodeSeconds = 3
    answer.statistics.completionTokens = 4
    metrics.note(answer)
    answer.statistics.queueSeconds = 2000
    metrics.note(answer)
    let queue = Self.lines(metrics, "request_queue_time_seconds")
    #expect(queue.contains(#"vllm:request_queue_time_seconds_bucket{le="0.1"} 0"#))
    #expect(queue.contains(#"vllm:request_queue_time_seconds_bucket{le="0.25"} 1"#))
    #expect(queue.contains(#"vllm:request_queue_time_seconds_bucket{le="1000.0"} 1"#))
    #expect(queue.contains(#"vllm:request_queue_time_seconds_bucket{le="+Inf"} 2"#))
    #expect(queue.contains("vllm:request_queue_time_seconds_sum 2000.25"))
    #expect(
      Self.lines(metrics, "inter_token_latency_seconds").contains(
        "vllm:inter_token_latency_seconds_sum 2.0"))
  }
}
