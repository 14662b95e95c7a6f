import Fathom

/// Runs a model's steps for the clock: sequences at a depth, of random tokens, without a sampler.
///
/// Each sequence has a cache of its own. A measurement leaves the caches as deep as it found them.
final class BenchEngine {
  let compute: Compute
  let cacheLayout: CacheLayout

  private let decoder: Decoder
  private let options: RuntimeOptions
  private let workspace = Workspace()
  private var caches: [KVCache] = []
  private var random = CounterRandom(seed: 1)
  private var drawn: UInt64 = 0

  init(_ decoder: Decoder, layout: CacheLayout, options: RuntimeOptions, compute: Compute) {
    self.decoder = decoder
    cacheLayout = layout
    self.options = options
    self.compute = compute
  }

  /// Tokens in each cache.
  private(set) var depth = 0

  /// Makes `batch` sequences of `depth` tokens each.
  ///
  /// One sequence is read, from where the last ones ended; the others are copies of it, as equal contexts cost the
  /// same as different ones.
  ///
  /// - Parameter progress: called with the tokens read so far and those to be read.
  func prepare(batch: Int, depth: Int, progress: (Int, Int) -> Void) {
    let first = caches.first ?? KVCache(layout: cacheLayout)
    first.truncate(to: min(first.count, depth))
    caches = [first]
    self.depth = first.count
    while self.depth < depth {
      progress(self.depth, depth)
      let count = min(options.prefillChunk, depth - self.depth)
      step([tokens(count)], withLogits: false)
      self.depth += count
    }
    for _ in 1..<max(batch, 1) { caches.append(copy(of: first)) }
  }

  /// Makes one sequence of `depth` tokens whose cached rows are zeros, which cost as much to attend to as any.
  func pretend(depth: Int) {
    caches = [Self.zeros(depth, layout: cacheLayout)]
    self.depth = depth
  }

  private static func zeros(_ count: Int, layout: CacheLayout) -> KVCache {
    let cache = KVCache(layout: layout)
    cache.reserve(tokens: count)
    cache.advance(by: count)
    return cache
  }

  private func copy(of cache: KVCache) -> KVCache {
    var pages: [UnsafeRawBufferPointer] = []
    cache.withPages { pages.append($0) }
    let copy = KVCache(layout: cache.layout)
    var page = 0
    copy.restore(count: cache.count) {
      $0.copyMemory(from: pages[page])
      page += 1
    }
    return copy
  }

  /// Reads `count` new tokens of every sequence, in chunks, up to the logits behind the last.
  ///
  /// - Returns: seconds.
  func prefill(_ count: Int) -> Double {
    defer { goBack() }
    let chunk = max(1, options.prefillChunk / caches.count)
    return seconds {
      for begin in stride(from: 0, to: count, by: chunk) {
        let length = min(chunk, count - begin)
        step(caches.map { _ in tokens(length) }, withLogits: begin + length == count)
      }
    }
  }

  /// Adds `count` tokens to every sequence, one at a time, with the logits behind each.
  ///
  /// - Returns: seconds.
  func decode(_ count: Int) -> Double {
    defer { goBack() }
    return seconds {
      for _ in 0..<count { step(caches.map { _ in tokens(1) }, withLogits: true) }
    }
  }

  /// Checks a guess and makes the next one, `count` times: a step of two tokens, and one of the module over both.
  ///
  /// - Parameter layout: the module's own cache.
  /// - Returns: seconds.
  func draft(_ count: Int, with mtp: MultiTokenPrediction, layout: CacheLayout) -> Double {
    defer { goBack() }
    let moduleCache = Self.zeros(depth, layout: layout)
    return seconds {
      for _ in 0..<count {
        workspace.scope {
          let hidden = workspace.take(2, width: decoder.hiddenSize)
          let new = tokens(2)
          let step = Step(
            [Step.Sequence(tokens: new, cache: caches[0])], compute: compute,
            workspace: workspace, attention: options.attention)
          decoder.forward(step, into: hidden)
          decoder.logits(
            hidden, into: workspace.take(2, width: decoder.vocabularySize), step: step)
          let guess = Step(
            [Step.Sequence(tokens: new, cache: moduleCache)], compute: compute,
            workspace: workspace, attention: options.attention)
          let output = workspace.take(2, width: decoder.hiddenSize)
          mtp.forward(guess, hidden: hidden, decoder: decoder, into: output)
          mtp.logits(
            output.rows(1..<2), into: workspace.take(1, width: mtp.head.rows), step: guess)
        }
      }
    }
  }

  /// Experts that one step of `count` tokens of every sequence reads, averaged over the routed layers; 0 without
  /// experts.
  func expertsRead(tokens count: Int) -> Double {
    defer { goBack() }
    var layers = 0
    var distinct = 0
    step(caches.map { _ in tokens(count) }, withLogits: false) { observation, _ in
      guard case .routing(_, let experts) = observation else { return }
      layers += 1
      distinct += Set(experts.joined()).count
    }
    return layers == 0 ? 0 : Double(distinct) / Double(layers)
  }

  private func goBack() {
    for cache in caches { cache.truncate(to: depth) }
  }

  private func step(_ new: [[Int32]], withLogits: Bool, observer: ForwardObserver? = nil) {
    let count = new.reduce(0) { $0 + $1.count }
    workspace.scope {
      let hidden = workspace.take(count, width: decoder.hiddenSize)
      let step = Step(
        zip(new, caches).map { Step.Sequence(tokens: $0, cache: $1) }, compute: compute,
        workspace: workspace, attention: options.attention, observer: observer)
      decoder.forward(step, into: hidden)
      guard withLogits else { return }
      let last = workspace.take(new.count, width: decoder.hiddenSize)
      var end = 0
      for (row, tokens) in new.enumerated() {
        end += tokens.count
        last[row].update(from: hidden[end - 1], count: decoder.hiddenSize)
      }
      let logits = workspace.take(new.count, width: decoder.vocabularySize)
      decoder.logits(last, into: logits, step: step)
    }
  }

  private func tokens(_ count: Int) -> [Int32] {
    let vocabulary = Double(decoder.embedding.rows)
    return (0..<count).map { _ in
      drawn += 1
      return Int32(random.uniform(at: drawn) * vocabulary)
    }
  }

  private func seconds(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
