import FathomCheckpoints
import FathomCore
import FathomInference
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

/// GGUF files of tiny networks beside llama.cpp: `Tests/Golden/scripts/make_gguf.py`. With both forms of the latent
/// up-projection, YaRN, biases, rows of paired rotary channels and divided frequencies.
@Suite struct GGUFModelTests {
  static let names = ["deepseek_v2_lite", "deepseek_v3_norope_scaling", "qwen2", "llama3"]

  private func path(_ name: String) -> String {
    Golden.root.appending(path: "gguf/\(name).gguf").path
  }

  /// Files of F32 weights were made of these checkpoints for llama.cpp; its attention works in f16.
  @Test(arguments: names)
  func `greedy tokens of unquantised weights are llama_cpp's`(name: String) throws {
    let expected = try #require(try Golden.json("gguf/expected.json")["f32"]?[name])
    let prompt = (expected["prompt"]).ints.map(Int32.init)
    let theirs = (expected["logits"]?.arrayValue ?? []).compactMap(\.doubleValue).map { Float($0) }
    let model = try Model(path: GoldenFamily.path(name))
    let session = try Session(model, options: .exact)
    let difference = Difference(try #require(try session.evaluateAll(prompt).last), theirs)
    #expect(difference.largest < 0.012, "\(difference)")
    var greedy = GenerationOptions()
    greedy.sampling = .greedy
    greedy.maxTokens = 16
    let tokens = try Session(model, options: .exact).generate(prompt: prompt, options: greedy)
      .tokens
    #expect(tokens == expected["greedy"].ints.map(Int32.init))
  }

  /// Both programs round activations, each in its way: on Q8_0, where llama.cpp rounds activations to 8 bits, they differ by up to 0.45, as do our own exact and
  /// rounded activations. Logits have a standard deviation of 2.2.
  @Test(arguments: names, [ActivationPrecision.auto, .f32])
  func `logits are llama_cpp's up to the rounding of activations`(
    name: String, activations: ActivationPrecision
  ) throws {
    let expected = try #require(try Golden.json("gguf/expected.json")["files"]?[name])
    let prompt = (expected["prompt"]).ints.map(Int32.init)
    let theirs = (expected["logits"]?.arrayValue ?? []).compactMap(\.doubleValue).map { Float($0) }
    var options = RuntimeOptions.exact
    options.activations = activations
    let session = try Session(try Model(path: path(name)), options: options)
    let ours = try #require(try session.evaluateAll(prompt).last)
    let difference = Difference(ours, theirs)
    #expect(difference.largest < 0.5, "\(difference)")
    #expect(difference.dissimilarity < 5e-3, "\(difference)")
    var greedy = GenerationOptions()
    greedy.sampling = .greedy
    greedy.maxTokens = 3
    let tokens = try Session(try Model(path: path(name)), options: options)
      .generate(prompt: prompt, options: greedy).tokens
    if activations == .auto { #expect(tokens[0] == Int32((expected["greedy"]).ints[0])) }
  }

  @Test(arguments: names) func `the tokenizer in the file is the folder's`(name: String) throws {
    let text = try CheckpointText(path: path(name))
    let folder = try CheckpointText(path: GoldenFamily.path(name))
    for sentence in ["Hello, world 12345", "Größe\n\n  日本語<｜User｜>", "don't   stop!?"] {
      #expect(
        text.tokenizer.encode(sentence, special: .recognised)
          == folder.tokenizer.encode(sentence, special: .recognised))
    }
    #expect(text.tokenizer.eosID == folder.tokenizer.eosID)
  }

  @Test(arguments: names)
  func `every machine, placement and packed form gives the same bits`(name: String) throws {
    try TemporaryFolder.with { folder in
      let prompt: [Int32] = [0, 263, 292, 117, 176, 76, 309, 45, 200, 411]
      func logits(_ model: Model, _ set: InstructionSet? = nil) throws -> [[UInt32]] {
        var options = RuntimeOptions()
        options.instructionSet = set
        return try Session(model, options: options).evaluateAll(prompt).map { $0.map(\.bitPattern) }
      }
      let mapped = try Model(path: path(name))
      let whole = try logits(mapped)
      for set in InstructionSet.available { #expect(try logits(mapped, set) == whole, "\(set)") }
      let resident = try Model(path: path(name), placement: .resident())
      resident.waitForWeights()
      #expect(try logits(resident) == whole)
      let plan = try ConversionPlan(mapped.checkpoint, ConversionPolicy(.packed))
      _ = try Converter(plan, try RuntimeOptions().compute(), isCancelled: { false })
        .write(to: "\(folder)/m.gguf") { _, _ in }
      #expect(try logits(try Model(path: "\(folder)/m.gguf")) == whole, "packed")
      #expect(
        try CheckpointText(path: "\(folder)/m.gguf").tokenizer.encode("Hi you", special: .none)
          == CheckpointText(path: path(name)).tokenizer.encode("Hi you", special: .none))
    }
  }

  @Test(arguments: names) func `damaged files are refused with a reason`(name: String) throws {
    let bytes = try TemporaryFolder.read(path(name))
    try TemporaryFolder.with { folder in
      let bad = "\(folder)/bad.gguf"
      var random = SeededGenerator(seed: 77)
      func open(_ bytes: [UInt8]) throws {
        try TemporaryFolder.write(bytes, to: bad)
        _ = try Model(path: bad)
        _ = try CheckpointText(path: bad)
      }
      for cut in [0, 4, 23, 100, 5000, bytes.count - 1] {
        #expect("cut to \(cut)") {
          try open(Array(bytes.prefix(cut)))
        } throws: {
          $0 is InputError || $0 is InputErrors
        }
      }
      // Flipped bits in the header are noticed or harmless; nothing else may be thrown.
      for _ in 0..<100 {
        var copy = bytes
        let at = Int.random(in: 0..<min(20_000, bytes.count), using: &random)
        copy[at] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
        do { try open(copy) } catch is InputError {} catch is InputErrors {}
      }
    }
  }
}
