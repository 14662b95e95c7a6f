import FathomConstraints
import FathomCore
import FathomModels
import FathomTensors

/// The engine's thread: takes messages, runs steps, picks tokens, tells events.
///
/// Everything here belongs to that thread. What a step does is in `EngineWorker+Steps.swift`.
final class EngineWorker {
  let model: LanguageModel
  let options: Engine.Options
  let layout: CacheLayout
  let compute: Compute
  private let mailbox: EngineMailbox
  private let board: EngineBoard
  var disk: DiskTier?
  let workspace = Workspace()
  let clock = ContinuousClock()
  var scheduler: Scheduler
  var requests: [UInt64: ActiveRequest] = [:]
  var pages: [CachePage?]
  var statistics = EngineStatistics()
  var lastFileCheck = ContinuousClock.now

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
    disk = store.map { DiskTier($0) }
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
        case .cancel(let id): end(id, .finished(.cancelled))
        case .stop:
          mailbox.close()
          for id in Array(requests.keys) + (disk?.ids() ?? []) { end(id, .failed(.shutDown)) }
          disk?.close()
          return report()
        }
      }
      expire()
      let work = scheduler.next()
      if !work.isEmpty { run(work) }
      report()
      // Requests that are paused, that wait for those, or that are read for have deadlines to be kept.
      let isIdle = requests.isEmpty && disk?.readingCount ?? 0 == 0
      wait = !work.isEmpty ? .no : isIdle ? .forMessage : .upTo(0.05)
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
      // Before its blocks are named and looked for: a prompt can be thousands of contexts long.
      do { try scheduler.checkRoom(for: request.prompt.count) } catch { throw EngineFailure(error) }
      let cached = scheduler.cachedBlocks(of: request.prompt, tenant: request.tenant)
      let room = scheduler.freeBlocks + scheduler.cachedBlocks - cached
      if disk?.read(for: active, cached: cached, room: room, into: mailbox) != true {
        try line(up: active)
      }
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

  /// Puts blocks that were read beside those in memory, and the request in line, unless it has ended.
  private func take(_ prefix: DiskPrefix) {
    guard let active = disk?.finish(prefix) else { return }
    for (index, page) in prefix.pages.enumerated() {
      let block = scheduler.adopt(
        index: prefix.first + index, of: prefix.prompt, tenant: active.request.tenant)
      guard let block else { continue }
      pages[block] = page
    }
    do { try line(up: active) } catch { refuse(active.answer, error) }
  }

  /// Has blocks written that a request completed.
  func save(_ completed: [Scheduler.Completed]) {
    guard let disk else { return }
    for block in completed {
      guard var request = requests[block.id], let page = pages[block.block] else { continue }
      disk.save(block, of: &request, page: page)
      requests[block.id] = request
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

  enum End {
    case finished(FinishReason)
    case failed(EngineFailure)
  }

  /// Lets a request go, wherever it stands, and tells its end. Its whole blocks stay cached.
  func end(_ id: UInt64, _ end: End) {
    scheduler.remove(id)
    guard var request = requests.removeValue(forKey: id) ?? disk?.abandon(id) else { return }
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
    for id in disk?.ids(overdueAt: now) ?? [] { end(id, .failed(.deadline)) }
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
    let counted = scheduler.freeBlocks + scheduler.cachedBlocks + scheduler.pinnedBlocks
    let total = scheduler.configuration.blocks
    // What answers would read is no longer known then.
    if counted != total, statistics.failure == nil {
      fail("the cache's books: expected \(total) blocks free, cached and pinned, found \(counted)")
    }
    statistics.slots = scheduler.runningIDs.compactMap { requests[$0]?.slot(id: $0) }
    statistics.waiting = scheduler.waitingCount
    statistics.waitingTokens = scheduler.waitingTokens
    statistics.reading = disk?.readingCount ?? 0
    statistics.preemptions = scheduler.preemptions
    statistics.freeBlocks = scheduler.freeBlocks
    statistics.cachedBlocks = scheduler.cachedBlocks
    statistics.pinnedBlocks = scheduler.pinnedBlocks
    statistics.disk = disk?.statistics
    board.show(statistics)
  }

  /// Ends all requests, and takes no more: the engine cannot go on.
  func fail(_ failure: String) {
    statistics.failure = failure
    for id in Array(requests.keys) + (disk?.ids() ?? []) { end(id, .failed(.broken(failure))) }
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
