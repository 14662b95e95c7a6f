import FathomConstraints
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
  var trace: GenerationTrace?
  /// Tokens that come next whatever the model says.
  private var forced: ArraySlice<Int32> = []
  private let endOfReasoning: [Int32]
  private var constraint: Constraint?
  /// Whether the token that the grammar waits for has come.
  private var hasTriggered = false
  private let think: Int32?
  /// Names of the whole blocks so far, where they are kept on disk.
  private(set) var keys: [BlockKey] = []
  private let submitted = ContinuousClock.now
  private var startedAt: ContinuousClock.Instant?
  private var firstTokenAt: ContinuousClock.Instant?
  private var cachedTokens: Int?

  init(
    _ request: EngineRequest, _ constraint: Constraint?, _ answer: EngineAnswer,
    tokenizer: Tokenizer
  ) {
    self.request = request
    self.answer = answer
    text = AnswerText(request.reading, options: request.options, tokenizer: tokenizer)
    self.constraint = constraint
    trace = request.isTraced ? GenerationTrace() : nil
    think = tokenizer.id(of: "<think>")
    sampler = Sampler(request.options.sampling, prompt: request.prompt)
    endOfReasoning =
      request.reasoningBudget == nil && constraint == nil
      ? [] : tokenizer.encode("\n</think>\n\n")
  }

  /// Tokens at some positions of the timeline.
  func tokens(_ positions: Range<Int>) -> [Int32] {
    let prompt = request.prompt
    return positions.map { $0 < prompt.count ? prompt[$0] : answered[$0 - prompt.count] }
  }

  /// Names the blocks up to `count`; `root` is that of the tenant.
  mutating func name(blocks count: Int, root: BlockKey) {
    while keys.count < count {
      let begin = keys.count * Scheduler.blockTokens
      keys.append(
        (keys.last ?? root).appending(tokens(begin..<begin + Scheduler.blockTokens)))
    }
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
    var isForced = !forced.isEmpty
    var token = forced.popFirst() ?? sampler.pick(logits, allowed: allowed)
    if !isForced, owesAnswer, request.options.stopTokens.contains(token) {
      forced = endOfReasoning[...]
      isForced = true
      token = forced.popFirst() ?? token
    }
    trace?.note(drawnFrom: isForced ? [token] : sampler.drawnFrom)
    return (token, request.topScores.map { TokenScore(of: token, top: $0, in: logits) })
  }

  /// Whether the next token has to obey the grammar.
  private var isConstrained: Bool {
    guard constraint != nil, forced.isEmpty else { return false }
    if case .token = request.grammarStart { return hasTriggered }
    return !text.isReasoning
  }

  /// Whether the model is in the middle of its thoughts, and an answer of some form is wanted behind them. Where it would stop, its
  /// thoughts end instead.
  private var owesAnswer: Bool {
    guard constraint != nil, case .answer = request.grammarStart else { return false }
    return text.isReasoning
  }

  /// What may come next; a model that may still begin to reason may do that too.
  private var allowed: TokenMask? {
    guard isConstrained, var mask = constraint?.mask() else { return nil }
    if text.isUndecided, answered.isEmpty, let think { mask.insert(think) }
    return mask
  }

  /// Takes a picked token; `isOver` once a stop string or the grammar's text is complete.
  mutating func note(_ token: Int32, now: ContinuousClock.Instant)
    -> (events: [ResponseEvent], isOver: Bool)
  {
    let begins = text.isUndecided && answered.isEmpty && token == think
    if isConstrained, !begins { _ = constraint?.accept(token) }
    if case .token(token) = request.grammarStart, !text.isReasoning { hasTriggered = true }
    answered.append(token)
    if firstTokenAt == nil { firstTokenAt = now }
    let (events, isOver) = text.append(token)
    return (events, isOver || isConstrained && constraint?.mustStop == true)
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
