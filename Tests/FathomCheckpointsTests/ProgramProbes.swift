import FathomCore
import FathomMapping
import FathomText
import FathomTraining

extension ParserProbe {
  /// What people write for programs of this package: mappings, training data, runs.
  static let programs = [
    ParserProbe(name: "mapping") { bytes in
      let program = try MappingProgram(parsing: String(decoding: bytes, as: UTF8.self))
      for text in [program.description, program.line]
      where text.utf8.count <= MappingLimits.standard.programBytes {
        let again = try? MappingProgram(parsing: text)
        precondition(again?.statements == program.statements, "\(text) reads as another program")
      }
      if let record = try? program.run(on: record) {
        precondition(record.objectValue != nil || record.arrayValue != nil, "\(record)")
      }
    },
    ParserProbe(name: "rows") { bytes in
      // The first byte cuts the rest in two; rows must be the same as in one piece.
      guard let first = bytes.first else { return }
      let rest = bytes.dropFirst()
      let cut = min(Int(first), rest.count)
      func rows(_ chunks: [Slice<UnsafeRawBufferPointer>]) throws -> [JSON] {
        var reader = JSONLineReader(name: "rows")
        var rows: [JSON] = []
        for chunk in chunks { try reader.take(chunk) { row, _, _ in rows.append(row) } }
        try reader.finish { row, _, _ in rows.append(row) }
        return rows
      }
      let whole = try rows([rest])
      let halves = try? rows([rest.prefix(cut), rest.dropFirst(cut)])
      precondition(halves == whole, "\(whole.count) rows are others when cut at \(cut)")
      for row in whole { try read(row) }
    },
    ParserProbe(name: "run") { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let run = try RunConfiguration(yaml: text)
      precondition(run.sequenceLength >= 2 && run.microBatchSize >= 1, "\(run)")
    },
  ]

  private static let record = JSON.object(
    JSONObject([
      "a": .string("Ana B. 1,250.50"), "b": .array([.integer(1), .double(2.5), .null]),
      "c": .object(JSONObject(["d": .string("2024-02-29"), "e": .bool(true)])),
    ]))

  /// A row as whatever it can be, and the samples it gives.
  private static func read(_ json: JSON) throws {
    let rows = RowKind.allCases.map { kind in Result { try DataRow(json, as: kind) } }
    let tokenizer = try ByteVocabulary.tokenizer.get()
    let encoder = try SampleEncoder(tokenizer: tokenizer, format: .deepSeekV31)
    for case .success(let row) in rows {
      for sample in (try? encoder.samples(row)) ?? [] {
        precondition(
          sample.tokens.count == sample.weights.count
            && sample.tokens.allSatisfy { (0...256).contains($0) }, "\(sample)")
      }
    }
    if rows.allSatisfy({ (try? $0.get()) == nil }) { _ = try rows[0].get() }
  }
}
