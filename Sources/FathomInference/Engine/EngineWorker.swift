import CFathomKernels
import FathomConstraints
import FathomCore
import FathomModels
import FathomTensors

/// The engine's thread: takes messages, runs steps, picks tokens, tells events.
///
/// Everything here belongs to that thread.
final class EngineWorker {
  private let model: LanguageModel
  private let options: Engine.Options
  private let layout: CacheLayout
  private let compute: Compute
  private let mailbox: EngineMailbox
  private let board: EngineBoard
  private let store: BlockStore?
  private let reader: DiskReader?
  /// Requests whose beginnings are being read; true once they were cancelled.
  private var reading: [UInt64: Bool] = [:]
  private let workspace = Workspace()
  private let clock = ContinuousClock()
  private var scheduler: Scheduler
  private var requests: [UInt64: ActiveRequest] = [:]
  private var pages: [CachePage?]
  private var statistics = EngineStatistics()
  private var lastFileCheck = ContinuousClock.now

  init(
    _ model: LanguageModel, options: Engine.Options, layout: CacheLayout, scheduler: Scheduler,
    compute: Compute, mailbox: EngineMailbox, board: EngineBoard, store: BlockStore?
  ) {
    self.model = model
    self.options = options
    self.layout = layout
    self.scheduler = scheduler
    self.compute = compute
    self.mailbox = mailbox
    self.board = board
    self.store = store
    reader = store.map { DiskReader($0) }
    pages = Array(repeating: nil, count: scheduler.configuration.blocks)
    report()
  }

  func run() {
    var wait = EngineMailbox.Wait.forMessage
    while true {
      for message in mailbox.take(waiting: wait) {
        switch message {
        case .submit(let request, let constraint, let answer):
          submit(request, constraint, answer)
        case .loaded(let prefix): take(prefix)
        case .cancel(let id):
          if reading[id] != nil { reading[id] = true }
          end(id, .finished(.cancelled))
        case .stop:
          mailbox.close()
          for id in Array(requests.keys) { end(id, .failed(.shutDown)) }
          store?.close()
          return report()
        }
      }
      expire()
      let work = scheduler.next()
      if !work.isEmpty { run(work) }
      report()
      // Requests that are paused, or that wait for those, have deadlines to be kept.
      wait = !work.isEmpty ? .no : requests.isEmpty ? .forMessage : .upTo(0.05)
    }
  }

  // MARK: Coming and going

  private func submit(
    _ request: EngineRequest, _ constraint: Constraint?, _ answer: EngineAnswer
  ) {
    let active = ActiveRequest(request, constraint, answer, tokenizer: model.tokenizer)
    do {
      if let failure = statistics.failure { throw EngineFailure.broken(failure) }
      try check(request)
      if !readFromDisk(active) { try line(up: active) }
    } catch {
      refuse(answer, error)
    }
  }

  private func line(up active: ActiveRequest) throws {
    let (request, answer) = (active.request, active.answer)
    do {
      try scheduler.submit(
        answer.id, tokens: request.prompt, tenant: request.tenant,
        sharesPrefix: !request.scoresPrompt)
    } catch {
      throw EngineFailure(error)
    }
    requests[answer.id] = active
    answer.send(.accepted)
  }

  private func refuse(_ answer: EngineAnswer, _ error: any Error) {
    count(end: "refused")
    answer.send(.failed(error as? EngineFailure ?? .invalid("\(error)")))
    answer.end()
  }

  // MARK: Disk

  /// Has a request's beginning read from disk, if more of it is there than in memory.
  private func readFromDisk(_ active: ActiveRequest) -> Bool {
    guard let store, let reader, !active.request.scoresPrompt else { return false }
    var active = active
    let prompt = active.request.prompt
    let blocks = (prompt.count - 1) / Scheduler.blockTokens
    active.name(blocks: blocks, root: store.root(tenant: active.request.tenant))
    let cached = scheduler.cachedBlocks(of: prompt, tenant: active.request.tenant)
    guard cached < blocks, store.contains(active.keys[cached]) else { return false }
    reading[active.answer.id] = false
    let room = scheduler.freeBlocks + scheduler.cachedBlocks - cached
    reader.load(DiskPrefix(active: active, first: cached), atMost: room, into: mailbox)
    return true
  }

  /// Puts blocks that were read beside those in memory, and the request in line.
  private func take(_ prefix: DiskPrefix) {
    let (active, answer) = (prefix.active, prefix.active.answer)
    guard reading.removeValue(forKey: answer.id) == false else {
      count(end: FinishReason.cancelled.rawValue)
      answer.send(
        .finished(.cancelled, active.finalStatistics(now: clock.now), seed: 0, stopString: nil))
      return answer.end()
    }
    for (index, page) in prefix.pages.enumerated() {
      let block = scheduler.adopt(
        index: prefix.first + index, of: active.request.prompt, tenant: active.request.tenant)
      guard let block else { continue }
      pages[block] = page
    }
    do { try line(up: active) } catch { refuse(answer, error) }
  }

  /// Has blocks written that a request completed.
  private func save(_ completed: [Scheduler.Completed]) {
    guard let store else { return }
    for block in completed {
      guard var request = requests[block.id], let page = pages[block.block] else { continue }
      request.name(blocks: block.index + 1, root: store.root(tenant: request.request.tenant))
      requests[block.id] = request
      let begin = block.index * Scheduler.blockTokens
      store.save(
        request.keys[block.index],
        tokens: request.tokens(begin..<begin + Scheduler.blockTokens), page: page)
    }
  }

  private func check(_ request: EngineRequest) throws {
    try request.options.sampling.validate()
    guard !request.prompt.isEmpty else {
      throw InputError("prompt", expected: "at least one token", found: "none")
    }
    let vocabulary = model.model.network.decoder.embedding.rows
    for (index, token) in request.prompt.enumerated()
    where token < 0 || Int(token) >= vocabulary {
      throw InputError(
        "token \(index) of the prompt", expected: "an id below \(vocabulary)", found: "\(token)")
    }
  }

  private enum End {
    case finished(FinishReason)
    case failed(EngineFailure)
  }

  /// Lets a request go and tells its end. Its whole blocks stay cached.
  private func end(_ id: UInt64, _ end: End) {
    scheduler.remove(id)
    guard var request = requests.removeValue(forKey: id) else { return }
    switch end {
    case .finished(let reason):
      let rest = request.finishText()
      if !rest.isEmpty {
        request.answer.send(
          .piece(AnswerPiece(token: nil, score: nil, events: rest, isReasoning: false)))
      }
      count(end: reason.rawValue)
      if let trace = request.trace { request.answer.send(.trace(trace)) }
      request.answer.send(
        .finished(
          reason, request.finalStatistics(now: clock.now), seed: request.sampler.seed,
          stopString: request.text.stopString))
    case .failed(let failure):
      count(end: "failed")
      request.answer.send(.failed(failure))
    }
    request.answer.end()
  }

  private func count(end: String) { statistics.ends[end, default: 0] += 1 }

  /// Ends what is overdue, pauses what is not read, and takes it in again.
  private func expire() {
    let now = clock.now
    for (id, request) in requests {
      if let deadline = request.request.deadline, now > deadline {
        end(id, .failed(.deadline))
      } else if request.answer.unreadCount > options.unreadEvents {
        guard let since = request.pausedSince else {
          requests[id]?.pausedSince = now
          scheduler.setPaused(true, id)
          continue
        }
        if (now - since).inSeconds > options.slowReaderSeconds {
          end(id, .failed(.slowReader(seconds: options.slowReaderSeconds)))
        }
      } else if request.pausedSince != nil {
        requests[id]?.pausedSince = nil
        scheduler.setPaused(false, id)
      }
    }
  }

  private func report() {
    statistics.slots = scheduler.runningIDs.compactMap { requests[$0]?.slot(id: $0) }
    statistics.waiting = scheduler.waitingCount
    statistics.waitingTokens = scheduler.waitingTokens
    statistics.preemptions = scheduler.preemptions
    statistics.freeBlocks = scheduler.freeBlocks
    statistics.cachedBlocks = scheduler.cachedBlocks
    statistics.pinnedBlocks = scheduler.pinnedBlocks
    statistics.disk = store.map { DiskStatistics($0.statistics) }
    assert(statistics.blocks == scheduler.configuration.blocks, "blocks were lost")
    board.show(statistics)
  }

  // MARK: Steps

  private func run(_ work: [Scheduler.Work]) {
    for item in work { prepare(item) }
    let (picked, isFinite) = forward(work)
    do {
      try checkWeights()
    } catch {
      statistics.failure = "\(error)"
      for id in Array(requests.keys) { end(id, .failed(.broken("\(error)"))) }
      return
    }
    statistics.steps += 1
    for (item, isFinite) in zip(work, isFinite) {
      guard isFinite else {
        // Rows that came of broken numbers must not be kept.
        end(item.id, .failed(.broken("the model's logits are no numbers")))
        continue
      }
      save(scheduler.finish(item))
      note(item)
    }
    for (id, token, score) in picked { take(token, score, for: id) }
  }

  /// Gives a request the pages of its work.
  private func prepare(_ work: Scheduler.Work) {
    guard let request = requests[work.id] else { return }
    if let shared = work.shared {
      let now = clock.now
      requests[work.id]?.start(
        KVCache(layout: layout, shared: shared.compactMap { pages[$0] }),
        cachedTokens: shared.count * Scheduler.blockTokens, now: now)
      statistics.cachedTokens += shared.count * Scheduler.blockTokens
      if let store, shared.count > 0 {
        requests[work.id]?.name(
          blocks: shared.count, root: store.root(tenant: request.request.tenant))
        if let keys = requests[work.id]?.keys { store.touch(keys[..<shared.count]) }
      }
      request.answer.send(.started(cachedTokens: shared.count * Scheduler.blockTokens))
    }
    for block in work.fresh {
      // Somebody may still be reading what the page held.
      if pages[block] == nil || !isKnownUniquelyReferenced(&pages[block]) {
        pages[block] = CachePage(byteCount: layout.pageBytes)
      }
      if let page = pages[block] { requests[work.id]?.cache?.append(page) }
    }
  }

  /// Takes note of what ran: progress, and the tokens that cost.
  private func note(_ work: Scheduler.Work) {
    guard var request = requests[work.id] else { return }
    request.done = work.positions.upperBound
    let promptDone = min(request.done, request.request.prompt.count)
    if work.positions.lowerBound < request.request.prompt.count {
      statistics.promptTokens += promptDone - work.positions.lowerBound
      request.answer.send(.progress(done: promptDone))
    }
    if request.done >= request.request.prompt.count, request.prefilledAt == nil {
      request.prefilledAt = clock.now
      if request.request.scoresPrompt { request.answer.send(.promptScores(request.promptScores)) }
    }
    requests[work.id] = request
  }

  /// Whether the files are still what they were; looked at once a second.
  private func checkWeights() throws {
    let now = clock.now
    guard model.model.isTorn || now - lastFileCheck > .seconds(1) else { return }
    try model.model.checkIntact()
    lastFileCheck = now
  }

  private typealias Picked = (id: UInt64, token: Int32, score: TokenScore?)

  /// Runs a step and picks the next token of every request whose tokens have all run.
  ///
  /// - Returns: also whether the logits of each work item are numbers.
  private func forward(_ work: [Scheduler.Work]) -> ([Picked], isFinite: [Bool]) {
    let decoder = model.model.network.decoder
    let sequences = work.map { item in
      Step.Sequence(
        tokens: requests[item.id]?.tokens(item.positions) ?? [],
        cache: requests[item.id]?.cache ?? KVCache(layout: layout))
    }
    return workspace.scope {
      let isTraced = work.contains { requests[$0.id]?.request.isTraced == true }
      let routes = isTraced ? StepRoutes() : nil
      let step = Step(
        sequences, compute: compute, workspace: workspace,
        attention: options.runtime.attention,
        observer: routes.map { routes in { observation, _ in routes.observe(observation) } })
      let hidden = workspace.take(step.count, width: decoder.hiddenSize)
      decoder.forward(step, into: hidden)
      var picked: [Picked] = []
      var isFinite = work.map { _ in true }
      var first = 0
      var last: [(item: Int, row: Int)] = []
      for (index, item) in work.enumerated() {
        if requests[item.id]?.request.scoresPrompt == true {
          isFinite[index] = scorePrompt(
            item, hidden.rows(first..<first + item.positions.count), step)
        }
        if let routes {
          requests[item.id]?.trace?.note(
            routes, rows: first..<first + item.positions.count, positions: item.positions)
        }
        first += item.positions.count
        if item.isLast { last.append((index, first - 1)) }
      }
      guard !last.isEmpty else { return (picked, isFinite) }
      let rows = workspace.take(last.count, width: decoder.hiddenSize)
      for (index, entry) in last.enumerated() {
        rows[index].update(from: hidden[entry.row], count: decoder.hiddenSize)
      }
      let logits = workspace.take(last.count, width: decoder.vocabularySize)
      decoder.logits(rows, into: logits, step: step)
      for (index, entry) in last.enumerated() {
        let row = UnsafeBufferPointer(start: logits[index], count: logits.width)
        guard fk_largest(logits[index], logits.width) < logits.width else {
          isFinite[entry.item] = false
          continue
        }
        let id = work[entry.item].id
        if let (token, score) = requests[id]?.pick(row) { picked.append((id, token, score)) }
      }
      return (picked, isFinite)
    }
  }

  /// Scores the tokens behind some of a prompt's tokens, 64 rows of logits at a time; false if one is no number.
  private func scorePrompt(_ work: Scheduler.Work, _ hidden: Rows, _ step: Step) -> Bool {
    guard let request = requests[work.id] else { return true }
    let decoder = model.model.network.decoder
    var scores: [TokenScore?] = []
    for begin in stride(from: 0, to: hidden.count, by: Scheduler.blockTokens) {
      let rows = begin..<min(hidden.count, begin + Scheduler.blockTokens)
      let isFinite = workspace.scope {
        let logits = workspace.take(rows.count, width: decoder.vocabularySize)
        decoder.logits(hidden.rows(rows), into: logits, step: step)
        for row in rows {
          let position = work.positions.lowerBound + row + 1
          guard position < request.request.prompt.count else { break }
          let values = logits[row - begin]
          guard fk_largest(values, logits.width) < logits.width else { return false }
          scores.append(
            TokenScore(
              of: request.request.prompt[position], top: request.request.topScores ?? 0,
              in: UnsafeBufferPointer(start: values, count: logits.width)))
        }
        return true
      }
      guard isFinite else { return false }
    }
    // After giving way the beginning is scored again; it is the same.
    requests[work.id]?.promptScores.append(
      contentsOf: scores.dropFirst(
        max(0, request.promptScores.count - 1 - work.positions.lowerBound)))
    return true
  }

  /// Takes a picked token into an answer, and ends the answer where it has to.
  private func take(_ token: Int32, _ score: TokenScore?, for id: UInt64) {
    guard var request = requests[id] else { return }
    let wasReasoning = request.text.isReasoning
    let (events, isStopped) = request.note(token, now: clock.now)
    requests[id] = request
    statistics.completionTokens += 1
    request.answer.send(
      .piece(AnswerPiece(token: token, score: score, events: events, isReasoning: wasReasoning)))
    scheduler.append(token, to: id)
    let options = request.request.options
    if options.stopTokens.contains(token) || isStopped {
      end(id, .finished(.stop))
    } else if let limit = options.maxTokens, request.answered.count >= limit {
      end(id, .finished(.length))
    } else if request.request.prompt.count + request.answered.count
      >= scheduler.configuration.contextLimit
    {
      end(id, .finished(.contextLength))
    }
  }
}

extension EngineFailure {
  init(_ refusal: Scheduler.Refusal) {
    self =
      switch refusal {
      case .queueFull(let waiting): .queueFull(waiting: waiting)
      case .tooManyTokensWaiting(let tokens, let limit):
        .tooManyTokensWaiting(tokens: tokens, limit: limit)
      case .tooLong(let tokens, let limit): .contextFull(tokens: tokens, limit: limit)
      }
  }
}

extension DiskStatistics {
  init(_ statistics: BlockStore.Statistics) {
    self.init(
      hits: statistics.hits, misses: statistics.misses, saved: statistics.saved,
      dropped: statistics.dropped, files: statistics.files, bytes: statistics.bytes,
      isWritable: statistics.isWritable)
  }
}
