import FathomConstraints
import FathomCore
import FathomText

/// What an engine is asked to answer.
public struct EngineRequest: Sendable {
  /// How tokens become text.
  public enum Reading: Sendable {
    /// As they are; control tokens are left out where asked for.
    case text(skipSpecial: Bool)
    /// As an answer in a conversation: reasoning, content and tool calls.
    case chat(ResponseParser)
  }

  /// Where a grammar begins to hold.
  public enum GrammarStart: Sendable, Equatable {
    /// With the answer, behind reasoning if there is any.
    case answer
    /// Behind a token, if it ever comes outside of reasoning.
    case token(Int32)
  }

  public var prompt: [Int32]
  public var reading: Reading
  public var options: GenerationOptions
  /// Whom the request belongs to: tenants share neither cached prefixes nor their place in line.
  public var tenant = ""
  /// How many of the likeliest tokens to tell with each token; nil tells no probabilities.
  public var topScores: Int?
  /// Tells the probabilities of the prompt's tokens too.
  public var scoresPrompt = false
  /// Tells in the end how the answer was computed.
  public var isTraced = false
  /// Most tokens of reasoning; then the model has to answer.
  public var reasoningBudget: Int?
  /// What the answer has to look like.
  public var grammar: Grammar?
  /// Where the grammar's text begins.
  public var grammarStart = GrammarStart.answer
  /// When to give up, wherever the request stands.
  public var deadline: ContinuousClock.Instant?

  public init(prompt: [Int32], reading: Reading, options: GenerationOptions) {
    self.prompt = prompt
    self.reading = reading
    self.options = options
  }
}

/// What happens to a request, in this order: `accepted`, `started`, `progress`…, `prompt`, `piece`…, and at the end
/// `finished` or `failed`.
public enum EngineEvent: Sendable {
  /// It stands in line.
  case accepted
  /// It runs; the first `cachedTokens` of its prompt need not. Happens again after it had to give way.
  case started(cachedTokens: Int)
  /// Tokens of the prompt that are done.
  case progress(done: Int)
  /// Nothing has happened since somebody called `nudge`.
  case waiting
  /// Probabilities of the prompt's tokens; nothing is known of the first.
  case promptScores([TokenScore?])
  case piece(AnswerPiece)
  /// Before the end, where it was asked for.
  case trace(GenerationTrace)
  /// With the stop string that ended it, if one did.
  case finished(FinishReason, GenerationStatistics, seed: UInt64, stopString: String?)
  case failed(EngineFailure)
}

/// One token of an answer, and the text that became certain with it.
public struct AnswerPiece: Sendable {
  /// nil for what was held back until the end.
  public var token: Int32?
  public var score: TokenScore?
  public var events: [ResponseEvent]
  public var isReasoning: Bool
}

/// Why a request has no answer, or only a part of one.
public enum EngineFailure: Error, Sendable, Equatable, CustomStringConvertible {
  case queueFull(waiting: Int)
  case tooManyTokensWaiting(tokens: Int, limit: Int)
  case contextFull(tokens: Int, limit: Int)
  case invalid(String)
  case deadline
  /// Whoever reads the answer is too slow.
  case slowReader(seconds: Double)
  /// The network computed something that is no number, or its files changed.
  case broken(String)
  case shutDown

  public var description: String {
    switch self {
    case .queueFull(let waiting): "\(waiting) requests are waiting already; try again later"
    case .tooManyTokensWaiting(let tokens, let limit):
      "\(tokens) prompt tokens are waiting already, of at most \(limit); try again later"
    case .contextFull(let tokens, let limit):
      "the context holds \(limit) tokens; the prompt has \(tokens) and leaves no room for an answer"
    case .invalid(let text): text
    case .deadline: "the time for this request is over"
    case .slowReader(let seconds): "the answer was not read for \(seconds) seconds"
    case .broken(let text): text
    case .shutDown: "the server is shutting down"
    }
  }
}
