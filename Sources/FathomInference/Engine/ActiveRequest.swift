import FathomModels
import FathomText

/// A request that an engine has taken: what it has answered so far, and what it needs for the next token.
struct ActiveRequest {
  let request: EngineRequest
  let answer: EngineAnswer
  private(set) var text: AnswerText
  private(set) var sampler: Sampler
  private(set) var answered: [Int32] = []
  private(set) var cache: KVCache?
  /// Tokens whose rows are cached.
  var done = 0
  var promptScores: [TokenScore?] = [nil]
  var prefilledAt: ContinuousClock.Instant?
  var pausedSince: ContinuousClock.Instant?
  /// Tokens that come next whatever the model says.
  private var forced: ArraySlice<Int32> = []
  private let endOfReasoning: [Int32]
  private let submitted = ContinuousClock.now
  private var startedAt: ContinuousClock.Instant?
  private var firstTokenAt: ContinuousClock.Instant?
  private var cachedTokens: Int?

  init(_ request: EngineRequest, _ answer: EngineAnswer, tokenizer: Tokenizer) {
    self.request = request
    self.answer = answer
    text = AnswerText(request.reading, options: request.options, tokenizer: tokenizer)
    sampler = Sampler(request.options.sampling, prompt: request.prompt)
    endOfReasoning =
      request.reasoningBudget == nil ? [] : tokenizer.encode("\n</think>\n\n")
  }

  /// Tokens at some positions of the timeline.
  func tokens(_ positions: Range<Int>) -> [Int32] {
    let prompt = request.prompt
    return positions.map { $0 < prompt.count ? prompt[$0] : answered[$0 - prompt.count] }
  }

  mutating func start(_ cache: KVCache, cachedTokens: Int, now: ContinuousClock.Instant) {
    self.cache = cache
    done = cachedTokens
    if startedAt == nil { startedAt = now }
    if self.cachedTokens == nil { self.cachedTokens = min(cachedTokens, request.prompt.count) }
  }

  /// Picks the next token from `logits [vocab]`.
  mutating func pick(_ logits: UnsafeBufferPointer<Float>) -> (token: Int32, score: TokenScore?) {
    if let budget = request.reasoningBudget, forced.isEmpty, text.isReasoning,
      text.reasoningTokens == budget
    {
      forced = endOfReasoning[...]
    }
    let token = forced.popFirst() ?? sampler.pick(logits)
    return (token, request.topScores.map { TokenScore(of: token, top: $0, in: logits) })
  }

  /// Takes a picked token; `isOver` once a stop string is complete.
  mutating func note(_ token: Int32, now: ContinuousClock.Instant)
    -> (events: [ResponseEvent], isOver: Bool)
  {
    answered.append(token)
    if firstTokenAt == nil { firstTokenAt = now }
    return text.append(token)
  }

  /// The rest of the text, once.
  mutating func finishText() -> [ResponseEvent] { text.finish() }

  func slot(id: UInt64) -> EngineStatistics.Slot {
    EngineStatistics.Slot(
      id: id, promptTokens: request.prompt.count, cachedTokens: cachedTokens ?? 0,
      completionTokens: answered.count, isPrefilling: prefilledAt == nil)
  }

  func finalStatistics(now: ContinuousClock.Instant) -> GenerationStatistics {
    var statistics = GenerationStatistics()
    statistics.promptTokens = request.prompt.count
    statistics.cachedTokens = cachedTokens ?? 0
    statistics.completionTokens = answered.count
    statistics.queueSeconds = ((startedAt ?? now) - submitted).inSeconds
    statistics.prefillSeconds = ((prefilledAt ?? now) - (startedAt ?? now)).inSeconds
    statistics.decodeSeconds = prefilledAt.map { (now - $0).inSeconds } ?? 0
    statistics.timeToFirstTokenSeconds = firstTokenAt.map { ($0 - submitted).inSeconds } ?? 0
    statistics.steps = max(0, answered.count - 1)
    statistics.cacheBytes = cache?.allocatedBytes ?? 0
    return statistics
  }
}
