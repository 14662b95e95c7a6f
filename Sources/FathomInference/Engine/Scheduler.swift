/// Decides which tokens of which requests run in the next step, and where their cached rows lie.
///
/// A value without a clock, without threads and without a model: `next()` says what to run, `finish` takes what came of it.
/// Every step runs one token of each request that is being answered, then pieces of prompts on the 64-token grid up to the
/// budget, the oldest request first. Rows live in blocks of 64 tokens; at any time free + cached + pinned = all of them. A
/// request that needs a block where none is left takes the one that was used longest ago, and failing that the youngest
/// request gives way: it goes back to the front of its line, keeps what it wrote, and finds its whole blocks again if they are
/// still there. The oldest never gives way, so there is always progress.
package struct Scheduler {
  package typealias ID = UInt64
  package typealias Block = PrefixTree.Block

  /// Tokens of one block.
  package static let blockTokens = 64

  package struct Configuration: Sendable {
    /// Blocks of cached rows in all.
    package var blocks: Int
    /// Requests that are answered at a time.
    package var running: Int
    /// Tokens of one step, as far as requests being answered leave room for prompts.
    package var stepTokens = 512
    /// Requests, and tokens of their prompts, that may wait.
    package var waiting = 64
    package var waitingTokens = 1_000_000
    /// Longest timeline of one request.
    package var contextLimit: Int

    package init(blocks: Int, running: Int, contextLimit: Int) {
      self.blocks = blocks
      self.running = running
      self.contextLimit = min(contextLimit, blocks * Scheduler.blockTokens)
    }
  }

  /// Why a request is not taken.
  package enum Refusal: Error, Equatable, Sendable {
    case queueFull(waiting: Int)
    case tooManyTokensWaiting(tokens: Int, limit: Int)
    /// The prompt leaves no room for an answer, whatever else goes on.
    case tooLong(tokens: Int, limit: Int)
  }

  /// What one step does for one request.
  package struct Work: Equatable, Sendable {
    package let id: ID
    /// Positions of the tokens to run; those before them are cached.
    package let positions: Range<Int>
    /// For a request that starts, or starts again: the blocks that hold its beginning already.
    package let shared: [Block]?
    /// Blocks for further rows.
    package let fresh: [Block]
    /// Whether these are the last tokens known, so that the next one can be picked.
    package let isLast: Bool
  }

  /// A block that was completed, for whoever keeps blocks elsewhere too.
  package struct Completed: Equatable, Sendable {
    package let id: ID
    package let index: Int
    package let block: Block
  }

  struct Request {
    let id: ID
    let tenant: String
    /// The prompt, and what was answered so far.
    var tokens: [Int32]
    let sharesPrefix: Bool
    var arrival: UInt64
    /// Tokens whose rows are cached.
    var computed = 0
    /// Blocks in order, and the nodes of those that are whole. Where two requests computed the same at once, the node is that
    /// of the other's block.
    var blocks: [Block] = []
    var path: [PrefixTree.NodeID] = []
    var isPaused = false
    /// What the next step tells about blocks: those it starts with, and new ones.
    var admitted: [Block]?
    var fresh: [Block] = []

    var remaining: Int { tokens.count - computed }
  }

  package let configuration: Configuration
  package private(set) var tree = PrefixTree()
  private(set) var free: [Block]
  private(set) var running: [Request] = []
  private var waiting: [ID: Request] = [:]
  private var queue = FairQueue()
  private var arrivals: UInt64 = 0
  /// Blocks that running requests hold outside the tree.
  private var owned = 0
  package private(set) var waitingTokens = 0
  /// Times that a request had to give way.
  package private(set) var preemptions = 0

  package init(_ configuration: Configuration) {
    self.configuration = configuration
    free = Array((0..<configuration.blocks).reversed())
  }

  package var waitingCount: Int { queue.count }
  package var runningIDs: [ID] { running.map(\.id) }
  package var freeBlocks: Int { free.count }
  package var cachedBlocks: Int { tree.cachedCount }
  package var pinnedBlocks: Int { tree.pinnedCount + owned }

  // MARK: Coming and going

  /// Takes a request into the line.
  package mutating func submit(
    _ id: ID, tokens: [Int32], tenant: String = "", sharesPrefix: Bool = true
  ) throws(Refusal) {
    precondition(!tokens.isEmpty, "request \(id) without tokens")
    try checkRoom(for: tokens.count)
    arrivals += 1
    waiting[id] = Request(
      id: id, tenant: tenant, tokens: tokens, sharesPrefix: sharesPrefix, arrival: arrivals)
    waitingTokens += tokens.count
    queue.append(id, tenant: tenant)
  }

  /// Refuses a prompt that the context or the line has no room for.
  package func checkRoom(for tokens: Int) throws(Refusal) {
    guard tokens < configuration.contextLimit else {
      throw .tooLong(tokens: tokens, limit: configuration.contextLimit)
    }
    // Those that the next step takes up do not wait.
    let unused = max(0, configuration.running - running.count)
    guard queue.count < configuration.waiting + unused else {
      throw .queueFull(waiting: queue.count)
    }
    guard waitingTokens + tokens <= configuration.waitingTokens else {
      throw .tooManyTokensWaiting(tokens: waitingTokens, limit: configuration.waitingTokens)
    }
  }

  /// Appends the token that was picked for a request.
  package mutating func append(_ token: Int32, to id: ID) {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return }
    running[index].tokens.append(token)
  }

  /// Lets a request go, wherever it stands. Its whole blocks stay in the tree.
  package mutating func remove(_ id: ID) {
    if let request = waiting.removeValue(forKey: id) {
      queue.remove(id, tenant: request.tenant)
      waitingTokens -= request.tokens.count
    } else if let index = running.firstIndex(where: { $0.id == id }) {
      release(running.remove(at: index))
    }
  }

  /// Leaves a running request out of steps, or takes it in again.
  package mutating func setPaused(_ isPaused: Bool, _ id: ID) {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return }
    running[index].isPaused = isPaused
  }

  /// How many blocks of a text's beginning are cached.
  package func cachedBlocks(of tokens: [Int32], tenant: String) -> Int {
    tree.match(tokens, tenant: tenant, limit: sharable(tokens)).count
  }

  /// The last token has to run in any case: its logits are wanted.
  private func sharable(_ tokens: [Int32]) -> Int { (tokens.count - 1) / Self.blockTokens }

  /// Makes room for a block that was read from elsewhere, behind the blocks of the text that are there; nil if there is
  /// none, or if the block is there already.
  package mutating func adopt(index: Int, of tokens: [Int32], tenant: String) -> Block? {
    let path = tree.match(tokens, tenant: tenant, limit: index + 1)
    guard path.count == index else { return nil }
    // What it hangs on must not be given up for it.
    for node in path { tree.pin(node) }
    defer { for node in path { tree.unpin(node) } }
    guard let block = takeBlock() else { return nil }
    _ = tree.insert(
      block, tokens: tokens[index * Self.blockTokens..<(index + 1) * Self.blockTokens],
      behind: path.last ?? PrefixTree.none, tenant: tenant)
    return block
  }

  private mutating func takeBlock() -> Block? { free.popLast() ?? tree.evict() }

  /// Gives back what a request holds.
  private mutating func release(_ request: Request) {
    for (index, block) in request.blocks.enumerated() {
      let isInTree = index < request.path.count && tree.block(of: request.path[index]) == block
      if !isInTree {
        free.append(block)
        owned -= 1
      }
    }
    // Leaves first, so that they are given up before what they hang on.
    for node in request.path.reversed() { tree.unpin(node) }
  }

  // MARK: Steps

  /// What to run next; empty if there is nothing to do.
  package mutating func next() -> [Work] {
    admit()
    var work: [Work] = []
    var budget = configuration.stepTokens
    // Answers first: one token each.
    for id in running.filter({ $0.remaining == 1 && $0.computed > 0 && !$0.isPaused }).map(\.id) {
      guard let index = reserve(id) else { continue }
      budget -= 1
      work.append(take(index, 1))
    }
    // Who gave way meanwhile runs nothing.
    work.removeAll { item in !running.contains { $0.id == item.id } }
    budget = max(budget, Self.blockTokens)
    let taken = Set(work.map(\.id))
    for index in running.indices
    where budget > 0 && !running[index].isPaused && !taken.contains(running[index].id) {
      let request = running[index]
      var count = min(request.remaining, budget)
      if count < request.remaining {
        let end = (request.computed + count) / Self.blockTokens * Self.blockTokens
        count = end - request.computed
      }
      guard count > 0 else { break }
      budget -= count
      work.append(take(index, count))
    }
    return work
  }

  private mutating func take(_ index: Int, _ count: Int) -> Work {
    defer {
      running[index].admitted = nil
      running[index].fresh = []
    }
    let request = running[index]
    return Work(
      id: request.id, positions: request.computed..<request.computed + count,
      shared: request.admitted, fresh: request.fresh, isLast: count == request.remaining)
  }

  /// Takes note that the tokens of some work have run.
  ///
  /// - Returns: the blocks that are complete now.
  package mutating func finish(_ work: Work) -> [Completed] {
    guard let index = running.firstIndex(where: { $0.id == work.id }) else { return [] }
    running[index].computed = work.positions.upperBound
    queue.charge(work.positions.count, tenant: running[index].tenant)
    var completed: [Completed] = []
    while (running[index].path.count + 1) * Self.blockTokens <= running[index].computed {
      let request = running[index]
      let place = request.path.count
      let tokens = request.tokens[place * Self.blockTokens..<(place + 1) * Self.blockTokens]
      let parent = request.path.last ?? PrefixTree.none
      let node: PrefixTree.NodeID
      if let twin = tree.child(of: parent, tenant: request.tenant, tokens: tokens) {
        node = twin  // The block itself stays its own.
      } else {
        node = tree.insert(
          request.blocks[place], tokens: tokens, behind: parent, tenant: request.tenant)
        owned -= 1
        completed.append(Completed(id: request.id, index: place, block: request.blocks[place]))
      }
      tree.pin(node)
      running[index].path.append(node)
    }
    return completed
  }

  /// Room for the next token of a running request; nil if it has to give way itself.
  private mutating func reserve(_ id: ID) -> Int? {
    while let index = running.firstIndex(where: { $0.id == id }) {
      if running[index].blocks.count * Self.blockTokens > running[index].computed { return index }
      if let block = takeBlock() {
        running[index].blocks.append(block)
        running[index].fresh.append(block)
        owned += 1
        return index
      }
      guard let victim = running.max(by: { Self.yields($1, $0) }) else { return nil }
      preempt(victim.id)
    }
    return nil
  }

  /// Whether `a` gives way before `b`: who is paused first, then the younger.
  private static func yields(_ a: Request, _ b: Request) -> Bool {
    a.isPaused != b.isPaused ? a.isPaused : a.arrival > b.arrival
  }

  private mutating func preempt(_ id: ID) {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return }
    var request = running.remove(at: index)
    release(request)
    request.computed = 0
    request.blocks = []
    request.path = []
    request.admitted = nil
    request.fresh = []
    preemptions += 1
    waitingTokens += request.tokens.count
    queue.putBack(id, tenant: request.tenant)
    waiting[id] = request
  }

  // MARK: Admission

  private mutating func admit() {
    while running.count < configuration.running {
      guard let id = firstToAdmit() else { return }
      guard let request = waiting[id] else { return }
      guard start(request) else { return }
    }
  }

  /// The next in line that would not compute what a running request is computing already.
  private func firstToAdmit() -> ID? {
    for candidate in queue.candidates {
      guard let request = waiting[candidate.id] else { continue }
      if !isBeingComputed(request) { return candidate.id }
    }
    return nil
  }

  /// Whether the first block of a prompt that is not cached is the next of a running request.
  private func isBeingComputed(_ request: Request) -> Bool {
    guard request.sharesPrefix else { return false }
    let limit = sharable(request.tokens)
    let matched = tree.match(request.tokens, tenant: request.tenant, limit: limit).count
    guard matched < limit else { return false }
    let end = (matched + 1) * Self.blockTokens
    return running.contains { other in
      other.tenant == request.tenant && !other.isPaused && other.remaining > 1
        && other.tokens.count >= end && other.computed < end
        && other.tokens[..<end] == request.tokens[..<end]
    }
  }

  /// Gives a request the blocks of its prompt and one token more; false if there are not enough.
  private mutating func start(_ waiter: Request) -> Bool {
    var request = waiter
    request.path =
      request.sharesPrefix
      ? tree.match(request.tokens, tenant: request.tenant, limit: sharable(request.tokens)) : []
    for node in request.path { tree.pin(node) }
    request.blocks = request.path.map { tree.block(of: $0) }
    request.computed = request.blocks.count * Self.blockTokens
    request.admitted = request.blocks
    let needed = request.tokens.count / Self.blockTokens + 1
    while request.blocks.count < needed {
      guard let block = takeBlock() else {
        for block in request.fresh { free.append(block) }
        for node in request.path.reversed() { tree.unpin(node) }
        precondition(!running.isEmpty, "request \(request.id) fits, and does not fit alone")
        return false
      }
      request.blocks.append(block)
      request.fresh.append(block)
    }
    owned += request.fresh.count
    waiting[request.id] = nil
    waitingTokens -= request.tokens.count
    queue.remove(request.id, tenant: request.tenant)
    let place = running.firstIndex { $0.arrival > request.arrival } ?? running.count
    running.insert(request, at: place)
    return true
  }

  /// Whether the books are right.
  package func check() -> Bool {
    let held = running.reduce(0) { total, request in
      total
        + request.blocks.enumerated().filter { index, block in
          index >= request.path.count || tree.block(of: request.path[index]) != block
        }.count
    }
    return tree.check() && held == owned
      && freeBlocks + cachedBlocks + pinnedBlocks == configuration.blocks
      && waiting.count == queue.count
      && waitingTokens == waiting.values.reduce(0) { $0 + $1.tokens.count }
  }
}
