import FathomCore
import FathomText

/// Merges the most frequent pair of neighbours again and again.
///
/// Counts are kept up to date by the words that a merge touches, so that a merge costs as much as the words that hold
/// it. The heap may hold a pair with an old count; that shows when it is taken out.
struct PairMerger {
  /// The bytes in the order of their ids: as they are spelled, which is how the `tokenizers` library sorts them.
  static let bytesInOrder: [UInt8] = (UInt8.min...UInt8.max).sorted {
    ByteAlphabet.scalars[Int($0)] < ByteAlphabet.scalars[Int($1)]
  }

  /// Bytes of every token, in the order of the ids.
  private(set) var tokens: [[UInt8]]
  /// Best first.
  private(set) var merges: [(left: [UInt8], right: [UInt8])] = []

  private struct Word {
    var start: Int
    var count: Int
    var occurrences: Int
  }

  private struct Pair {
    var count = 0
    /// Words that hold it or did so once, not one of them missing.
    var words: [Int32] = []
    var isMerged = false
  }

  private let firstID: Int32
  private let reserved: Set<String>
  private var ids: [[UInt8]: Int32]
  /// The tokens of all words, one word behind the other. A word shrinks in its place.
  private var symbols: [Int32] = []
  private var words: [Word] = []
  private var pairs: [Pair] = []
  private var pairIndices: [UInt64: Int] = [:]
  private var heap = CountHeap()

  /// - Parameters:
  ///   - firstID: the id of the first byte.
  ///   - reserved: spellings that no merge may make, as control tokens have them.
  init(words counts: WordCounts, firstID: Int32, reserved: Set<String>) {
    self.firstID = firstID
    self.reserved = reserved
    tokens = Self.bytesInOrder.map { [$0] }
    ids = Dictionary(
      uniqueKeysWithValues: tokens.enumerated().map { ($1, firstID + Int32($0)) })
    let byteIDs = (UInt8.min...UInt8.max).map { ids[[$0]] ?? 0 }

    for word in 0..<counts.count {
      let bytes = counts.bytes(of: word)
      let start = symbols.count
      for byte in bytes { symbols.append(byteIDs[Int(byte)]) }
      words.append(
        Word(start: start, count: bytes.count, occurrences: counts.occurrences(of: word)))
      for place in start..<symbols.count where place > start {
        add(symbols[place - 1], symbols[place], counts.occurrences(of: word), in: word)
      }
    }
    for (key, index) in pairIndices { heap.push(count: pairs[index].count, key: key) }
  }

  /// Merges until there are `size` tokens, or no pair is as frequent as `minimumCount`.
  mutating func grow(to size: Int, minimumCount: Int) {
    while Int(firstID) + tokens.count < size, let top = heap.pop() {
      guard let index = pairIndices[top.key] else { continue }
      let count = pairs[index].count
      guard count == top.count else {
        if count >= minimumCount { heap.push(count: count, key: top.key) }
        continue
      }
      guard count >= minimumCount else { return }
      merge(
        Int32(truncatingIfNeeded: top.key >> 32), Int32(truncatingIfNeeded: top.key), index: index)
    }
  }

  private mutating func merge(_ left: Int32, _ right: Int32, index: Int) {
    let (leftBytes, rightBytes) = (bytes(of: left), bytes(of: right))
    let affected = pairs[index].words
    let isNew = !pairs[index].isMerged
    pairs[index] = Pair(isMerged: true)
    let joined = leftBytes + rightBytes
    guard !reserved.contains(TokenizerDesign.spelled(joined)) else { return }

    // Two pairs may spell one token: then it keeps its id and has two merges.
    let product = ids[joined] ?? firstID + Int32(tokens.count)
    if ids[joined] == nil {
      ids[joined] = product
      tokens.append(joined)
    }
    if isNew { merges.append((leftBytes, rightBytes)) }
    var grown: Set<UInt64> = []
    for word in affected { rewrite(Int(word), left, right, product, &grown) }
    pairs[index] = Pair(isMerged: true)
    for key in grown {
      if let index = pairIndices[key], pairs[index].count > 0 {
        heap.push(count: pairs[index].count, key: key)
      }
    }
  }

  /// Puts `product` for `left right` everywhere in a word, the leftmost first, and moves the counts.
  private mutating func rewrite(
    _ word: Int, _ left: Int32, _ right: Int32, _ product: Int32, _ grown: inout Set<UInt64>
  ) {
    let (start, count) = (words[word].start, words[word].count)
    let occurrences = words[word].occurrences
    var read = start
    var write = start
    while read < start + count {
      guard symbols[read] == left, read + 1 < start + count, symbols[read + 1] == right else {
        symbols[write] = symbols[read]
        read += 1
        write += 1
        continue
      }
      if write > start {
        let before = symbols[write - 1]
        add(before, left, -occurrences, in: word)
        add(before, product, occurrences, in: word)
        grown.insert(Self.key(before, product))
      }
      read += 2
      if read < start + count {
        add(right, symbols[read], -occurrences, in: word)
        add(product, symbols[read], occurrences, in: word)
        grown.insert(Self.key(product, symbols[read]))
      }
      symbols[write] = product
      write += 1
    }
    words[word].count = write - start
  }

  /// Counts a pair `change` times more often.
  private mutating func add(_ left: Int32, _ right: Int32, _ change: Int, in word: Int) {
    let key = Self.key(left, right)
    let index: Int
    if let known = pairIndices[key] {
      index = known
    } else {
      index = pairs.count
      pairs.append(Pair())
      pairIndices[key] = index
    }
    pairs[index].count += change
    if change > 0, pairs[index].words.last != Int32(word) {
      pairs[index].words.append(Int32(word))
    }
  }

  private func bytes(of id: Int32) -> [UInt8] { tokens[Int(id - firstID)] }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}

/// Pairs by falling count, equal ones by rising key.
private struct CountHeap {
  private var entries: [(count: Int, key: UInt64)] = []

  private static func precedes(
    _ a: (count: Int, key: UInt64), _ b: (count: Int, key: UInt64)
  ) -> Bool {
    a.count != b.count ? a.count > b.count : a.key < b.key
  }

  mutating func push(count: Int, key: UInt64) {
    var index = entries.count
    entries.append((count, key))
    while index > 0 {
      let parent = (index - 1) / 2
      guard Self.precedes(entries[index], entries[parent]) else { break }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  mutating func pop() -> (count: Int, key: UInt64)? {
    guard let top = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return top }
    entries[0] = last
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < entries.count else { break }
      if child + 1 < entries.count, Self.precedes(entries[child + 1], entries[child]) {
        child += 1
      }
      guard Self.precedes(entries[child], entries[index]) else { break }
      entries.swapAt(index, child)
      index = child
    }
    return top
  }
}
