import FathomCheckpoints
import FathomCore
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct CheckpointExportTests {
  private func weights(_ folder: String) throws -> [String: [Float]] {
    let model = try RunModel(try Checkpoint.open(folder), adapters: nil, seed: 0) { _ in false }
    return Dictionary(
      uniqueKeysWithValues: model.parameters.ids.map { id in
        let parameter = model.parameters[id]
        let values = UnsafeBufferPointer(
          start: model.parameters.value(id).pointer, count: parameter.count)
        return (parameter.name, Array(values))
      })
  }

  @Test func `a checkpoint written anew has its weights, and what lies beside them`() throws {
    let golden = GoldenFamily.path("deepseek_v3_mtp")
    try TemporaryFolder.with { folder in
      let (source, copy, small) = ("\(folder)/source", "\(folder)/copy", "\(folder)/small")
      try FileManager.default.copyItem(atPath: golden, toPath: source)
      let suggestions = Array(#"{"temperature": 0.6}"#.utf8)
      try TemporaryFolder.write(suggestions, to: "\(source)/generation_config.json")
      try CheckpointExport.write(source, to: copy, format: .f32)
      #expect(try weights(copy) == weights(golden))
      #expect(try FileBytes.read("\(copy)/generation_config.json", limit: 100) == suggestions)
      #expect(FileBytes.exists("\(copy)/tokenizer.json"))
      // What FP8 can say, it says again.
      try CheckpointExport.write(golden, to: small, format: .fp8)
      try CheckpointExport.write(small, to: "\(folder)/again", format: .fp8)
      #expect(try weights(small) == weights("\(folder)/again") && weights(small) != weights(golden))
    }
  }
}
