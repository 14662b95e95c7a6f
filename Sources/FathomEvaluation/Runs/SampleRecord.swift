import FathomCore

/// A sample of a run: a line of its file.
public struct SampleRecord: Sendable, Equatable {
  public struct Key: Hashable, Sendable {
    public let problem: String
    public let sample: Int
  }

  public let key: Key
  public let seed: UInt64
  /// All that the model wrote; empty for a choice.
  public let text: String
  public let answer: String
  public let finishReason: String
  public let promptTokens: Int?
  public let completionTokens: Int?
  public let verdict: Verdict
  /// Of a multiple-choice question: right by log-likelihood, and by log-likelihood per byte.
  public let choice: Choice?

  public struct Choice: Sendable, Equatable {
    public let isRight: Bool
    public let isRightNormalized: Bool
    public let logLikelihoods: [Double]
  }

  init(_ key: Key, seed: UInt64, _ answer: ModelAnswer, _ verdict: Verdict) {
    self.key = key
    self.seed = seed
    text = answer.completion.text
    self.answer = answer.completion.answer
    finishReason = answer.finishReason
    promptTokens = answer.promptTokens
    completionTokens = answer.completion.tokens
    self.verdict = verdict
    choice = nil
  }

  init(_ key: Key, _ scores: [ContinuationScore], _ result: ChoiceGrader.Result) {
    self.key = key
    (seed, text, answer, finishReason) = (0, "", "", "scored")
    (promptTokens, completionTokens) = (nil, nil)
    verdict = result.verdict
    choice = Choice(
      isRight: result.isRight, isRightNormalized: result.isRightNormalized,
      logLikelihoods: scores.map(\.logLikelihood))
  }

  init(_ key: Key, seed: UInt64, failed reason: String) {
    self.init(
      key, seed: seed,
      ModelAnswer(
        completion: Completion(text: "", reasoning: nil, answer: "", isFinished: false),
        finishReason: "error"), .fail(reason))
  }

  /// Samples with the same one agree in a vote.
  var vote: String { verdict.extracted ?? answer.collapsed.lowercased() }
}

extension SampleRecord {
  var json: JSON {
    var object = JSONObject([
      "id": .string(key.problem), "sample": .integer(key.sample),
      "seed": .integer(Int(clamping: seed)), "text": .string(text), "answer": .string(answer),
      "finish_reason": .string(finishReason), "score": .double(verdict.score),
      "passed": .bool(verdict.passed), "detail": .string(verdict.detail),
    ])
    object["extracted"] = verdict.extracted.map { .string($0) }
    object["plausible"] = verdict.isPlausible.map { .bool($0) }
    object["prompt_tokens"] = promptTokens.map { .integer($0) }
    object["completion_tokens"] = completionTokens.map { .integer($0) }
    if let choice {
      object["acc"] = .bool(choice.isRight)
      object["acc_norm"] = .bool(choice.isRightNormalized)
      object["log_likelihoods"] = .array(choice.logLikelihoods.map { .double($0) })
    }
    return .object(object)
  }

  /// - Throws: `InputError` whose place is within the line.
  init(_ json: JSON) throws {
    var fields = try ObjectReader(json, at: "sample")
    func required<Value>(_ key: String, _ value: Value?, _ expectation: String) throws -> Value {
      guard let value else { throw fields.error(key, expected: expectation) }
      return value
    }
    let sample = try fields.integer("sample", 0...Int.max)
    key = Key(
      problem: try fields.requiredText("id"),
      sample: try required("sample", sample, "a whole number"))
    seed = UInt64(try fields.integer("seed", 0...Int.max) ?? 0)
    text = try fields.requiredText("text")
    answer = try fields.requiredText("answer")
    finishReason = try fields.requiredText("finish_reason")
    promptTokens = try fields.integer("prompt_tokens", 0...Int.max)
    completionTokens = try fields.integer("completion_tokens", 0...Int.max)
    let isPlausible = try fields.flag("plausible")
    let (score, passed) = (try fields.number("score", 0...1), try fields.flag("passed"))
    var verdict = Verdict(
      score: try required("score", score, "a number"),
      passed: try required("passed", passed, "true or false"),
      detail: try fields.requiredText("detail"), extracted: try fields.text("extracted"))
    verdict.isPlausible = isPlausible
    self.verdict = verdict
    if let isRight = try fields.flag("acc") {
      choice = Choice(
        isRight: isRight, isRightNormalized: try fields.flag("acc_norm") ?? false,
        logLikelihoods: fields.value("log_likelihoods")?.arrayValue?.compactMap(\.doubleValue) ?? []
      )
    } else {
      choice = nil
    }
    try fields.finish()
  }
}
