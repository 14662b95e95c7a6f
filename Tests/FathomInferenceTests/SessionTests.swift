import FathomCore
import FathomInference
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

@Suite struct SessionTests {
  @Test func `going back and on again equals going straight`() throws {
    let golden = try GoldenFamily("deepseek_v3_plain")
    let ids = golden.prompts[3].ids
    let straight = try Session(golden.model)
    try straight.feed(ids)
    let session = try Session(golden.model)
    try session.feed(Array(ids.prefix(100)) + [300, 301, 302])
    session.truncate(to: 70)
    #expect(session.logits.isEmpty)
    #expect(session.tokens.count == 70)
    try session.feed(Array(ids.dropFirst(70)))
    #expect(session.logits == straight.logits)
    #expect(session.cacheBytes == straight.cacheBytes)
  }

  @Test func `a prompt that shares a beginning reuses the cache`() throws {
    let golden = try GoldenFamily("qwen2")
    let ids = golden.prompts[3].ids
    let session = try Session(golden.model)
    try session.feed(ids)
    let expected = session.logits
    #expect(try session.continueWith(ids) == ids.count)
    #expect(try session.continueWith(Array(ids.prefix(90)) + [400, 401]) == 90)
    #expect(try session.continueWith(ids) == 90)
    #expect(session.logits == expected)
    #expect(try session.continueWith(Array(ids.prefix(20))) == 19)
  }

  @Test func `a full context is a typed outcome and loses nothing`() throws {
    let golden = try GoldenFamily("deepseek_v3_mtp_aligned")
    for drafting in [Drafting.off, .mtp] {
      var runtime = RuntimeOptions()
      runtime.contextLimit = 40
      let session = try Session(golden.model, options: runtime, drafts: drafting == .mtp)
      #expect(throws: ContextFull(tokens: 130, limit: 40)) {
        try session.feed(golden.prompts[3].ids)
      }
      #expect(session.tokens.isEmpty)
      var options = GenerationOptions()
      options.sampling = .greedy
      options.drafting = drafting
      let generation = try session.generate(prompt: golden.prompts[2].ids, options: options)
      #expect(generation.finishReason == .contextLength)
      #expect(generation.tokens.count == 40 - 33 + 1)
      #expect(session.tokens.count == 40)
    }
  }

  /// Weights that overflow must not look like an answer.
  @Test func `logits that are no numbers are an error, and nothing stays of them`() throws {
    try TemporaryFolder.with { folder in
      let source = GoldenFamily.path("qwen2")
      for name in ["config.json", "model.safetensors"] {
        try TemporaryFolder.write(
          try TemporaryFolder.read("\(source)/\(name)"), to: "\(folder)/\(name)")
      }
      let model = try Model(path: folder)
      let norm = try #require(model.checkpoint.tensors["model.norm.weight"])
      var bytes = try TemporaryFolder.read(folder + "/model.safetensors")
      for place in norm.byteRange { bytes[place] = 0x7F }  // bf16 NaN
      try TemporaryFolder.write(bytes, to: folder + "/model.safetensors")
      let session = try Session(try Model(path: folder))
      #expect(throws: NotFinite.self) { try session.feed([5, 6, 7]) }
      #expect(session.tokens.isEmpty && session.logits.isEmpty && session.cacheBytes == 0)
    }
  }

  @Test func `tokens outside the vocabulary are refused`() throws {
    let golden = try GoldenFamily("qwen2_tied")
    for token in [-1, 512, Int32.max] {
      let session = try Session(golden.model)
      #expect(throws: InputError.self) { try session.feed([5, token]) }
      #expect(session.tokens.isEmpty)
    }
  }

  @Test func `cancelling between chunks and tokens keeps what is done`() throws {
    let golden = try GoldenFamily("deepseek_v3_plain")
    var runtime = RuntimeOptions.exact
    runtime.prefillChunk = 64
    let session = try Session(golden.model, options: runtime)
    var seen: [Int] = []
    #expect(throws: CancellationError.self) {
      try session.feed(
        golden.prompts[3].ids, progress: { seen.append($0) }, isCancelled: { seen.count == 2 })
    }
    #expect(seen == [64, 128])
    #expect(session.tokens.count == 128)

    var options = GenerationOptions()
    options.sampling = .greedy
    var tokens = 0
    let generation = try session.generate(
      prompt: golden.prompts[3].ids, options: options, isCancelled: { tokens == 3 },
      onToken: { _ in
        tokens += 1
        return true
      })
    #expect(generation.finishReason == .cancelled)
    #expect(generation.tokens == Array(golden.prompts[3].greedy.prefix(3)))
    #expect(generation.statistics.cachedTokens == 128)
  }

  @Test(arguments: [1, 16, 63, 64, 100, 256])
  func `prefill takes chunks of the size that was asked for`(size: Int) throws {
    let golden = try GoldenFamily("qwen2")
    var runtime = RuntimeOptions()
    runtime.prefillChunk = size
    var steps = 0
    try Session(golden.model, options: runtime).feed(
      golden.prompts[3].ids, progress: { _ in steps += 1 })
    #expect(steps <= (golden.prompts[3].ids.count + size - 1) / size + 1)
  }

  /// A prompt beyond one chunk of the drafter runs through the MTP module while it is read.
  @Test func `a long prompt is drafted behind as a short one is`() throws {
    let golden = try GoldenFamily("deepseek_v3_mtp_aligned")
    let prompt = (0..<4).flatMap { _ in golden.prompts[3].ids }
    var options = GenerationOptions()
    options.sampling = .greedy
    options.maxTokens = 40
    options.drafting = .off
    let plain = try Session(golden.model).generate(prompt: prompt, options: options)
    options.drafting = .mtp
    let session = try Session(golden.model, drafts: true)
    let drafted = try session.generate(prompt: prompt, options: options)
    #expect(drafted.tokens == plain.tokens)
    #expect(drafted.statistics.acceptedTokens > 0)
    // Off and on again: positions in between are left out, and nothing goes wrong.
    options.drafting = .off
    let longer = prompt + plain.tokens
    let without = try session.generate(prompt: longer, options: options)
    options.drafting = .mtp
    #expect(try session.generate(prompt: longer, options: options).tokens == without.tokens)
  }

  @Test(arguments: CacheType.allCases)
  func `saved and restored, an answer goes on as if nothing had happened`(cacheType: CacheType)
    throws
  {
    let golden = try GoldenFamily("deepseek_v3_mtp")
    var runtime = RuntimeOptions()
    runtime.cacheType = cacheType
    let session = try Session(golden.model, options: runtime)
    try session.feed(golden.prompts[3].ids)
    try TemporaryFolder.with { folder in
      let path = folder + "/timeline.fathom"
      try session.save(to: path)
      let restored = try Session(golden.model, options: runtime)
      try restored.restore(from: path)
      #expect(restored.tokens == session.tokens)
      #expect(restored.logits == session.logits)
      try session.feed([17, 18])
      try restored.feed([17, 18])
      #expect(restored.logits == session.logits)
    }
  }

  @Test func `a timeline of another model, another cache type or a damaged one is refused`() throws
  {
    let golden = try GoldenFamily("deepseek_v3_mtp")
    let session = try Session(golden.model)
    try session.feed(golden.prompts[2].ids)
    try TemporaryFolder.with { folder in
      let path = folder + "/timeline.fathom"
      try session.save(to: path)
      let other = try Session(try GoldenFamily("deepseek_v3_mtp_aligned").model)
      #expect(throws: InputError.self) { try other.restore(from: path) }
      let precise = try Session(golden.model, options: .exact)
      #expect(throws: InputError.self) { try precise.restore(from: path) }
      let bytes = try TemporaryFolder.read(path)
      for place in [0, 5, 9, 40, bytes.count / 2, bytes.count - 1] {
        var damaged = bytes
        damaged[place] ^= 0x10
        try TemporaryFolder.write(damaged, to: path)
        let fresh = try Session(golden.model)
        #expect(throws: InputError.self, "byte \(place)") { try fresh.restore(from: path) }
        #expect(fresh.tokens.isEmpty)
      }
      for length in [0, 7, 20, bytes.count - 1] {
        try TemporaryFolder.write(Array(bytes.prefix(length)), to: path)
        let fresh = try Session(golden.model)
        #expect(throws: InputError.self, "\(length) bytes") { try fresh.restore(from: path) }
      }
    }
  }
}
