import FathomCore
import FathomModels
import Foundation
import Synchronization

/// Blocks of 64 tokens' cached rows on disk, found by what they depend on: the prefix cache's memory across restarts.
///
/// Whatever goes wrong with a file is a miss, and whatever goes wrong with writing stops the writing, for a while and
/// with one report: a request never fails because of this cache. One store at a time writes in a folder; others on
/// it read. See `docs/prefix-cache.md`.
package final class BlockStore: Sendable {
  let identity: [UInt8]
  let blockBytes: Int
  let byteBudget: Int
  let directory: String
  let system: BlockSystem
  let queue: BlockQueue
  let state: Mutex<State>
  private let report: @Sendable (String) -> Void

  /// What all threads share. Nothing waits for a disk while holding it.
  struct State {
    var index = BlockIndex()
    /// Used since their files last said so.
    var used: Set<BlockKey> = []
    /// nil once closed.
    var folder: BlockFolder?
    /// nil while another store writes, or when this one cannot.
    var lock: BlockLock?
    var pause = WritePause()
    var counts = Statistics()
  }

  package struct Statistics: Sendable, Equatable {
    package var hits = 0
    package var misses = 0
    package var saved = 0
    /// Not saved: the queue was full, or writing was off.
    package var dropped = 0
    /// Removed to keep to the budget.
    package var evicted = 0
    /// Files found cut off or changed.
    package var damaged = 0
    package var bytes = 0
    package var files = 0
    /// Bytes waiting to be written.
    package var queuedBytes = 0
    package var isWritable = false
  }

  /// Opens or makes the folder and finds the blocks in it.
  ///
  /// - Parameters:
  ///   - identity: see `BlockKey.root`.
  ///   - report: takes single lines for the log; called from any thread, holding nothing.
  /// - Throws: `InputError` if there is no such folder and none can be made, or others can change it. A folder that can
  ///   only be read is no error.
  package init(
    directory: String, identity: [UInt8], blockBytes: Int, byteBudget: Int,
    queueBytes: Int = 256 << 20, system: BlockSystem = BlockSystem(),
    report: @escaping @Sendable (String) -> Void
  ) throws {
    precondition(blockBytes > 0 && byteBudget >= 0, "\(blockBytes), \(byteBudget)")
    // Opened again after failures, wherever the process has gone meanwhile.
    let isRelative = !directory.isEmpty && !directory.hasPrefix("/")
    self.directory =
      isRelative ? FileManager.default.currentDirectoryPath + "/" + directory : directory
    self.identity = BlockFile.identity(identity)
    self.blockBytes = blockBytes
    self.byteBudget = byteBudget
    self.system = system
    self.report = report
    queue = BlockQueue(byteLimit: queueBytes)
    state = Mutex(State())
    try openFolder()
    // The thread holds the queue and not the store, so that a store nobody uses any more goes.
    let thread = Thread { [queue, weak self] in
      Self.blockFileSizeSignal()
      while let job = queue.next() {
        self?.perform(job)
        queue.finished(job)
      }
    }
    thread.name = "fathom-blocks"
    thread.start()
  }

  deinit { queue.stop() }

  /// A write beyond the process's file size limit is to be an error, not the end of the process.
  private static func blockFileSizeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// Where the keys of a tenant's blocks begin.
  package func root(tenant: String) -> BlockKey {
    BlockKey.root(identity: identity, tenant: tenant)
  }

  // MARK: Reading

  /// Whether a load is likely to find it. Asks the index, not the disk.
  package func contains(_ key: BlockKey) -> Bool { state.withLock { $0.index.contains(key) } }

  /// The block, in new memory; nil is a miss, for whatever reason. Counts as a use.
  package func load(_ key: BlockKey, tokens: some Collection<Int32>) -> CachePage? {
    let page = find(key, Array(tokens))
    state.withLock { state in
      if page == nil { state.counts.misses += 1 } else { state.counts.hits += 1 }
    }
    if page != nil { touch(CollectionOfOne(key)) }
    return page
  }

  private func find(_ key: BlockKey, _ tokens: [Int32]) -> CachePage? {
    let folder = state.withLock { $0.index.contains(key) ? $0.folder : nil }
    guard let folder, tokens.count <= BlockFile.tokenLimit else { return nil }
    let block = BlockFile(identity: identity, key: key, tokens: tokens, blockBytes: blockBytes)
    let finding: BlockFile.Finding?
    do throws(BlockFailure) { finding = try folder.read(block) } catch {
      finding = .unreadable(error)
    }
    switch finding {
    case .page(let page): return page
    case .damaged:
      let isWriter = state.withLock { state in
        state.counts.damaged += 1
        if state.lock != nil { state.index.remove(key) } else { state.index.disown(key) }
        return state.lock != nil
      }
      if isWriter { try? folder.remove(key) }
    case .other: state.withLock { $0.index.disown(key) }
    case .unreadable(let failure) where failure.isPassing: break
    case .unreadable(let failure) where failure.code != ENOENT && !failure.isStranger:
      state.withLock { $0.index.disown(key) }
    case .unreadable, nil: state.withLock { _ = $0.index.remove(key) }
    }
    return nil
  }

  /// Counts as a use of each, the first one last: of a prefix, the beginning has to stay longest.
  ///
  /// For whoever finds blocks in memory and never loads them, and after loading or saving a row of blocks.
  package func touch(_ keys: some BidirectionalCollection<BlockKey>) {
    let now = system.wallMicroseconds()
    let isWriter = state.withLock { state in
      for key in keys.reversed() where state.index.contains(key) {
        state.index.use(key, wallMicroseconds: now)
        if state.lock != nil { state.used.insert(key) }
      }
      return state.lock != nil
    }
    if isWriter { queue.date() }
  }

  // MARK: Writing

  /// Saves the block some time later, unless it is there already. Returns at once; nobody may write to the page any more.
  package func save(_ key: BlockKey, tokens: [Int32], page: CachePage) {
    precondition(page.bytes.count == blockBytes, "\(page.bytes.count) bytes, not \(blockBytes)")
    let now = system.monotonicSeconds()
    let (isThere, canTry) = state.withLock { state in
      (
        state.index.contains(key),
        state.folder != nil && (!state.pause.isActive || state.pause.isOver(now))
      )
    }
    if isThere { return touch(CollectionOfOne(key)) }
    let block = BlockFile(identity: identity, key: key, tokens: tokens, blockBytes: blockBytes)
    if !canTry || block.byteCount > byteBudget
      || queue.save(key, tokens: tokens, page: page) == .full
    {
      state.withLock { $0.counts.dropped += 1 }
    }
  }

  /// Waits until everything saved so far is on disk or dropped.
  package func flush() { queue.drain() }

  /// Writes what waits, then lets go of the folder. From then on everything is a miss.
  package func close() {
    queue.date()
    queue.drain()
    queue.stop()
    state.withLock { state in
      state.lock = nil
      state.folder = nil
      state.index = BlockIndex()
    }
  }

  package var statistics: Statistics {
    let queued = queue.bytes
    return state.withLock { state in
      var statistics = state.counts
      statistics.bytes = state.index.bytes
      statistics.files = state.index.count
      statistics.queuedBytes = queued
      statistics.isWritable = state.lock != nil && !state.pause.isActive
      return statistics
    }
  }

  func say(_ what: String) {
    report("prefix cache \(InputError.excerpt(directory, limit: 300)): \(what)")
  }
}
