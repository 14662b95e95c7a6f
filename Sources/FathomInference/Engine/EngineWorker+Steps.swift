import CFathomKernels
import FathomCore
import FathomModels
import FathomTensors

/// One step: pages for its rows, the forward pass, tokens picked, ends.
extension EngineWorker {
  func run(_ work: [Scheduler.Work]) {
    for item in work { prepare(item) }
    let (picked, isFinite) = forward(work)
    do {
      try checkWeights()
    } catch {
      return fail("\(error)")
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
      if let disk, shared.count > 0, var request = requests[work.id] {
        disk.use(shared.count, of: &request)
        requests[work.id] = request
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
      var isFinite: [Bool] = []
      var first = 0
      var last: [(item: Int, row: Int)] = []
      for (index, item) in work.enumerated() {
        let rows = hidden.rows(first..<first + item.positions.count)
        if let routes {
          requests[item.id]?.trace?.note(
            routes, rows: first..<first + item.positions.count, positions: item.positions)
        }
        first += item.positions.count
        // Looked at before the end of a prompt, too: what is cached of it is not to be kept.
        isFinite.append((0..<rows.count).allSatisfy { rows.isFinite($0) })
        guard isFinite[index] else { continue }
        if requests[item.id]?.request.scoresPrompt == true {
          isFinite[index] = scorePrompt(item, rows, step)
        }
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
        isFinite[entry.item] = isFinite[entry.item] && logits.isFinite(index)
      }
      let ready = last.indices.filter { isFinite[last[$0].item] }
      picked = pick(
        for: ready.map { work[last[$0].item].id },
        from: ready.map { UnsafeBufferPointer(start: logits[$0], count: logits.width) })
      return (picked, isFinite)
    }
  }

  /// Picks the next token of some requests, side by side.
  ///
  /// - Parameter logits: for each request its row.
  private func pick(for ids: [UInt64], from logits: [UnsafeBufferPointer<Float>]) -> [Picked] {
    var entries = zip(ids, logits).compactMap { id, row in
      requests.removeValue(forKey: id).map { (request: $0, row: row, picked: Picked(id, 0, nil)) }
    }
    entries.withUnsafeMutableBufferPointer { entries in
      // Each unit has an entry of its own.
      nonisolated(unsafe) let entries = entries
      compute.pool.run(units: entries.count) { unit, _ in
        (entries[unit].picked.token, entries[unit].picked.score) =
          entries[unit].request.pick(entries[unit].row)
      }
    }
    for entry in entries { requests[entry.picked.id] = entry.request }
    return entries.map(\.picked)
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
          guard logits.isFinite(row - begin) else { return false }
          scores.append(
            TokenScore(
              of: request.request.prompt[position], top: request.request.topScores ?? 0,
              in: UnsafeBufferPointer(start: logits[row - begin], count: logits.width)))
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

extension Rows {
  /// Whether all values of a row are numbers.
  fileprivate func isFinite(_ row: Int) -> Bool { fk_largest(self[row], width) < width }
}
