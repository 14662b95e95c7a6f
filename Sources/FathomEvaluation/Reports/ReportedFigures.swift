import FathomCore

/// A figure that somebody has published. It was not measured here.
public struct ReportedFigure: Sendable {
  public enum Unit: String, Sendable {
    case percent
    /// A player's rating, as chess has it.
    case rating
  }

  public let model: String
  public let benchmark: String
  public let value: Double
  public let unit: Unit
  public let source: String

  private init(
    _ model: String, _ benchmark: String, _ value: Double, _ unit: Unit, _ source: String
  ) {
    (self.model, self.benchmark, self.value, self.unit, self.source) = (
      model, benchmark, value, unit, source
    )
  }

  /// Those that this project has looked up where they were published, or in copies where the source says so. AIME 2025 came after the
  /// report of R1; OpenAI's figure for o1 is not among them, as it stands in a picture that we haven't seen.
  public static let all: [ReportedFigure] = table + zero + later

  private static let table: [ReportedFigure] = {
    let source =
      "DeepSeek-R1, evaluation results in the README of github.com/deepseek-ai/DeepSeek-R1"
    let models = ["DeepSeek-R1", "OpenAI o1-1217", "DeepSeek-V3"]
    let rows: [(benchmark: String, unit: Unit, values: [Double])] = [
      ("AIME 2024, pass@1", .percent, [79.8, 79.2, 39.2]),
      ("MATH-500, pass@1", .percent, [97.3, 96.4, 90.2]),
      ("SWE-bench Verified, resolved", .percent, [49.2, 48.9, 42.0]),
      ("Codeforces, percentile", .percent, [96.3, 96.6, 58.7]),
      ("Codeforces, rating", .rating, [2029, 2061, 1134]),
    ]
    return rows.flatMap { row in
      zip(models, row.values).map { ReportedFigure($0, row.benchmark, $1, row.unit, source) }
    }
  }()

  private static let zero: [ReportedFigure] = [
    ReportedFigure(
      "DeepSeek-R1-Zero, first step of its training", "AIME 2024, pass@1", 15.6, .percent,
      "DeepSeek-R1 report, arXiv 2501.12948v2"),
    ReportedFigure(
      "DeepSeek-R1-Zero, last of its 10,400 steps", "AIME 2024, pass@1", 77.9, .percent,
      "DeepSeek-R1 report, arXiv 2501.12948v2"),
  ]

  private static let later: [ReportedFigure] = [
    ReportedFigure(
      "DeepSeek-R1", "AIME 2025, pass@1", 70.0, .percent,
      "card of DeepSeek-R1-0528, huggingface.co/deepseek-ai/DeepSeek-R1-0528, read in copies"),
    ReportedFigure(
      "DeepSeek-V3-0324", "AIME 2025, pass@1", 51.3, .percent,
      "card of DeepSeek-V3.1, huggingface.co/deepseek-ai/DeepSeek-V3.1, read in copies"),
  ]

  public var json: JSON {
    .object(
      JSONObject([
        "model": .string(model), "benchmark": .string(benchmark), "value": .double(value),
        "unit": .string(unit.rawValue), "source": .string(source), "measured_here": .bool(false),
      ]))
  }
}
