import FathomCore
import Foundation
import GoldenSupport
import Testing

@Suite struct BenchCommandTests {
  private let quick = ["-p", "5", "-n", "3", "-r", "2", "-t", "2"]

  @Test func `bench describes every measurement in the agreed keys`() throws {
    let result = try fathom("bench", quick + ["-d", "0,70", "-b", "1,2", "--json"])
    #expect(result.status == 0 && result.error.isEmpty, "\(result)")
    let rows = try #require(try result.json().arrayValue)
    let cases = rows.map { row in
      [row["phase"], row["depth"], row["batch"], row["tokens"]].map { $0?.text() ?? "" }
    }
    #expect(
      cases == [
        ["\"prefill\"", "0", "1", "5"], ["\"decode\"", "0", "1", "3"],
        ["\"prefill\"", "0", "2", "5"], ["\"decode\"", "0", "2", "3"],
        ["\"prefill\"", "70", "1", "5"], ["\"decode\"", "70", "1", "3"],
        ["\"prefill\"", "70", "2", "5"], ["\"decode\"", "70", "2", "3"],
      ])
    for row in rows {
      #expect(
        row.keys == [
          "model", "format", "threads", "phase", "depth", "batch", "tokens", "tokens_per_second",
          "bytes_per_token", "gb_per_second", "read_bandwidth_gb_per_second",
          "percent_of_bandwidth", "percent_of_compute", "cache_bytes_per_token", "load_seconds",
          "peak_resident_bytes", "core_hop_nanoseconds",
        ])
      let speed = try #require(row["tokens_per_second"])
      #expect(speed.keys == ["median", "min", "max"])
      let numbers = try ["min", "median", "max"].map { try #require(speed[$0]?.doubleValue) }
      #expect(numbers[0] > 0 && numbers == numbers.sorted())
      #expect(row["model"] == .string("deepseek_v3_mtp") && row["format"] == .string("bf16"))
      #expect(row["threads"] == .integer(2))
      for key in ["bytes_per_token", "gb_per_second", "read_bandwidth_gb_per_second"] {
        #expect(try #require(row[key]?.doubleValue) > 0, "\(key)")
      }
    }
  }

  @Test func `bench prints a table, and CSV of the same columns`() throws {
    let table = try fathom("bench", quick)
    #expect(table.status == 0 && table.text.contains("prefill 5"), "\(table)")
    let csv = try fathom("bench", quick + ["--csv"]).text.split(separator: "\n")
    #expect(csv.count == 3)
    #expect(
      csv[0].hasPrefix("model,format,threads,phase,depth,batch,tokens,tokens_per_second_median,"))
    #expect(csv.allSatisfy { $0.split(separator: ",").count == 19 })
  }

  @Test(arguments: [
    ["-p", "0", "-n", "0"], ["-r", "0"], ["-b", "0"], ["--warm-up", "-1"], ["-d", "-1"],
    ["-d", "1000000"],
    ["--json", "--csv"], ["--fabricate", "tiny"], ["--ablate", "-r", "0"], ["--ablate", "--csv"],
  ])
  func `numbers that make no sense are wrong usage`(arguments: [String]) throws {
    let result = try fathom("bench", arguments)
    #expect(result.status == 2 && result.firstErrorLine.hasPrefix("Error: "), "\(result)")
  }

  @Test func `a fabricated file is the same for the same seed`() throws {
    try TemporaryFolder.with { folder in
      func make(_ name: String, _ format: String, seed: Int) throws -> [UInt8] {
        let path = "\(folder)/\(name).gguf"
        let result = try fathom([
          "bench", "--fabricate", "tiny", "--format", format, "-o", path, "--seed", "\(seed)",
        ])
        #expect(result.status == 0, "\(result)")
        return try TemporaryFolder.read(path)
      }
      let first = try make("a", "q4_0", seed: 1)
      #expect(first.starts(with: Array("GGUF".utf8) + [3, 0, 0, 0]))
      #expect(try make("b", "q4_0", seed: 1) == first)
      #expect(try make("c", "q4_0", seed: 2) != first)
      let plain = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(plain.sorted() == ["a.gguf", "b.gguf", "c.gguf"])
    }
  }
}
