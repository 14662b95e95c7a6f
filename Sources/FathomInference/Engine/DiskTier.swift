import FathomModels

/// The disk part of the prefix cache as the engine's thread uses it: blocks of a request's beginning are read before it stands
/// in line, and those it completes are written.
///
/// A request that is read for can end at any time; what its reading still finds is dropped.
struct DiskTier {
  private let store: BlockStore
  private let reader: DiskReader
  /// Requests whose beginnings are being read.
  private var reading: [UInt64: (active: ActiveRequest, reading: DiskReading)] = [:]

  init(_ store: BlockStore) {
    self.store = store
    reader = DiskReader(store)
  }

  var readingCount: Int { reading.count }
  var statistics: DiskStatistics { DiskStatistics(store.statistics) }

  /// Has a request's beginning read, if more of it is there than the `cached` blocks in memory.
  ///
  /// - Parameter room: blocks that there is memory for.
  mutating func read(
    for active: ActiveRequest, cached: Int, room: Int, into mailbox: EngineMailbox
  ) -> Bool {
    guard !active.request.scoresPrompt else { return false }
    var active = active
    let prompt = active.request.prompt
    let blocks = (prompt.count - 1) / Scheduler.blockTokens
    active.name(blocks: blocks, root: root(of: active))
    guard cached < blocks, store.contains(active.keys[cached]) else { return false }
    let prefix = DiskPrefix(
      id: active.answer.id, reading: DiskReading(), prompt: prompt, keys: active.keys,
      first: cached)
    reading[prefix.id] = (active, prefix.reading)
    reader.load(prefix, atMost: room, into: mailbox)
    return true
  }

  /// The request that a reading was for; nil if it has ended meanwhile.
  mutating func finish(_ prefix: DiskPrefix) -> ActiveRequest? {
    reading.removeValue(forKey: prefix.id)?.active
  }

  /// Takes a request out of its reading; nil if it is not read for.
  mutating func abandon(_ id: UInt64) -> ActiveRequest? {
    let entry = reading.removeValue(forKey: id)
    entry?.reading.abandon()
    return entry?.active
  }

  /// Requests whose deadline has passed, or all.
  func ids(overdueAt now: ContinuousClock.Instant? = nil) -> [UInt64] {
    reading.filter { _, entry in
      guard let now else { return true }
      return entry.active.request.deadline.map { now > $0 } ?? false
    }.map(\.key)
  }

  /// Has a block written that a request completed.
  func save(_ block: Scheduler.Completed, of active: inout ActiveRequest, page: CachePage) {
    active.name(blocks: block.index + 1, root: root(of: active))
    let begin = block.index * Scheduler.blockTokens
    store.save(
      active.keys[block.index], tokens: active.tokens(begin..<begin + Scheduler.blockTokens),
      page: page)
  }

  /// A request uses the first blocks of its beginning.
  func use(_ count: Int, of active: inout ActiveRequest) {
    active.name(blocks: count, root: root(of: active))
    store.touch(active.keys[..<count])
  }

  private func root(of active: ActiveRequest) -> BlockKey {
    store.root(tenant: active.request.tenant)
  }

  func close() { store.close() }
}

extension DiskStatistics {
  fileprivate init(_ statistics: BlockStore.Statistics) {
    self.init(
      hits: statistics.hits, misses: statistics.misses, saved: statistics.saved,
      dropped: statistics.dropped, files: statistics.files, bytes: statistics.bytes,
      isWritable: statistics.isWritable)
  }
}
