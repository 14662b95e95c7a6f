import FathomModels
import Foundation

/// A request on its way to the scheduler, and the blocks of its beginning that were found on disk.
///
/// Passed from the engine's thread to the one that reads, and back.
struct DiskPrefix: @unchecked Sendable {
  var active: ActiveRequest
  /// Place of the first block.
  let first: Int
  var pages: [CachePage] = []
}

/// Reads blocks beside the engine's thread, one request after the other.
final class DiskReader: Sendable {
  private let store: BlockStore
  private let queue = DispatchQueue(label: "fathom-disk")

  init(_ store: BlockStore) { self.store = store }

  /// Reads the blocks from `first` on, as far as they are there, and posts what it found.
  func load(_ prefix: DiskPrefix, atMost limit: Int, into mailbox: EngineMailbox) {
    queue.async { [store] in
      var prefix = prefix
      let keys = prefix.active.keys
      let tokens = prefix.active.request.prompt
      for (index, key) in keys.enumerated().dropFirst(prefix.first).prefix(limit) {
        let range = index * Scheduler.blockTokens..<(index + 1) * Scheduler.blockTokens
        guard range.upperBound < tokens.count, let page = store.load(key, tokens: tokens[range])
        else { break }
        prefix.pages.append(page)
      }
      store.touch(keys[..<(prefix.first + prefix.pages.count)])
      mailbox.post(.loaded(prefix))
    }
  }
}
