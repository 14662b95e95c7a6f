import FathomCore

/// How often each word occurs, words in order of their first occurrence.
struct WordCounts {
  /// All words' bytes, one behind the other.
  private var storage: [UInt8] = []
  /// Where each word begins; the last entry is the end of the last.
  private var starts = [0]
  private var occurrences: [Int] = []
  /// Numbers of words by hash of their bytes, open addressing, −1 where free.
  private var slots = [Int32](repeating: -1, count: 16)
  private(set) var byteCount = 0

  var count: Int { occurrences.count }

  func bytes(of word: Int) -> ArraySlice<UInt8> { storage[starts[word]..<starts[word + 1]] }

  func occurrences(of word: Int) -> Int { occurrences[word] }

  mutating func add(_ word: ArraySlice<UInt8>) {
    byteCount += word.count
    let slot = word.withUnsafeBufferPointer { self.slot(for: $0) }
    if slots[slot] >= 0 {
      occurrences[Int(slots[slot])] += 1
      return
    }
    slots[slot] = Int32(count)
    storage.append(contentsOf: word)
    starts.append(storage.count)
    occurrences.append(1)
    guard count * 2 > slots.count else { return }
    slots = [Int32](repeating: -1, count: 2 * KeyHash.slotCount(for: count))
    for known in 0..<count {
      let slot = bytes(of: known).withUnsafeBufferPointer { self.slot(for: $0) }
      slots[slot] = Int32(known)
    }
  }

  /// The slot that holds the word, or the free one where it would go.
  private func slot(for word: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: KeyHash.of(word)) & mask
    while slots[slot] >= 0 {
      if bytes(of: Int(slots[slot])).elementsEqual(word) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }
}
