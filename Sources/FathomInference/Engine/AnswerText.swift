import FathomText

/// Turns the tokens of an answer into text and events, and says when a stop string ends it.
struct AnswerText {
  private let stopTokens: Set<Int32>
  private var decoder: StreamingDecoder
  private var stops: StopStrings
  private var parser: ResponseParser?
  private var isStopped = false
  /// Whether the latest text was reasoning; what comes first is, if the prompt ends inside `<think>`.
  private(set) var isReasoning = false
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
      isReasoning = parser.isReasoning
    }
  }

  /// Takes the next token; `isOver` once a stop string is complete.
  mutating func append(_ token: Int32) -> (events: [ResponseEvent], isOver: Bool) {
    if isReasoning { reasoningTokens += 1 }
    guard !stopTokens.contains(token) else { return ([], false) }
    let (text, stopped) = stops.append(decoder.append(token))
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
    guard parser != nil else { return [.content(text)] }
    let events = parser?.feed(text) ?? []
    isReasoning = parser?.isReasoning ?? false
    return events
  }
}
