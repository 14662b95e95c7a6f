import AllocationCounter
import FathomInference
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

/// What one more token costs in allocations, once memory has grown to its size.
@Suite struct AllocationTests {
  @Test(
    .enabled(if: fathom_allocations() >= 0, "needs glibc's allocator"),
    arguments: ["deepseek_v2_lite", "deepseek_v3_mtp", "qwen2"])
  func `a decoding step allocates no memory for data`(family: String) throws {
    let golden = try GoldenFamily(family)
    var options = RuntimeOptions()
    options.threads = 2
    let session = try Session(golden.model, options: options)
    try session.feed(golden.prompts[3].ids)
    // No page of the cache begins among the tokens that are counted, and the list of tokens has just grown.
    while session.tokens.count % 64 != 8 { try session.feed([1]) }
    let (all, large) = (fathom_allocations(), fathom_large_allocations())
    for token in 0..<8 { try session.feed([Int32(token)]) }
    let each = Double(fathom_allocations() - all) / 8
    #expect(fathom_large_allocations() == large, "rows, logits and scratch memory are kept")
    #if !DEBUG
      // What is left: the lists of a step, and a context for each parallel region, 32 bytes each.
      #expect(each <= Double(12 + 10 * golden.model.shape.numHiddenLayers), "\(each) in each step")
    #endif
  }
}
