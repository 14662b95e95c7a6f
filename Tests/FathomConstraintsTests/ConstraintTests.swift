import FathomCore
import FathomText
import Testing

@testable import FathomConstraints

@Suite struct ConstraintTests {
  private func token(_ bytes: [UInt8], _ cache: ConstraintCache) throws -> Int32 {
    try #require(
      (0..<Int32(cache.trie.vocabularySize)).first {
        cache.trie.bytes(of: $0) == bytes && !cache.trie.isMark($0)
      })
  }

  private func accept(
    _ text: String, _ constraint: inout Constraint, _ cache: ConstraintCache
  ) throws {
    for byte in text.utf8 {
      let token = try token([byte], cache)
      #expect(constraint.mask()[token] && constraint.takes(token), "\(text)")
      _ = constraint.accept(token)
    }
  }

  @Test func `stop tokens are allowed when the text is complete and not before`() throws {
    let cache = try #require(Vocabularies.tiny)
    var constraint = try Constraint(.regex("ab*"), cache: cache)
    #expect(!constraint.mask()[1] && !constraint.isComplete)
    #expect(!constraint.takes(1))
    try accept("a", &constraint, cache)
    #expect(constraint.mask()[1] && constraint.isComplete && !constraint.mustStop)
    var copy = constraint
    #expect(copy.takes(1))
    _ = copy.accept(1)
    #expect(copy.mustStop && copy.mask().isEmpty)
    try accept("b", &constraint, cache)
    var closed = try Constraint(.literal("a"), cache: cache)
    try accept("a", &closed, cache)
    #expect(closed.mustStop && closed.mask().tokens == [1])
  }

  @Test func `a refused token changes nothing`() throws {
    let cache = try #require(Vocabularies.tiny)
    var constraint = try Constraint(.literal("ab"), cache: cache)
    let before = constraint.mask()
    for other in [try token([UInt8(ascii: "b")], cache), -1, .max, 0] {
      let isTaken = constraint.accept(other)
      #expect(!isTaken)
    }
    #expect(constraint.mask() == before)
    try accept("ab", &constraint, cache)
    #expect(constraint.mustStop)
  }

  @Test func `a character may be cut between tokens, but never left unfinished`() throws {
    let cache = try #require(Vocabularies.tiny)
    var constraint = try Constraint(schema(#"{"type":"string"}"#), cache: cache)
    try accept("\"", &constraint, cache)
    let bytes = Array("😀".utf8)
    for byte in bytes {
      #expect(!constraint.isComplete)
      let token = try token([byte], cache)
      #expect(constraint.mask()[token])
      _ = constraint.accept(token)
      if byte != bytes.last {
        let quote = try self.token([UInt8(ascii: "\"")], cache)
        #expect(!constraint.mask()[quote])
        #expect(!constraint.takes(quote))
      }
    }
    // An overlong form, a surrogate, a byte beyond Unicode, a lone continuation.
    for bytes in [[0xC0], [0xED, 0xA0], [0xF5], [0x80], [0xE0, 0x80]] as [[UInt8]] {
      var other = constraint
      var isAllowed = true
      for byte in bytes {
        let token = try token([byte], cache)
        isAllowed = isAllowed && other.accept(token)
      }
      #expect(!isAllowed, "\(bytes)")
    }
    try accept("\"", &constraint, cache)
    #expect(constraint.mustStop)
  }

  @Test func `masks are what trying every token finds`() throws {
    let cache = try #require(Vocabularies.tiny)
    let grammar = try schema(
      #"{"type":"object","properties":{"text":{"type":"string","maxLength":9},"free":{"type":"string"},"n":{"type":"number"}},"required":["text"]}"#
    )
    var random = SplitMix(seed: 7)
    for _ in 0..<12 {
      var constraint = try Constraint(grammar, cache: cache)
      for _ in 0..<40 where !constraint.mustStop {
        let mask = constraint.mask()
        for token in 0..<Int32(cache.trie.vocabularySize) where !cache.trie.isMark(token) {
          #expect(constraint.takes(token) == mask[token], "token \(token)")
        }
        let tokens = mask.tokens.filter { $0 != 1 }
        _ = constraint.accept(tokens[Int(random.next() % UInt64(tokens.count))])
      }
    }
  }

  @Test func `marks are written where they are spelled out and nowhere else`() throws {
    let text = "<mark>"
    let mark: Int32 = 256
    let cache = ConstraintCache(
      TokenTrie(
        (0..<256).map { ([UInt8($0)], Int32($0)) }, marks: [(Array(text.utf8), mark)],
        vocabularySize: 257), stopTokens: [])
    var literal = try Constraint(.literal("a\(text)b"), cache: cache)
    try accept("a", &literal, cache)
    #expect(literal.mask()[mark] && literal.takes(mark))
    _ = literal.accept(mark)
    try accept("b", &literal, cache)
    let free = try Constraint(.regex("[\\s\\S]*"), cache: cache)
    #expect(!free.mask()[mark] && !free.takes(mark))
    var string = try Constraint(schema(#"{"type":"string"}"#), cache: cache)
    try accept("\"", &string, cache)
    #expect(!string.mask()[mark] && !string.takes(mark))
  }

  @Test func `a strict tool call is one of the tools with arguments of its schema`() throws {
    let cache = try #require(Vocabularies.builtIn)
    func call(_ name: String, _ arguments: String) throws -> Grammar {
      try .sequence([.literal("\(name)<sep>"), schema(arguments, strict: true)])
    }
    let weather = try call(
      "weather",
      #"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"#
    )
    let add = try call(
      "add",
      #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"],"additionalProperties":false}"#
    )
    let grammar = try Grammar.sequence([
      .literal("<calls>"), .choice([weather, add, weather]), .literal("</calls>"),
    ])
    #expect(grammar.allows(#"<calls>add<sep>{"a": 1, "b": 2}</calls>"#))
    #expect(grammar.allows(#"<calls>weather<sep>{"city":"Bern"}</calls>"#))
    #expect(!grammar.allows(#"<calls>add<sep>{"city":"Bern"}</calls>"#))
    #expect(!grammar.allows(#"<calls>other<sep>{}</calls>"#))
    for seed in 0..<10 as Range<UInt64> {
      let text = String(decoding: try randomText(grammar, cache, seed: seed), as: UTF8.self)
      #expect(text.hasPrefix("<calls>") && text.hasSuffix("</calls>"), "seed \(seed)")
    }
    let constraint = try Constraint(grammar, cache: cache)
    #expect(constraint.forcedBytes() == Array("<calls>".utf8))
    #expect(throws: InputError.self) { try Grammar.choice([]) }
  }

  @Test func `equal grammars share their work and answers may run side by side`() async throws {
    let trie = try #require(Vocabularies.tiny).trie
    let cache = ConstraintCache(trie, stopTokens: [1])
    let text = RandomWalkTests.schemas[0]
    #expect(try schema(text) == schema(text))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<8 as Range<UInt64> {
        group.addTask { _ = try randomText(schema(text), cache, seed: seed) }
      }
      try await group.waitForAll()
    }
    #expect(cache.grammarCount == 1)
  }

  @Test func `an answer survives that its automaton forgets everything`() throws {
    let grammar = try schema(
      #"{"type":"array","items":{"type":"array","items":{"type":"integer"}}}"#)
    var machine = Machine(grammar.program)
    var state = machine.start
    for byte in "[[1,2],[3".utf8 { state = machine.step(state, byte: byte) }
    var other = Machine(grammar.program)
    var restored = other.restore(machine.snapshot(state))
    #expect(other.items[Int(restored)].count == machine.items[Int(state)].count)
    for byte in "4],[5]]".utf8 { restored = other.step(restored, byte: byte) }
    #expect(other.isComplete[Int(restored)])
  }
}
