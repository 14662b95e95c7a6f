import Fathom

/// One line of a benchmark, under the names its JSON and CSV forms give them.
struct BenchRow {
  var model: String
  var format: String
  var threads: Int
  var phase: BenchPhase
  var depth: Int
  var batch: Int
  /// New tokens of each sequence.
  var tokens: Int
  var tokensPerSecond: Spread
  var bytesPerToken: Double
  var readBandwidth: Double
  /// Operations per second that the ceiling allows, and those a token needs.
  var operationsCeiling: Double
  var operationsPerToken: Double
  var cacheBytesPerToken: Int
  var loadSeconds: Double
  var peakResidentBytes: Int
  /// `WorkerPool.coreHop` in nanoseconds, around the repetitions; nil where it is not known.
  var coreHop: Double?

  var bytesPerSecond: Double { tokensPerSecond.median * bytesPerToken }
  var percentOfBandwidth: Double { percent(bytesPerSecond, of: readBandwidth) }
  var percentOfCompute: Double {
    percent(tokensPerSecond.median * operationsPerToken, of: operationsCeiling)
  }

  private func percent(_ part: Double, of whole: Double) -> Double {
    whole > 0 ? 100 * part / whole : 0
  }

  var json: JSON {
    func number(_ value: Double, places: Int) -> JSON {
      .double(Double(value.rounded(places: places)) ?? value)
    }
    return .object(
      JSONObject([
        "model": .string(model),
        "format": .string(format),
        "threads": .integer(threads),
        "phase": .string(phase.rawValue),
        "depth": .integer(depth),
        "batch": .integer(batch),
        "tokens": .integer(tokens),
        "tokens_per_second": .object(
          JSONObject([
            "median": number(tokensPerSecond.median, places: 3),
            "min": number(tokensPerSecond.min, places: 3),
            "max": number(tokensPerSecond.max, places: 3),
          ])),
        "bytes_per_token": .integer(Int(bytesPerToken)),
        "gb_per_second": number(bytesPerSecond / 1e9, places: 3),
        "read_bandwidth_gb_per_second": number(readBandwidth / 1e9, places: 3),
        "percent_of_bandwidth": number(percentOfBandwidth, places: 2),
        "percent_of_compute": number(percentOfCompute, places: 2),
        "cache_bytes_per_token": .integer(cacheBytesPerToken),
        "load_seconds": number(loadSeconds, places: 3),
        "peak_resident_bytes": .integer(peakResidentBytes),
        "core_hop_nanoseconds": coreHop.map { number($0, places: 1) } ?? .null,
      ]))
  }
}

/// A benchmark in the forms people and programs read.
struct BenchReport {
  let rows: [BenchRow]
  let ceilings: MachineCeilings
  /// From opening the file; weights may still be on their way then.
  let firstTokenSeconds: Double

  func show() throws {
    let table = TextTable(
      columns: ["phase", "depth", "batch", "tok/s", "min…max", "GB/s", "% read", "% compute"],
      rows: rows.map { row in
        [
          "\(row.phase.rawValue) \(row.tokens)", "\(row.depth)", "\(row.batch)",
          row.tokensPerSecond.median.significant,
          "\(row.tokensPerSecond.min.significant)…\(row.tokensPerSecond.max.significant)",
          (row.bytesPerSecond / 1e9).significant, "\(Int(row.percentOfBandwidth.rounded()))",
          "\(Int(row.percentOfCompute.rounded()))",
        ]
      })
    if let row = rows.first {
      try Terminal.line("\(row.model), \(row.format), \(row.threads) threads", .bold)
    }
    for line in table.lines { try Terminal.line(line) }
    guard let row = rows.first else { return }
    try Terminal.line(
      "\nto the first token \(firstTokenSeconds.significant) s, "
        + "to full speed \(row.loadSeconds.significant) s, "
        + "at most \(row.peakResidentBytes.asBytes) resident, "
        + "cache \(row.cacheBytesPerToken.asBytes) per token")
    try Terminal.line(
      "this machine: reads \((ceilings.readBytesPerSecond / 1e9).significant) GB/s, "
        + "int8 \((ceilings.int8PerSecond / 1e9).significant) Gop/s, "
        + "bf16 \((ceilings.bf16PerSecond / 1e9).significant) Gop/s"
        + (hops.isEmpty ? "" : ", from core to core in \(hops) ns"))
  }

  /// The shortest and the longest of the rows.
  private var hops: String {
    let hops = rows.compactMap(\.coreHop)
    guard let least = hops.min(), let most = hops.max() else { return "" }
    return least == most ? least.significant : "\(least.significant)…\(most.significant)"
  }

  var json: JSON { .array(rows.map(\.json)) }

  var csv: [String] {
    let objects = rows.map { row in
      (row.json.objectValue?.members ?? []).flatMap { member -> [(String, String)] in
        guard let spread = member.value.objectValue else {
          return [(member.key, Self.field(member.value))]
        }
        return spread.members.map { ("\(member.key)_\($0.key)", Self.field($0.value)) }
      }
    }
    let header = (objects.first ?? []).map { $0.0 }.joined(separator: ",")
    return [header] + objects.map { $0.map { $0.1 }.joined(separator: ",") }
  }

  /// Text with a comma or a quote in it stands in quotes.
  private static func field(_ value: JSON) -> String {
    guard let text = value.stringValue else { return value.text() }
    return text.contains { ",\"\n\r".contains($0) }
      ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}

/// Columns of text: the first to the left, numbers to the right.
struct TextTable {
  let columns: [String]
  let rows: [[String]]

  var lines: [String] {
    let widths = columns.indices.map { column in
      ([columns] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([columns] + rows).map { row in
      row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + space : space + row[column]
      }.joined(separator: "  ")
    }
  }
}
