import FathomCore
import FathomText
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct FileDatasetTests {
  private func read(
    _ text: String, kind: RowKind = .chat, share: Double = 0, sequenceLength: Int = 64,
    longTexts: LongSamples = .cut
  ) throws -> FileDataset {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/data.jsonl"
      try TemporaryFolder.write(Array(text.utf8), to: path)
      return try FileDataset(
        files: [(path, kind)], encoder: DataFixture.encoder(), split: HeldOutSplit(share: share),
        sequenceLength: sequenceLength, longTexts: longTexts)
    }
  }

  private func message(_ text: String, kind: RowKind = .chat) -> String? {
    do {
      _ = try read(text, kind: kind)
      return nil
    } catch {
      let message = "\(error)"
      return message.firstRange(of: "data.jsonl").map { String(message[$0.lowerBound...]) }
        ?? message
    }
  }

  @Test func `all three kinds of rows are read`() throws {
    let data = try read(
      """
      {"text":"one two"}
      {"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"}]}\r

      {"prompt":"one","completion":"two"}
      {"prompt":[{"role":"user","content":"one"}],"completion":[{"role":"assistant","content":"two"}]}
      """)
    #expect(data.rowCount == 4 && data.training.count == 4 && data.heldOut.isEmpty)
    #expect(data.training[1] == data.training[2])
    #expect(data.training[1] == data.training[3])
    let plain = try read(#"{"prompt":"one","completion":" two"}"#, kind: .plain)
    #expect(try DataFixture.learnt(plain.training[0]) == " two<｜end▁of▁sentence｜>")
  }

  @Test func `what is wrong is told with its line`() {
    #expect(
      message("{\"text\":\"a\"}\n\n{\"text\":1}")
        == "data.jsonl, line 3, \"text\": expected a string, found 1")
    #expect(
      message("{\"text\":\"a\"}\n{\"texd\":\"b\"}")
        == "data.jsonl, line 2, row: expected \"messages\", or \"prompt\" and \"completion\", "
        + "or \"text\", found keys \"texd\"")
    #expect(
      message("{\"messages\":[{\"role\":\"robot\",\"content\":\"b\"}]}")?.hasPrefix(
        "data.jsonl, line 1, messages[0].role: expected one of") == true)
    #expect(message("{\"text\":")?.hasPrefix("data.jsonl, line 1, byte 8: expected") == true)
    #expect(message("[]")?.hasPrefix("data.jsonl, line 1, row: expected an object") == true)
    #expect(
      message("{\"prompt\":\"a\"}")
        == "data.jsonl, line 1, \"completion\": expected a string or an array of messages, "
        + "found no such key")
    #expect(message("")?.contains("expected at least one row to train on, found 0 rows") == true)
  }

  @Test func `a file that is missing is an error`() {
    #expect(throws: InputError.self) {
      try JSONLines.forEach(in: "/nowhere/data.jsonl") { _, _, _ in }
    }
  }

  @Test func `lines are found wherever the pieces of a file end`() throws {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/long.jsonl"
      let texts = (0..<9).map { String(repeating: "é\($0)", count: 100_000 * $0 + 1) }
      let file = texts.map { JSON.object(JSONObject(["text": .string($0)])).text() }
      try TemporaryFolder.write(Array(file.joined(separator: "\n").utf8), to: path)
      var found: [String?] = []
      var numbers: [Int] = []
      try JSONLines.forEach(in: path) { document, _, number in
        found.append(document["text"]?.stringValue)
        numbers.append(number)
      }
      #expect(found == texts)
      #expect(numbers == Array(1...9))
    }
  }

  @Test func `texts that are too long are cut so that every token is predicted once`() throws {
    let text = (0..<60).map { "one two \($0)" }.joined(separator: " ")
    let row = JSON.object(JSONObject(["text": .string(text)])).text()
    let data = try read(row, sequenceLength: 32)
    let whole = try DataFixture.encoder().sample(text: text)
    #expect(data.training.count > 2)
    #expect(data.training.allSatisfy { $0.length <= 32 })
    #expect(data.training.flatMap { $0.tokens.dropFirst() } == Array(whole.tokens.dropFirst()))
    #expect(
      data.training.dropFirst().map { $0.tokens[0] }
        == data.training.dropLast().map { $0.tokens.last })
    #expect(throws: InputError.self) { try read(row, sequenceLength: 32, longTexts: .dropped) }
  }

  @Test func `conversations that are too long are dropped and counted`() throws {
    let long = String(repeating: "three ", count: 60)
    let data = try read(
      """
      {"prompt":"one","completion":"two"}
      {"prompt":"one","completion":"\(long)"}
      """, sequenceLength: 32)
    #expect(data.training.count == 1 && data.droppedCount == 1)
  }

  @Test func `the split follows the rows, not their order`() throws {
    let rows = (0..<400).map { "{\"text\":\"row \($0)\"}" }
    let data = try read(rows.joined(separator: "\n"), share: 0.1)
    #expect((20...60).contains(data.heldOut.count), "\(data.heldOut.count)")
    #expect(data.heldOut.count + data.training.count == 400)
    let turned = try read((rows.reversed() + rows[..<9]).joined(separator: "\n"), share: 0.1)
    #expect(Set(turned.heldOut.map(\.tokens)) == Set(data.heldOut.map(\.tokens)))
    // Fixed, so that a run that resumes with a later version tests with the same rows.
    let split = HeldOutSplit(share: 0.1)
    #expect((0..<40).filter { split.holdsOut("row \($0)".utf8) } == Self.firstHeldOut)
  }

  private static let firstHeldOut = [37]
}
