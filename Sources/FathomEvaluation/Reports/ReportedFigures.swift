import FathomCore

/// A figure that somebody has published. It was not measured here.
public struct ReportedFigure: Sendable {
  public let model: String
  public let benchmark: String
  /// In percent.
  public let value: Double
  public let source: String

  /// Those that this project has checked in the report they come from. Others are left out.
  public static let all = [
    ReportedFigure(
      model: "DeepSeek-R1-Zero, first step of its training", benchmark: "AIME", value: 15.6,
      source: "DeepSeek-R1 report, arXiv 2501.12948v2"),
    ReportedFigure(
      model: "DeepSeek-R1-Zero, last of its 10,400 steps", benchmark: "AIME", value: 77.9,
      source: "DeepSeek-R1 report, arXiv 2501.12948v2"),
  ]

  public var json: JSON {
    .object(
      JSONObject([
        "model": .string(model), "benchmark": .string(benchmark), "percent": .double(value),
        "source": .string(source), "measured_here": .bool(false),
      ]))
  }
}
