import FathomCore
import FathomModels
import Foundation

/// What the writing thread does, and opening the folder, which it does again after failures.
extension BlockStore {
  /// Opens the folder, becomes its writer if there is no other, and takes over what is there.
  ///
  /// Returns whether this store is the writer; if not, it has said why.
  @discardableResult
  func openFolder() throws -> Bool {
    // A lock of our own would look like another store's.
    state.withLock { $0.lock = nil }
    let folder = try BlockFolder(directory, system: system)
    var obstacle: String?
    var lock: BlockLock?
    do throws(BlockFailure) {
      lock = try folder.lock()
      if lock == nil { obstacle = "another process writes here" }
    } catch {
      obstacle = "\(error)"
    }
    let scan = folder.scan(sweeping: lock != nil)
    let (isFirst, strangers) = state.withLock { state in
      let isFirst = state.folder == nil
      state.folder = folder
      state.lock = lock
      state.index = BlockIndex(scan.blocks)
      state.used = []
      return (isFirst, scan.strangers)
    }
    if isFirst, strangers > 0 {
      say("\(strangers) entries ignored that are no plain files of this user alone")
    }
    if obstacle == nil {
      do throws(BlockFailure) { try makeRoom(for: 0, in: folder) } catch { obstacle = "\(error)" }
    }
    if let obstacle { stopWriting(obstacle) }
    return obstacle == nil
  }

  func perform(_ job: BlockQueue.Job) {
    switch job {
    case .save(let key, let tokens, let page): write(key, tokens, page)
    case .date: dateFiles()
    case .signal: break
    }
  }

  private func write(_ key: BlockKey, _ tokens: [Int32], _ page: CachePage) {
    let block = BlockFile(identity: identity, key: key, tokens: tokens, blockBytes: blockBytes)
    guard reopenIfDue() else { return drop() }
    do throws(BlockFailure) {
      do throws(BlockFailure) { try write(block, page) } catch {
        // The folder may have been removed or moved: make it anew, or see who has it now.
        guard error.code == ENOENT else { throw error }
        guard openFolderAgain() else { return drop() }
        say("the folder was removed while in use; it is made anew")
        try write(block, page)
      }
      if state.withLock({ $0.pause.end() }) { say("writing again") }
    } catch {
      drop()
      // Such a failure costs one block, but proves nothing when this was the try after a pause.
      let isOfOneBlock = error.isStranger || error.isPassing
      if !isOfOneBlock || state.withLock({ $0.pause.isActive }) { stopWriting("\(error)") }
    }
  }

  private func drop() { state.withLock { $0.counts.dropped += 1 } }

  /// Whether to try writing. Where writing had stopped and it is time to try again, this starts over.
  private func reopenIfDue() -> Bool {
    let now = system.monotonicSeconds()
    let (isOpen, isPaused, isDue) = state.withLock { state in
      (state.folder != nil, state.pause.isActive, state.pause.isOver(now))
    }
    return isOpen && (!isPaused || (isDue && openFolderAgain()))
  }

  private func openFolderAgain() -> Bool {
    do { return try openFolder() } catch {
      stopWriting("\(error)")
      return false
    }
  }

  private func write(_ block: BlockFile, _ page: CachePage) throws(BlockFailure) {
    let now = system.wallMicroseconds()
    let (folder, isThere) = state.withLock { ($0.folder, $0.index.contains(block.key)) }
    guard let folder, !isThere else { return }
    try makeRoom(for: block.byteCount, in: folder)
    let stamp = state.withLock { $0.index.nextStamp(now) }
    try folder.write(
      block, header: block.header(for: page), rows: UnsafeRawBufferPointer(page.bytes),
      stamp: stamp)
    state.withLock { state in
      state.index.insert(block.key, bytes: block.byteCount, stamp: stamp)
      state.counts.saved += 1
    }
  }

  /// Removes the blocks unused for longest until `bytes` more fit.
  private func makeRoom(for bytes: Int, in folder: BlockFolder) throws(BlockFailure) {
    while true {
      let oldest = state.withLock { state in
        state.index.bytes > byteBudget - bytes ? state.index.oldestKey : nil
      }
      guard let oldest else { return }
      try folder.remove(oldest)
      state.withLock { state in
        if state.index.remove(oldest) { state.counts.evicted += 1 }
      }
    }
  }

  private func stopWriting(_ reason: String) {
    let now = system.monotonicSeconds()
    if state.withLock({ $0.pause.begin(now) }) {
      say("reading only (\(reason)); tries again in \(Int(WritePause.firstDelaySeconds)) s")
    }
  }

  /// Writes the times of use into the files.
  private func dateFiles() {
    let (folder, used) = state.withLock { state in
      defer { state.used = [] }
      let dated = state.used.compactMap { key in state.index.stamp(of: key).map { (key, $0) } }
      return (state.lock == nil ? nil : state.folder, dated)
    }
    guard let folder else { return }
    for (key, stamp) in used { folder.date(key, stamp: stamp) }
  }
}
