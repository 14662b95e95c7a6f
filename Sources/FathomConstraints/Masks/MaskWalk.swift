extension Machine {
  /// The tokens whose bytes lead from `state` to somewhere.
  ///
  /// Where any plain text may come next, as in a string, the tokens that are plain text need no
  /// walk. A grammar made to be slow runs out of fuel; then the walk ends with the tokens found
  /// so far, at least one, and each of them leads on.
  mutating func mask(from state: Int32, _ trie: TokenTrie) -> TokenMask {
    var mask = TokenMask(vocabularySize: trie.vocabularySize)
    guard !items[Int(state)].isEmpty else { return mask }
    let plain = plainCharacters(from: state, limit: TokenTrie.longestPlain)
    if plain == TokenTrie.longestPlain {
      mask = trie.plain[plain]
      walk(trie.rest, from: state, into: &mask)
    } else if let long = trie.longPlain.first(where: { $0.over <= plain }) {
      mask = trie.plain[plain]
      walk(long.trie, from: state, into: &mask)
      walk(trie.rest, from: state, into: &mask)
    } else {
      walk(trie.words, from: state, into: &mask)
    }
    if spellsSomething(state) { walkMarks(trie.marks, from: state, into: &mask) }
    return mask
  }

  private mutating func walk(_ trie: ByteTrie, from state: Int32, into mask: inout TokenMask) {
    var states = [Int32](repeating: Self.dead, count: trie.longest + 1)
    states[0] = state
    var node = 0
    while node < trie.count {
      if isOutOfFuel, !mask.isEmpty { return }
      node = walkKnown(trie, from: node, &states, &mask.words)
      if node < trie.count {
        // The step that nobody had taken yet; after it the walk goes on from the same node.
        _ = step(states[Int(trie.depth[node]) - 1], byte: trie.byte[node])
      }
    }
  }

  /// Walks until the end or a step that is not known; answers the node it stands before.
  private func walkKnown(
    _ trie: ByteTrie, from first: Int, _ states: inout [Int32], _ words: inout [UInt64]
  ) -> Int {
    let classCount = program.classCount
    var node = first
    next.withUnsafeBufferPointer { next in
      program.byteClass.withUnsafeBufferPointer { byteClass in
        trie.byte.withUnsafeBufferPointer { byte in
          trie.depth.withUnsafeBufferPointer { depth in
            trie.firstToken.withUnsafeBufferPointer { firstToken in
              states.withUnsafeMutableBufferPointer { states in
                words.withUnsafeMutableBufferPointer { words in
                  while node < byte.count {
                    let level = Int(depth[node])
                    let after =
                      next[
                        Int(states[level - 1]) * classCount + Int(byteClass[Int(byte[node])])]
                    if after < 0 { return }
                    if after == Self.dead {
                      node = Int(trie.end[node])
                      continue
                    }
                    states[level] = after
                    var place = Int(firstToken[node])
                    let end = Int(firstToken[node + 1])
                    while place < end {
                      let token = Int(trie.tokens[place])
                      words[token >> 6] |= 1 << UInt64(token & 63)
                      place += 1
                    }
                    node += 1
                  }
                }
              }
            }
          }
        }
      }
    }
    return node
  }

  /// Marks count only where the grammar spells every byte of them.
  private mutating func walkMarks(
    _ trie: ByteTrie, from state: Int32, into mask: inout TokenMask
  ) {
    var states = [Int32](repeating: Self.dead, count: trie.longest + 1)
    states[0] = state
    var node = 0
    while node < trie.count {
      if isOutOfFuel, !mask.isEmpty { return }
      let level = Int(trie.depth[node])
      states[level] = spell(states[level - 1], byte: trie.byte[node])
      if states[level] == Self.dead {
        node = Int(trie.end[node])
        continue
      }
      for place in Int(trie.firstToken[node])..<Int(trie.firstToken[node + 1]) {
        mask.insert(trie.tokens[place])
      }
      node += 1
    }
  }
}
