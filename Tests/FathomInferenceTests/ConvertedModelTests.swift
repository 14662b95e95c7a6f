import FathomCheckpoints
import FathomCore
import FathomInference
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

/// Converted models: what may change did, and nothing else.
@Suite struct ConvertedModelTests {
  static let families = ["deepseek_v2_lite", "deepseek_v3_mtp", "deepseek_v3_fp8", "qwen2_tied"]

  private func convert(
    _ family: String, _ policy: ConversionPolicy, to path: String,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> Converter.Report {
    let plan = try ConversionPlan(try Checkpoint.open(GoldenFamily.path(family)), policy)
    return try Converter(plan, try RuntimeOptions().compute(), isCancelled: isCancelled)
      .write(to: path) { _, _ in }
  }

  private func logits(
    _ model: Model, _ prompt: [Int32], _ change: (inout RuntimeOptions) -> Void = { _ in }
  ) throws -> [[UInt32]] {
    var options = RuntimeOptions()
    change(&options)
    return try Session(model, options: options).evaluateAll(prompt).map { $0.map(\.bitPattern) }
  }

  @Test(arguments: families)
  func `a packed model gives the bits of its source, and the same text half`(family: String) throws
  {
    try TemporaryFolder.with { folder in
      let golden = try GoldenFamily(family)
      let report = try convert(family, ConversionPolicy(.packed), to: "\(folder)/m.gguf")
      #expect(report.roundings.isEmpty)
      let packed = try Model(path: "\(folder)/m.gguf")
      #expect(packed.shape == golden.model.shape)
      #expect(packed.parameterCount == golden.model.parameterCount)
      #expect(packed.checkpoint.generation == golden.model.checkpoint.generation)
      let prompt = golden.prompts[2].ids
      #expect(try logits(packed, prompt) == logits(golden.model, prompt))
      let source = try CheckpointText(path: GoldenFamily.path(family))
      let text = try CheckpointText(path: "\(folder)/m.gguf")
      #expect(try text.chatFormat().name == source.chatFormat().name)
      let sentence = "Größe: 12 apples, <think> 日本"
      #expect(
        text.tokenizer.encode(sentence, special: .recognised)
          == source.tokenizer.encode(sentence, special: .recognised))
    }
  }

  @Test(arguments: families, [ConversionFormat.q4, .q8, .fp8, .bf16])
  func `every format gives the same bits on every machine, in any batch and place`(
    family: String, format: ConversionFormat
  ) throws {
    try TemporaryFolder.with { folder in
      let prompts = try GoldenFamily(family).prompts.map(\.ids)
      let prompt = prompts[2]
      let path = "\(folder)/m.gguf"
      _ = try convert(family, ConversionPolicy(format), to: path)
      let model = try Model(path: path)
      let whole = try logits(model, prompt)
      for set in InstructionSet.available {
        #expect(try logits(model, prompt) { $0.instructionSet = set } == whole, "\(set)")
      }
      for threads in [1, 3, 8] {
        #expect(try logits(model, prompt) { $0.threads = threads } == whole, "\(threads) threads")
      }
      let resident = try Model(path: path, placement: .resident())
      #expect(try logits(resident, prompt) == whole, "while weights move")
      resident.waitForWeights()
      #expect(try logits(resident, prompt) == whole, "after weights moved")
      let partly = try Model(path: path, placement: .resident(budget: 100_000))
      partly.waitForWeights()
      #expect(partly.residentWeightBytes <= 100_000)
      #expect(try logits(partly, prompt) == whole, "with a budget")
      let session = try Session(model)
      var rows: [[UInt32]] = []
      for token in prompt { rows += try session.evaluateAll([token]).map { $0.map(\.bitPattern) } }
      #expect(rows == whole, "one token at a time")
      let alone = try prompts.map { try logits(model, $0) }
      #expect(try model.logitsTogether(prompts) == alone, "with other sequences")
    }
  }

  @Test func `what the reports keep in high precision stays so, and exceptions hold`() throws {
    try TemporaryFolder.with { folder in
      let source = try Checkpoint.open(GoldenFamily.path("deepseek_v3_mtp"))
      let policy = ConversionPolicy(
        .q4, exceptions: [("*.layers.0.self_attn.o_proj.weight", .bf16), ("lm_head.*", .q8)])
      _ = try convert("deepseek_v3_mtp", policy, to: "\(folder)/m.gguf")
      let converted = try Checkpoint.open("\(folder)/m.gguf")
      for name in [
        "model.embed_tokens.weight", "model.layers.1.mlp.gate.weight", "model.norm.weight",
        "model.layers.1.mlp.gate.e_score_correction_bias", "model.layers.3.eh_proj.weight",
        "model.layers.0.self_attn.kv_a_layernorm.weight",
      ] {
        let stored = try #require(converted.tensors[name], "\(name)")
        #expect(stored.dtype == source.tensors[name]?.dtype, "\(name)")
        #expect(
          stored.withBytes { Array($0) } == source.tensors[name]?.withBytes { Array($0) }, "\(name)"
        )
      }
      #expect(converted.tensors["lm_head.weight"]?.dtype == .q8Panel)
      #expect(converted.tensors["model.layers.0.self_attn.o_proj.weight"]?.dtype == .bf16)
      #expect(
        converted.tensors["model.layers.1.mlp.shared_experts.gate_proj.weight"]?.dtype == .q4Panel)
      _ = try Model(converted)
    }
  }

  @Test func `a conversion that was stopped goes on, to the same bytes`() throws {
    try TemporaryFolder.with { folder in
      let policy = ConversionPolicy(.fp8)
      _ = try convert("deepseek_v3_mtp", policy, to: "\(folder)/whole.gguf")
      let whole = try TemporaryFolder.read("\(folder)/whole.gguf")
      for steps in [1, 7, 60] {
        let path = "\(folder)/\(steps).gguf"
        // A new run gets a little further each time.
        var runs = 0
        var resumed = 0
        while true {
          runs += 1
          var left = steps
          do {
            resumed = try convert("deepseek_v3_mtp", policy, to: path) {
              left -= 1
              return left < 0
            }.resumedTensors
            break
          } catch is Converter.Stopped {
            #expect(throws: InputError.self) { try Model(path: path) }
          }
        }
        #expect(runs > 2 && resumed > 0, "\(runs) runs, \(resumed) tensors resumed")
        #expect(try TemporaryFolder.read(path) == whole, "stopped after \(steps)")
      }
      // Another conversion to the same name begins anew.
      let path = "\(folder)/other.gguf"
      var left = 5
      #expect(throws: Converter.Stopped.self) {
        try convert("deepseek_v3_mtp", ConversionPolicy(.q8), to: path) {
          left -= 1
          return left < 0
        }
      }
      #expect(try convert("deepseek_v3_mtp", policy, to: path).resumedTensors == 0)
      #expect(try TemporaryFolder.read(path) == whole)
      // The mark of an earlier file must be gone before this one is written: after a crash it would be believed.
      let mark = path + ".partial.synced"
      try TemporaryFolder.write(Array("999999999".utf8), to: mark)
      var found: [UInt8]?
      #expect(throws: Converter.Stopped.self) {
        try convert("deepseek_v3_mtp", policy, to: path) {
          found = try? TemporaryFolder.read(mark)
          return true
        }
      }
      #expect(found == nil)
    }
  }

  @Test func `damaged packed models are refused with a reason`() throws {
    try TemporaryFolder.with { folder in
      _ = try convert("deepseek_v3_fp8", ConversionPolicy(.q4), to: "\(folder)/m.gguf")
      let bytes = try TemporaryFolder.read("\(folder)/m.gguf")
      let path = "\(folder)/bad.gguf"
      func expectRefusal(_ bytes: [UInt8], _ note: String) throws {
        try TemporaryFolder.write(bytes, to: path)
        #expect("\(note)") {
          _ = try Model(path: path)
        } throws: {
          $0 is InputError || $0 is InputErrors
        }
      }
      for cut in [3, 30, 1000, bytes.count / 2, bytes.count - 1] {
        try expectRefusal(Array(bytes.prefix(cut)), "cut to \(cut)")
      }
      func replacing(_ old: String, _ new: String) throws -> [UInt8] {
        precondition(old.utf8.count == new.utf8.count)
        var copy = bytes
        let range = try #require(copy.firstRange(of: Array(old.utf8)))
        copy.replaceSubrange(range, with: new.utf8)
        return copy
      }
      try expectRefusal(try replacing("fathom.layout", "fathom.lagout"), "no layout")
      try expectRefusal(try replacing("fathom.config", "fathom.konfig"), "no configuration")
      try expectRefusal(try replacing("\"hidden_size\":", "\"hidden_size\"!"), "broken JSON")
      try expectRefusal(try replacing("q_a_proj.weight", "q_b_proj.weight"), "a tensor twice")
    }
  }

  @Test(arguments: [
    ("a.b.c", "a.b.c", true), ("a.b.c", "a.*", true), ("a.b.c", "*.c", true),
    ("a.b.c", "a.*.c", true),
    ("a.c", "a.*.c", false), ("abc", "*", true), ("a.b.c", "*.b", false), ("aa", "a*a*a", false),
    ("model.layers.10.mlp.gate.weight", "*.mlp.gate.weight", true),
  ])
  func `patterns match whole names`(text: String, pattern: String, matches: Bool) {
    #expect(ConversionPolicy.matches(text, pattern) == matches)
  }
}
