import FathomText

/// Turns the tokens of an answer into text and events, and says when a stop string ends it.
struct AnswerText {
  private let stopTokens: Set<Int32>
  private var decoder: StreamingDecoder
  private var stops: StopStrings
  private var parser: ResponseParser?
  private var isStopped = false
  /// Follows all text, also what stop strings hold back.
  private var place: ReasoningParser?
  private(set) var reasoningTokens = 0
  /// The stop string that ended the answer.
  var stopString: String? { stops.matched }

  init(_ reading: EngineRequest.Reading, options: GenerationOptions, tokenizer: Tokenizer) {
    stopTokens = options.stopTokens
    stops = StopStrings(options.stopStrings)
    switch reading {
    case .text(let skipSpecial):
      decoder = StreamingDecoder(tokenizer, skipSpecial: skipSpecial)
    case .chat(let parser):
      decoder = StreamingDecoder(tokenizer)
      self.parser = parser
      place = parser.reasoningState
    }
  }

  /// Whether what comes next is reasoning.
  var isReasoning: Bool { place?.isReasoning ?? false }

  /// Whether the model may still begin to reason.
  var isUndecided: Bool { place?.isUndecided ?? false }

  /// Takes the next token; `isOver` once a stop string is complete.
  mutating func append(_ token: Int32) -> (events: [ResponseEvent], isOver: Bool) {
    if isReasoning { reasoningTokens += 1 }
    guard !stopTokens.contains(token) else { return ([], false) }
    let piece = decoder.append(token)
    _ = place?.feed(piece)
    let (text, stopped) = stops.append(piece)
    isStopped = stopped
    return (read(text), stopped)
  }

  /// What was held back when the answer ended.
  mutating func finish() -> [ResponseEvent] {
    var events: [ResponseEvent] = []
    if !isStopped {
      let (text, stopped) = stops.append(decoder.finish())
      events += read(text)
      if !stopped { events += read(stops.finish()) }
    }
    if var parser { events += parser.finish() }
    return events
  }

  private mutating func read(_ text: String) -> [ResponseEvent] {
    guard !text.isEmpty else { return [] }
    return parser?.feed(text) ?? [.content(text)]
  }
}
