import FathomCore
import FathomInference

/// The parameters that all dialects spell alike, within the limits that DeepSeek's and OpenAI's APIs set.
extension Fields {
  /// Changes what the checkpoint suggests to what the request asks for.
  func sampling(over suggested: GenerationOptions, vocabulary: Int) throws -> GenerationOptions {
    var options = suggested
    // Drafting pays for one answer at a time only.
    options.drafting = .off
    let sampling = options.sampling
    options.sampling.temperature = try number("temperature", 0...2) ?? sampling.temperature
    options.sampling.topK = try int("top_k", 0...1_000_000) ?? sampling.topK
    if let topP = try number("top_p", 0...1) {
      guard topP > 0 else {
        throw APIError.outOfRange(name("top_p"), expected: "more than 0, up to 1", found: "0")
      }
      options.sampling.topP = topP
    }
    options.sampling.minP = try number("min_p", 0...1) ?? sampling.minP
    options.sampling.presencePenalty =
      try number("presence_penalty", -2...2) ?? sampling.presencePenalty
    options.sampling.frequencyPenalty =
      try number("frequency_penalty", -2...2) ?? sampling.frequencyPenalty
    options.sampling.repetitionPenalty =
      try number("repetition_penalty", 0.01...10) ?? sampling.repetitionPenalty
    if let seed = try int("seed", Int.min...Int.max) {
      options.sampling.seed = UInt64(bitPattern: Int64(seed))
    }
    options.stopStrings = try strings("stop", atMost: 16, length: 256)
    options.sampling.logitBias = try logitBias(vocabulary)
    if try bool("ignore_eos") == true { options.stopTokens = [] }
    return options
  }

  private func logitBias(_ vocabulary: Int) throws -> [Int32: Double] {
    guard let entries = try fields("logit_bias") else { return [:] }
    guard entries.object.count <= 1024 else {
      throw APIError.outOfRange(
        entries.path, expected: "at most 1024 entries", found: "\(entries.object.count)")
    }
    var bias: [Int32: Double] = [:]
    for member in entries.object.members {
      guard member.key.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let token = Int32(member.key), Int(token) < vocabulary
      else {
        throw APIError.outOfRange(
          entries.path, expected: "token ids below \(vocabulary)",
          found: InputError.excerpt(member.key))
      }
      bias[token] = try entries.number(member.key, -100...100) ?? 0
    }
    return bias
  }
}
