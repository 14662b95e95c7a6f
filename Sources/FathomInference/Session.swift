import CFathomKernels
import FathomCore
import FathomModels
import FathomTensors

/// One timeline of tokens through one model: feed, read logits, go back, save, restore.
///
/// A session belongs to one thread at a time; any number of sessions may share a model.
public final class Session {
  public let model: Model
  public let options: RuntimeOptions

  /// Tokens whose rows are in the cache.
  public private(set) var tokens: [Int32] = []

  let compute: Compute
  let workspace = Workspace()
  private(set) var cache: KVCache
  private(set) var drafter: Drafter?
  private var lastLogits: [Float] = []
  private var lastFileCheck = ContinuousClock.now

  /// - Parameter drafts: keeps the state that drafting with the model's MTP module needs.
  public convenience init(
    _ model: Model, options: RuntimeOptions = RuntimeOptions(), drafts: Bool = false
  ) throws {
    self.init(model, options: options, compute: try options.compute(), drafts: drafts)
  }

  /// - Parameter compute: what `options` ask for; sessions that share it take turns from one parallel region to the next.
  init(_ model: Model, options: RuntimeOptions, compute: Compute, drafts: Bool) {
    self.model = model
    self.options = options
    self.compute = compute
    cache = KVCache(layout: model.cacheLayout(options.cacheType))
    if drafts, let mtp = model.network.mtp, let layout = model.mtpCacheLayout(options.cacheType) {
      drafter = Drafter(mtp, layout: layout, hiddenSize: model.shape.hiddenSize)
    }
  }

  /// Tokens the timeline may hold.
  public var contextLimit: Int {
    min(options.contextLimit ?? .max, model.shape.maxPositionEmbeddings)
  }

  /// Bytes the caches hold.
  public var cacheBytes: Int { cache.allocatedBytes + (drafter?.cacheBytes ?? 0) }

  /// Logits behind the last token, `[vocab]`; empty before the first token and after going back.
  public var logits: [Float] { lastLogits }

  /// Appends tokens in chunks.
  ///
  /// - Parameters:
  ///   - progress: called behind each chunk with the number of new tokens done.
  ///   - isCancelled: asked between chunks; what is done until then stays.
  /// - Throws: `InputError` for a token outside the vocabulary; `ContextFull` before anything is fed;
  ///   `CancellationError`; an `InputError` if the checkpoint's files changed meanwhile.
  public func feed(
    _ new: [Int32], progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws {
    try check(new)
    var done = 0
    while done < new.count {
      if isCancelled() { throw CancellationError() }
      // Chunks of a page and more end on the grid of cache pages.
      let size =
        options.prefillChunk < CacheLayout.pageTokens
        ? options.prefillChunk
        : options.prefillChunk - tokens.count % CacheLayout.pageTokens
      let chunk = Array(new[done..<min(new.count, done + size)])
      try evaluate(chunk)
      done += chunk.count
      progress(done)
    }
  }

  /// Throws what `feed` would throw for these tokens before running any.
  package func validate(_ new: [Int32]) throws { try check(new) }

  private func check(_ new: [Int32]) throws { try check(new, from: tokens.count) }

  private func check(_ new: [Int32], from begin: Int) throws {
    for (index, token) in new.enumerated()
    where token < 0 || Int(token) >= model.network.decoder.embedding.rows {
      throw InputError(
        "token \(index) of the prompt",
        expected: "an id below \(model.network.decoder.embedding.rows)", found: "\(token)")
    }
    guard begin + new.count <= contextLimit else {
      throw ContextFull(tokens: begin + new.count, limit: contextLimit)
    }
  }

  /// Runs tokens in one step. The logits of its last row become `logits`; those of the rows before it that are asked
  /// for are returned. Tokens have been checked.
  @discardableResult
  func evaluate(_ new: [Int32], rowsBefore: Range<Int> = 0..<0, observer: ForwardObserver? = nil)
    throws -> [[Float]]
  {
    let decoder = model.network.decoder
    let first = rowsBefore.isEmpty ? new.count - 1 : rowsBefore.lowerBound
    precondition(
      rowsBefore.isEmpty || rowsBefore.upperBound == new.count - 1,
      "rows \(rowsBefore) before the last of \(new.count)")
    let (results, isFinite) = workspace.scope {
      let hidden = workspace.take(new.count, width: decoder.hiddenSize)
      let step = Step(
        [Step.Sequence(tokens: new, cache: cache)], compute: compute, workspace: workspace,
        attention: options.attention, observer: observer)
      decoder.forward(step, into: hidden)
      drafter?.note(hidden, from: tokens.count)
      let logits = workspace.take(new.count - first, width: decoder.vocabularySize)
      decoder.logits(hidden.rows(first..<new.count), into: logits, step: step)
      keepLast(logits[logits.count - 1])
      let isFinite = (0..<logits.count).allSatisfy {
        fk_largest(logits[$0], logits.width) < logits.width
      }
      let rows = (0..<rowsBefore.count).map {
        Array(UnsafeBufferPointer(start: logits[$0], count: logits.width))
      }
      return (rows, isFinite)
    }
    do {
      try checkWeights()
      if !isFinite {
        for row in results + [lastLogits] {
          try Self.checkFinite(row, behind: tokens.count + new.count)
        }
      }
    } catch {
      // What came out of torn or broken weights must not stay in the timeline.
      cache.truncate(to: tokens.count)
      drafter?.truncate(to: tokens.count)
      lastLogits = []
      throw error
    }
    tokens += new
    drafter?.catchUp(with: self)
    return results
  }

  /// Takes over a row of logits, into the memory of the last one.
  private func keepLast(_ row: UnsafePointer<Float>) {
    let width = model.network.decoder.vocabularySize
    if lastLogits.count != width { lastLogits = [Float](repeating: 0, count: width) }
    lastLogits.withUnsafeMutableBufferPointer { $0.baseAddress?.update(from: row, count: width) }
  }

  /// Whether the files are still what they were: a torn mapping is noticed at once, a file changed in place within
  /// a second.
  private func checkWeights() throws {
    let now = ContinuousClock.now
    let isDue = now - lastFileCheck > .seconds(1)
    guard isDue || model.isTorn else { return }
    try model.checkIntact()
    lastFileCheck = now
  }

  private static func checkFinite(_ logits: [Float], behind position: Int) throws {
    guard let token = logits.firstIndex(where: { !$0.isFinite }) else { return }
    throw NotFinite(position: position, token: token, logit: logits[token])
  }

  /// Appends tokens in one step and returns the logits behind each of them, `[s][vocab]`.
  ///
  /// - Parameter observer: sees what happens inside the forward pass.
  @discardableResult
  package func evaluateAll(_ new: [Int32], observer: ForwardObserver? = nil) throws -> [[Float]] {
    try check(new)
    guard !new.isEmpty else { return [] }
    return try evaluate(new, rowsBefore: 0..<new.count - 1, observer: observer) + [lastLogits]
  }

  /// Logits of the MTP module for a whole prompt: row i, from the hidden state at i and the token at i + 1, is about
  /// the token at i + 2; behind the last token stands the model's own greedy choice. The session must be fresh.
  package func mtpLogits(_ prompt: [Int32], observer: ForwardObserver? = nil) throws -> [[Float]] {
    guard let mtp = model.network.mtp, let layout = model.mtpCacheLayout(options.cacheType) else {
      throw InputError(
        "model", expected: "a multi-token prediction module", found: "a checkpoint without one")
    }
    precondition(
      tokens.isEmpty && !prompt.isEmpty,
      "MTP logits of \(prompt.count) tokens behind \(tokens.count) others")
    try check(prompt)
    let decoder = model.network.decoder
    defer { cache.truncate(to: 0) }
    return workspace.scope {
      let hidden = workspace.take(prompt.count, width: decoder.hiddenSize)
      let step = Step(
        [Step.Sequence(tokens: prompt, cache: cache)], compute: compute, workspace: workspace,
        attention: options.attention)
      decoder.forward(step, into: hidden)
      let last = workspace.take(1, width: decoder.vocabularySize)
      decoder.logits(hidden.rows(prompt.count - 1..<prompt.count), into: last, step: step)
      let next = Sampler.argmax(UnsafeBufferPointer(start: last.pointer, count: last.width))
      let mtpStep = Step(
        [
          Step.Sequence(
            tokens: Array(prompt.dropFirst()) + [next], cache: KVCache(layout: layout))
        ], compute: compute, workspace: workspace, attention: options.attention,
        observer: observer)
      let output = workspace.take(prompt.count, width: decoder.hiddenSize)
      mtp.forward(mtpStep, hidden: hidden, decoder: decoder, into: output)
      let logits = workspace.take(prompt.count, width: mtp.head.rows)
      mtp.logits(output, into: logits, step: mtpStep)
      return (0..<prompt.count).map {
        Array(UnsafeBufferPointer(start: logits[$0], count: logits.width))
      }
    }
  }

  /// Goes back to the first `count` tokens.
  public func truncate(to count: Int) {
    precondition((0...tokens.count).contains(count), "truncate \(tokens.count) tokens to \(count)")
    guard count < tokens.count else { return }
    cache.truncate(to: count)
    tokens.removeLast(tokens.count - count)
    lastLogits = []
    drafter?.truncate(to: count)
  }

  /// Goes back to the longest beginning that `prompt` shares with the timeline, and feeds the rest.
  ///
  /// - Parameter progress: called behind each chunk with the number of prompt tokens done, cached ones included.
  /// - Returns: how many tokens of the prompt were in the cache already.
  @discardableResult
  public func continueWith(
    _ prompt: [Int32], progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws -> Int {
    var shared = 0
    while shared < min(prompt.count, tokens.count), prompt[shared] == tokens[shared] { shared += 1 }
    // The last token is fed again where its logits are gone.
    if shared == prompt.count, shared < tokens.count || lastLogits.isEmpty {
      shared = max(0, shared - 1)
    }
    truncate(to: shared)
    try feed(
      Array(prompt[shared...]), progress: { progress(shared + $0) }, isCancelled: isCancelled)
    return shared
  }

  /// Takes over a timeline that was saved; used by `restore`.
  func adopt(tokens: [Int32], logits: [Float], cache: KVCache) throws {
    try check(tokens, from: 0)
    self.cache = cache
    self.tokens = tokens
    lastLogits = logits
    drafter?.truncate(to: 0)
  }
}

/// The network computed something that is no number: its weights are broken, or do not fit its configuration.
public struct NotFinite: Error, Equatable, Sendable, CustomStringConvertible {
  /// Tokens before it.
  public let position: Int
  public let token: Int
  public let logit: Float

  public var description: String {
    "logits behind \(position) tokens: expected finite numbers, found \(logit) for token \(token)"
  }
}

/// The timeline would be longer than the model's context, or than the limit that was asked for.
public struct ContextFull: Error, Equatable, Sendable, CustomStringConvertible {
  public let tokens: Int
  public let limit: Int

  public init(tokens: Int, limit: Int) {
    self.tokens = tokens
    self.limit = limit
  }

  public var description: String {
    "context: expected at most \(limit) tokens, found \(tokens)"
  }
}
