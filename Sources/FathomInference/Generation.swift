import FathomCore
import FathomModels

/// What one answer may be.
public struct GenerationOptions: Sendable, Equatable {
  public var sampling = SamplingOptions()
  /// Most tokens of the answer; nil stops only at the context limit.
  public var maxTokens: Int?
  /// Tokens that end the answer.
  public var stopTokens: Set<Int32> = []
  /// Strings that end the answer; they are not part of it.
  public var stopStrings: [String] = []
  public var drafting: Drafting = .auto

  public init() {}
}

/// Whether tokens are drafted with the model's MTP module. Drafting never changes the answer, only its speed.
public enum Drafting: String, Sendable, CaseIterable {
  case off
  case mtp
  /// Drafts as long as that is measured to be faster.
  case auto
}

/// Why an answer ended.
public enum FinishReason: String, Sendable {
  /// A stop token or a stop string.
  case stop
  /// As many tokens as were allowed.
  case length
  /// The model's context, or the limit set for it, is full.
  case contextLength = "context_length"
  case cancelled
}

/// What an answer cost.
public struct GenerationStatistics: Sendable, Equatable {
  public var promptTokens = 0
  /// Tokens of the prompt that were in the cache already.
  public var cachedTokens = 0
  public var completionTokens = 0
  /// From the request to the beginning of its prefill, where it had to wait for others.
  public var queueSeconds = 0.0
  public var prefillSeconds = 0.0
  public var decodeSeconds = 0.0
  /// From the request to the first token.
  public var timeToFirstTokenSeconds = 0.0
  /// Steps of the main model while decoding.
  public var steps = 0
  public var draftedTokens = 0
  public var acceptedTokens = 0
  public var cacheBytes = 0

  public init() {}

  public var prefillTokensPerSecond: Double? {
    rate(promptTokens - cachedTokens, prefillSeconds)
  }

  /// The first token comes out of the prefill; decoding makes the others.
  public var decodeTokensPerSecond: Double? { rate(completionTokens - 1, decodeSeconds) }

  /// Share of the drafts that were right.
  public var acceptance: Double? {
    draftedTokens > 0 ? Double(acceptedTokens) / Double(draftedTokens) : nil
  }

  /// Tokens that one step of the main model yields.
  public var tokensPerStep: Double? {
    steps > 0 ? Double(completionTokens - 1) / Double(steps) : nil
  }

  private func rate(_ tokens: Int, _ seconds: Double) -> Double? {
    tokens > 0 && seconds > 0 ? Double(tokens) / seconds : nil
  }
}

/// The tokens of an answer and how it ended.
public struct Generation: Sendable {
  public var tokens: [Int32] = []
  public var finishReason = FinishReason.length
  public var statistics = GenerationStatistics()
  /// The seed the sampler used.
  public var seed: UInt64 = 0
}

extension Session {
  /// Answers a prompt of tokens.
  ///
  /// - Parameters:
  ///   - onToken: sees each token as it is chosen, stop tokens included, and says whether to go on; a false makes
  ///     the answer end with `.stop`.
  ///   - progress: prompt tokens done so far, and how many there are to do.
  ///   - isCancelled: asked between prefill chunks and between tokens. What is done until then stays in the session.
  /// - Throws: what `feed` throws, `ContextFull` among it.
  public func generate(
    prompt: [Int32], options: GenerationOptions,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }, onToken: (Int32) -> Bool = { _ in true }
  ) throws -> Generation {
    try generate(
      prompt: prompt, options: options, progress: progress, isCancelled: isCancelled,
      willPick: nil, onToken: onToken)
  }

  /// The same for someone who watches how tokens are picked.
  ///
  /// - Parameter willPick: sees, before each pick, the sampler, the logits it picks from `[vocab]`, and the draft that the
  ///   pick may confirm.
  func generate(
    prompt: [Int32], options: GenerationOptions, progress: (_ done: Int, _ total: Int) -> Void,
    isCancelled: () -> Bool,
    willPick: ((_ sampler: Sampler, _ logits: [Float], _ drafted: Int32?) -> Void)?,
    onToken: (Int32) -> Bool
  ) throws -> Generation {
    try options.sampling.validate()
    guard !prompt.isEmpty else {
      throw InputError("prompt", expected: "at least one token", found: "none")
    }
    drafter?.isActive = options.drafting != .off
    var generation = Generation()
    var sampler = Sampler(options.sampling, prompt: prompt)
    generation.seed = sampler.seed
    let clock = ContinuousClock()
    let start = clock.now
    generation.statistics.promptTokens = prompt.count
    do {
      generation.statistics.cachedTokens = try continueWith(
        prompt, progress: { progress($0, prompt.count) }, isCancelled: isCancelled)
    } catch is CancellationError {
      generation.finishReason = .cancelled
      generation.statistics.prefillSeconds = (clock.now - start).inSeconds
      generation.statistics.cacheBytes = cacheBytes
      return generation
    }
    let prefilled = clock.now
    generation.statistics.prefillSeconds = (prefilled - start).inSeconds
    var pace = DraftingPace(options.drafting, canDraft: drafter != nil)
    var upcoming = Upcoming()
    loop: while true {
      if isCancelled() {
        generation.finishReason = .cancelled
        break
      }
      if let limit = options.maxTokens, generation.tokens.count >= limit {
        generation.finishReason = .length
        break
      }
      willPick?(sampler, upcoming.drafted?.before ?? logits, upcoming.drafted?.token)
      let token = (upcoming.drafted?.before ?? logits).withUnsafeBufferPointer {
        sampler.pick($0)
      }
      generation.tokens.append(token)
      if generation.tokens.count == 1 {
        generation.statistics.timeToFirstTokenSeconds = (clock.now - start).inSeconds
      }
      let cameTrue = upcoming.drafted?.token == token
      if cameTrue { generation.statistics.acceptedTokens += 1 }
      let goesOn = onToken(token)
      if options.stopTokens.contains(token) || !goesOn {
        generation.finishReason = .stop
        break
      }
      if options.maxTokens.map({ generation.tokens.count >= $0 }) == true { continue }

      // A draft that came true has been run already.
      if upcoming.drafted != nil {
        if cameTrue {
          upcoming = Upcoming()
          continue
        }
        truncate(to: tokens.count - 1)
      }
      guard tokens.count < contextLimit else {
        generation.finishReason = .contextLength
        break loop
      }
      let began = clock.now
      upcoming = try advance(token, drafts: pace.drafts && tokens.count + 1 < contextLimit)
      generation.statistics.steps += 1
      if upcoming.drafted != nil { generation.statistics.draftedTokens += 1 }
      pace.note(
        seconds: (clock.now - began).inSeconds, drafted: generation.statistics.draftedTokens,
        accepted: generation.statistics.acceptedTokens, usedDraft: upcoming.drafted != nil)
      if pace.hasGivenUp { drafter?.isActive = false }
    }
    // A draft that nobody asked for any more is not part of the timeline.
    if upcoming.drafted != nil { truncate(to: tokens.count - 1) }
    generation.statistics.completionTokens = generation.tokens.count
    generation.statistics.decodeSeconds = (clock.now - prefilled).inSeconds
    generation.statistics.cacheBytes = cacheBytes
    return generation
  }

  /// What the next pick is made from: `logits`, or where a draft has been run along, those before it.
  private struct Upcoming {
    var drafted: (token: Int32, before: [Float])?
  }

  /// Runs a token, and behind it a draft if there is to be one: both in one step of the main model.
  private func advance(_ token: Int32, drafts: Bool) throws -> Upcoming {
    if drafts, let guess = drafter?.draft(next: token, session: self) {
      let rows = try evaluate([token, guess], rowsBefore: 0..<1)
      return Upcoming(drafted: (guess, rows[0]))
    }
    try evaluate([token])
    return Upcoming()
  }
}

/// Decides whether drafting pays, from measured times: a few plain steps, a few drafted ones, then whichever makes
/// more tokens per second.
package struct DraftingPace {
  package private(set) var drafts: Bool
  private var isDeciding: Bool
  private var plain: (seconds: Double, tokens: Int) = (0, 0)
  private var drafted: (seconds: Double, tokens: Int) = (0, 0)
  private var acceptedBefore = 0

  /// Whether it was decided that drafting does not pay.
  package var hasGivenUp: Bool { !drafts && !isDeciding }

  private static let plainSteps = 4
  private static let draftedSteps = 16

  package init(_ mode: Drafting, canDraft: Bool) {
    drafts = canDraft && mode == .mtp
    isDeciding = canDraft && mode == .auto
  }

  /// Takes the time of a step and the drafts made and accepted so far.
  package mutating func note(
    seconds: Double, drafted draftedTokens: Int, accepted: Int, usedDraft: Bool
  ) {
    guard isDeciding else { return }
    guard usedDraft else {
      plain.seconds += seconds
      plain.tokens += 1
      drafts = plain.tokens >= Self.plainSteps
      return
    }
    // The first drafted step also catches up with what the module has not seen; it is no measure.
    if draftedTokens > 1 {
      drafted.seconds += seconds
      drafted.tokens += 1 + accepted - acceptedBefore
    }
    acceptedBefore = accepted
    if draftedTokens > Self.draftedSteps {
      isDeciding = false
      drafts = Double(drafted.tokens) * plain.seconds > Double(plain.tokens) * drafted.seconds
    }
  }
}

extension Duration {
  /// Whole and fractional seconds.
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
