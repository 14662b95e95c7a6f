import FathomCore
import FathomText
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct TokenizerTrainerTests {
  private static let golden = Result { try Golden.json("bpe/expected.json") }

  private static func trained() throws -> TrainedTokenizer {
    let golden = try golden.get()
    var trainer = try TokenizerTrainer(
      vocabularySize: try #require(golden["vocabulary_size"]?.intValue),
      minimumCount: try #require(golden["minimum_count"]?.intValue))
    for text in golden["texts"]?.arrayValue ?? [] {
      trainer.add(try #require(text.stringValue))
    }
    return try trainer.train()
  }

  @Test func `merges and ids are those of the tokenizers library`() throws {
    let golden = try Self.golden.get()
    let json = try Self.trained().json
    let merges = try #require(json["model"]?["merges"]?.arrayValue)
    let expected = try #require(golden["merges"]?.arrayValue)
    #expect(merges.count == expected.count)
    for (index, (found, expected)) in zip(merges, expected).enumerated() where found != expected {
      Issue.record("merge \(index): \(found.text()), expected \(expected.text())")
      break
    }
    let words = try #require(json["model"]?["vocab"]?.objectValue)
    let tokens = try #require(golden["tokens"]?.arrayValue)
    #expect(words.members.map { .string($0.key) } == tokens)
    #expect(words.members.map(\.value.intValue) == Array(0..<tokens.count))
  }

  @Test func `texts are encoded as the tokenizers library encodes them`() throws {
    let tokenizer = try Self.trained().tokenizer
    for item in try Self.golden.get()["encode"]?.arrayValue ?? [] {
      let text = try #require(item["text"]?.stringValue)
      let ids = item["ids"]?.arrayValue?.compactMap { $0.intValue.map(Int32.init) }
      #expect(tokenizer.encode(text) == ids, "\(text)")
      #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
    }
  }

  @Test func `the files that are written make the same tokenizer`() throws {
    let trained = try Self.trained()
    try TemporaryFolder.with { folder in
      try trained.write(to: folder)
      let read = try Tokenizer(folder: folder)
      #expect(read.vocabularySize == trained.tokenizer.vocabularySize)
      #expect(read.bosID == 0 && read.eosID == 1 && read.padID == 2)
      #expect(read.addsBosToken && !read.addsEosToken)
      for text in ["Ana has 47 apples.", "<｜User｜>Hi<｜Assistant｜><think>\n", "今天 12"] {
        #expect(read.encode(text) == trained.tokenizer.encode(text))
      }
    }
  }

  @Test func `its template is recognised as R1's`() throws {
    let tokenizer = try Self.trained().tokenizer
    let format = try ChatFormat.detect(
      chatTemplate: tokenizer.chatTemplate, modelType: "deepseek_v3",
      vocabularyHas: { tokenizer.id(of: $0) != nil })
    #expect(format.name == "deepseek-r1")
  }

  /// The expected text is what transformers 5.24 renders with the template that the trainer writes.
  @Test func `its template renders as our format does`() throws {
    let rendered = try ChatFormat.deepSeekR1.render(
      ChatRequest(messages: [
        .system("Be brief."), .system("Count."), .user("1+1?"),
        .assistant("<think>\nx\n</think>\n\n2"), .user("2+2?"),
      ]))
    #expect(
      rendered.text
        == "<｜begin▁of▁sentence｜>Be brief.\n\nCount.<｜User｜>1+1?<｜Assistant｜>\n\n2"
        + "<｜end▁of▁sentence｜><｜User｜>2+2?<｜Assistant｜><think>\n")
  }

  @Test func `only the ends of a sentence and the padding are special`() throws {
    let tokenizer = try Self.trained().tokenizer
    #expect(tokenizer.addedTokens.filter(\.isSpecial).map(\.id) == [0, 1, 2])
    let ids = tokenizer.encode("<think>\n1\n</think>\n\n2<｜end▁of▁sentence｜>")
    #expect(try tokenizer.decode(ids, skipSpecial: true) == "<think>\n1\n</think>\n\n2")
  }

  @Test func `a digit is a token, however often numbers are seen`() throws {
    var trainer = try TokenizerTrainer(vocabularySize: 400)
    for _ in 0..<50 { trainer.add("in 2024 the 2024 of 2024, x2024y") }
    let tokenizer = try trainer.train().tokenizer
    #expect(tokenizer.encode("2024").count == 4)
    // The space before a number goes with its first digit.
    #expect(tokenizer.encode(" 2024").count == 4)
    #expect(tokenizer.encode("x2024y").count == 6)
  }

  @Test func `JSON punctuation stays alone if that is asked for`() throws {
    let text = #"{"name":"Ana","name":"Ana"},{"name":["Ana"]}"#
    for isolates in [false, true] {
      var design = TokenizerDesign.deepSeek
      design.isolatesJSONPunctuation = isolates
      var trainer = try TokenizerTrainer(vocabularySize: 400, design: design)
      for _ in 0..<20 { trainer.add(text) }
      let tokenizer = try trainer.train().tokenizer
      let pieces = tokenizer.encode(text).compactMap { tokenizer.piece(of: $0) }
      let marks: Set<Character> = ["{", "}", "[", "]", "\"", ":", ","]
      let mixed = pieces.filter { $0.count > 1 && $0.contains { marks.contains($0) } }
      #expect(mixed.isEmpty == isolates, "\(mixed)")
      #expect(pieces.joined() == text)
    }
  }

  @Test func `the order of the texts makes no difference`() throws {
    var first = try TokenizerTrainer(vocabularySize: 330)
    var second = try TokenizerTrainer(vocabularySize: 330)
    let texts = ["the theme there", "other mother smother", "a b ab ba abba", "中文文本"]
    for text in texts { first.add(text) }
    for text in texts.reversed() { second.add(text) }
    #expect(first.wordCount == second.wordCount && first.byteCount == second.byteCount)
    #expect(try first.train().json == second.train().json)
  }

  @Test func `control tokens in a text are not learnt from`() throws {
    var trainer = try TokenizerTrainer(vocabularySize: 300)
    for _ in 0..<9 { trainer.add("<｜User｜>xy<｜Assistant｜><think>") }
    #expect(trainer.wordCount == 1)
    #expect(trainer.byteCount == 18)
    let tokenizer = try trainer.train().tokenizer
    #expect(tokenizer.vocabularySize == 16 + 256 + 1)
    #expect(tokenizer.encode("xy") == [272])
  }

  /// `ab` + `c` and `a` + `bc` are one token: it has one id and two merges, and the files have to load.
  @Test func `two pairs that spell the same token share its id`() throws {
    var trainer = try TokenizerTrainer(vocabularySize: 400)
    for word in ["abc abc abc abc", "xbc xbc xbc xbc xbc", "zab zab zab", "qabc"] {
      trainer.add(word)
    }
    let trained = try trainer.train()
    let words = try #require(trained.json["model"]?["vocab"]?.objectValue)
    #expect(Set(words.members.map(\.key)).count == words.count)
    #expect(try trained.tokenizer.decode(trained.tokenizer.encode("abc xbc")) == "abc xbc")
  }

  @Test func `a merge never spells a control token`() {
    var words = WordCounts()
    for _ in 0..<9 { words.add(Array("abc".utf8)[...]) }
    var merger = PairMerger(words: words, firstID: 1, reserved: ["abc"])
    merger.grow(to: 300, minimumCount: 2)
    #expect(merger.tokens[256...] == [Array("ab".utf8)])
  }

  @Test func `a vocabulary with no room for the bytes is an error`() {
    #expect {
      try TokenizerTrainer(vocabularySize: 271)
    } throws: { error in
      "\(error)"
        == "vocabulary size: expected at least 272: 16 control tokens and 256 bytes, found 271"
    }
  }

  /// Plain recounting is the definition; the trainer's counts are kept up to date instead.
  @Test(arguments: 1...12) func `counts kept up to date equal counts made anew`(seed: UInt64) throws
  {
    var random = SeededGenerator(seed: seed)
    var words = WordCounts()
    var plain: [(symbols: [[UInt8]], count: Int)] = []
    for _ in 0..<40 {
      let word = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        UInt8(ascii: "a") + UInt8.random(in: 0...2, using: &random)
      }
      let count = Int.random(in: 1...4, using: &random)
      for _ in 0..<count { words.add(word[...]) }
      plain.append((word.map { [$0] }, count))
    }
    var merger = PairMerger(words: words, firstID: 0, reserved: [])
    merger.grow(to: 256 + 25, minimumCount: 2)
    let expected = Self.mergesByRecounting(plain, tokenCount: 25)
    #expect(
      merger.merges.map { [$0.left, $0.right] } == expected, "seed \(seed)")
  }

  private static func mergesByRecounting(
    _ words: [(symbols: [[UInt8]], count: Int)], tokenCount: Int
  ) -> [[[UInt8]]] {
    var words = words
    var ids = Dictionary(
      uniqueKeysWithValues: PairMerger.bytesInOrder.enumerated().map { ([$1], $0) })
    var merges: [[[UInt8]]] = []
    while ids.count < 256 + tokenCount {
      var counts: [[[UInt8]]: Int] = [:]
      for (symbols, count) in words {
        for (left, right) in zip(symbols, symbols.dropFirst()) {
          counts[[left, right], default: 0] += count
        }
      }
      let best = counts.filter { $0.value >= 2 }.min { a, b in
        func id(_ pair: [[UInt8]]) -> [Int] { pair.map { ids[$0] ?? -1 } }
        return a.value != b.value
          ? a.value > b.value : id(a.key).lexicographicallyPrecedes(id(b.key))
      }?.key
      guard let best else { break }
      let joined = best[0] + best[1]
      if ids[joined] == nil { ids[joined] = ids.count }
      if !merges.contains(best) { merges.append(best) }
      for index in words.indices {
        var symbols = words[index].symbols
        var place = 0
        while place + 1 < symbols.count {
          if [symbols[place], symbols[place + 1]] == best {
            symbols.replaceSubrange(place...place + 1, with: [joined])
          }
          place += 1
        }
        words[index].symbols = symbols
      }
    }
    return merges
  }
}
