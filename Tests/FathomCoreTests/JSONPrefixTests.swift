import FathomCore
import GoldenSupport
import Testing

@Suite struct JSONPrefixTests {
  private static let documents = [
    "{}", "[]", "null", "true", "false", "0", "-0.5e+10", "12", #""é\ud83d\ude00\u00e9\n\"""#,
    #" { "a" : [ 1 , -2.50 , { } ] , "b\u0041" : { "c" : "𝄞" , "d" : [ [ ] , null ] } } "#,
  ]

  private func taken(_ text: some Sequence<UInt8>) -> JSONPrefix? {
    var prefix = JSONPrefix()
    return text.allSatisfy { prefix.take($0) } ? prefix : nil
  }

  @Test(arguments: documents)
  func `every beginning of a document is taken, and its end is known`(text: String) throws {
    let bytes = Array(text.utf8)
    for count in 0...bytes.count {
      let prefix = try #require(taken(bytes.prefix(count)), "\(count) bytes of \(text)")
      let isDocument = (try? JSON.parse(bytes.prefix(count))) != nil
      #expect(prefix.isComplete == isDocument, "\(count) bytes of \(text)")
    }
  }

  /// Bytes changed at random: a prefix is complete exactly where the parser reads a document.
  @Test func `what is taken is what the parser reads`() throws {
    let alphabet = Array(#"{}[]",: \ue0123-.Etrufalsn/d8c"#.utf8)
    var complete = 0
    for seed in 0..<20_000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let document = Self.documents[Int.random(in: 0..<Self.documents.count, using: &generator)]
      var bytes = Array(document.utf8)
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        guard !bytes.isEmpty else { break }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        switch Int.random(in: 0...2, using: &generator) {
        case 0 where bytes[place] < 0x80: bytes[place] = byte
        case 1 where bytes[place] < 0x80: bytes.remove(at: place)
        default: if bytes[place] & 0xC0 != 0x80 { bytes.insert(byte, at: place) }
        }
      }
      var limits = JSONLimits()
      limits.takesLastOfEqualKeys = true
      let isDocument: Bool
      do {
        _ = try JSON.parse(bytes, limits: limits)
        isDocument = true
      } catch let error as InputError {
        // What a double can't hold does not show on the way.
        isDocument = error.expectation == "a number a double can hold"
      }
      let isComplete = taken(bytes)?.isComplete ?? false
      #expect(isComplete == isDocument, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      if isComplete { complete += 1 }
    }
    #expect(complete > 1000 && complete < 19_000)
  }

  @Test(arguments: [
    #"{"a": 01"#, #"{"a": "\ud800x"#, #"["\udc"#, #"["\ud800\u0"#, "[1 2", "{,", "[,", #"{"a","#,
    "tru3", "+", "1.e", "--", "{}x", #"{"a" 1"#, "\"\n", "]",
  ])
  func `what is the beginning of nothing is refused at its last byte`(text: String) {
    let bytes = Array(text.utf8)
    #expect(taken(bytes).map(\.count) == nil)
    #expect(taken(bytes.dropLast()).map(\.count) == bytes.count - 1)
  }

  @Test func `nesting ends where the parser's does`() throws {
    let levels = String(repeating: "[", count: 129)
    #expect(taken(levels.utf8).map(\.count) == 129)
    #expect(taken((levels + "[").utf8).map(\.count) == nil)
    #expect(throws: Never.self) { try JSON.parse(levels + String(repeating: "]", count: 129)) }
  }

  @Test(
    arguments: [
      (#"{"a": 1, "b": [1, 2], "c": "cut"#, #"{"a":1,"b":[1,2]}"#),
      (#"{"a": 1, "b": [1, 2"#, #"{"a":1,"b":[1]}"#), (#"{"a": 12"#, "{}"),
      (#"{"a": {"b": tr"#, #"{"a":{}}"#), (#"{"a": 1, "a": 2}"#, #"{"a":2}"#), ("{", "{}"),
      (#"{"a": "x"} and more"#, #"{"a":"x"}"#),
    ])
  func `of a beginning, what is whole is read`(text: String, whole: String) {
    #expect(JSON.parse(beginning: text)?.text() == whole)
  }

  @Test(arguments: ["", " ", "\"cut", "tr", "x"])
  func `of what has no whole value nothing is read`(text: String) {
    #expect(JSON.parse(beginning: text) == nil)
  }
}
