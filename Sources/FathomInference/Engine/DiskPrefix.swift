import FathomModels
import Foundation
import Synchronization

/// What is looked for on disk of a request's beginning, and what was found.
///
/// Passed from the engine's thread to the one that reads, and back. Pages are in one place at a time.
struct DiskPrefix: @unchecked Sendable {
  let id: UInt64
  let reading: DiskReading
  let prompt: [Int32]
  /// Names of the prompt's whole blocks.
  let keys: [BlockKey]
  /// Place of the first block to read.
  let first: Int
  var pages: [CachePage] = []
}

/// Whether anybody waits for what is being read.
final class DiskReading: Sendable {
  private let abandoned = Atomic(false)

  var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

  /// Ends the reading with the block that is being read.
  func abandon() { abandoned.store(true, ordering: .relaxed) }
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
      for (index, key) in prefix.keys.enumerated().dropFirst(prefix.first).prefix(limit) {
        let range = index * Scheduler.blockTokens..<(index + 1) * Scheduler.blockTokens
        guard !prefix.reading.isAbandoned, range.upperBound < prefix.prompt.count,
          let page = store.load(key, tokens: prefix.prompt[range])
        else { break }
        prefix.pages.append(page)
      }
      store.touch(prefix.keys[..<(prefix.first + prefix.pages.count)])
      mailbox.post(.loaded(prefix))
    }
  }
}
