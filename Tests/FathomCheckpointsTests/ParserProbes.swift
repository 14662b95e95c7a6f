import FathomCheckpoints
import FathomCore
import FathomModels
import FathomText

/// Feeds bytes to a parser and checks what must hold if it accepts them.
///
/// Shared by the fuzzer, which looks for bytes that crash one, and by the test that replays its
/// finds. A parser may throw `InputError` and `InputErrors`; anything else ends the process.
struct ParserProbe: Sendable {
  let name: String
  let run: @Sendable (UnsafeRawBufferPointer) throws -> Void

  static let all = files + grammars + programs

  /// Checkpoints, and what is said to models.
  private static let files = [
    ParserProbe(name: "json") { bytes in
      let document = try JSON.parse(bytes)
      let again = try? JSON.parse(document.text())
      precondition(again == document, "\(document.text()) reads as another document")
    },
    ParserProbe(name: "safetensors") { try safetensors($0) },
    ParserProbe(name: "gguf") { bytes in
      let header = try GGUFHeader(bytes)
      for tensor in header.tensors {
        precondition(
          tensor.byteRange.lowerBound >= 0 && tensor.byteRange.upperBound <= bytes.count,
          "\(tensor.name) at \(tensor.byteRange) of \(bytes.count) bytes")
      }
    },
    ParserProbe(name: "index") { bytes in
      let index = try ShardIndex.parse(bytes)
      for shard in index.shards {
        precondition(!shard.utf8.contains(UInt8(ascii: "/")), "\(shard) leads to another folder")
      }
    },
    ParserProbe(name: "config") { bytes in
      let config = try ConfigurationReader.parse(bytes, file: "config.json")
      // Each may fail for its own reason; none may keep the others from being tried.
      for read in readers { try? read(config) }
    },
    ParserProbe(name: "architecture") { bytes in
      let config = try ConfigurationReader.parse(bytes, file: "config.json")
      let blueprint = try Architectures.blueprint(config)
      precondition(blueprint.shape.plainAttentionValuesPerToken > 0, "\(blueprint.shape)")
    },
    ParserProbe(name: "tokenizer") { bytes in
      let tokenizer = try Tokenizer(json: try JSON.parse(bytes))
      let text = "Hi <s>héllo 12 的\r\n\u{0}"
      for special in [SpecialTokens.recognised, .none, .within([3..<6])] {
        _ = try tokenizer.decode(tokenizer.encode(text, special: special))
      }
    },
    ParserProbe(name: "conversation") { bytes in
      let request = try ChatRequest(try JSON.parse(bytes))
      for format in ChatFormat.all {
        guard let prompt = try? format.render(request) else { continue }
        let end = prompt.controlRanges.last?.upperBound ?? 0
        precondition(end <= prompt.text.utf8.count, "control ranges beyond the prompt")
      }
    },
    ParserProbe(name: "template") { bytes in
      _ = try ChatFormat.detect(
        chatTemplate: String(decoding: bytes, as: UTF8.self), modelType: "deepseek_v3",
        vocabularyHas: { $0.count.isMultiple(of: 2) })
    },
    ParserProbe(name: "answer") { bytes in
      // The first byte cuts the rest in two; events must be the same as in one piece.
      guard let first = bytes.first else { return }
      let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
      let cut =
        text.index(
          text.startIndex, offsetBy: Int(first), limitedBy: text.endIndex) ?? text.endIndex
      for format in [ChatFormat.deepSeekR1, .deepSeekV31, .deepSeekV32] {
        var whole = ResponseParser(reasoning: .undecided, toolCalls: format.toolCallSyntax)
        var halves = whole
        let expected = whole.feed(text) + whole.finish()
        let found =
          halves.feed(String(text[..<cut])) + halves.feed(String(text[cut...])) + halves.finish()
        precondition(summary(found) == summary(expected), "\(found) for \(expected)")
      }
    },
  ]

  /// Events with neighbouring text joined.
  private static func summary(_ events: [ResponseEvent]) -> String {
    var text = ""
    var kind = ""
    for event in events {
      let (next, piece): (String, String) =
        switch event {
        case .reasoning(let piece): ("reasoning", piece)
        case .content(let piece): ("content", piece)
        case .malformedToolCall(let piece): ("malformed", piece)
        case .toolCall(let index, let name): ("call \(index)", name)
        case .toolArguments(let index, let piece): ("arguments \(index)", piece)
        }
      if next != kind { text += "\u{1}\(next)\u{2}" }
      kind = next
      text += piece
    }
    return text
  }

  /// Runs the probe; what a parser is allowed to throw is an answer like any other.
  func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      try run(bytes)
      return true
    } catch let error as InputError {
      precondition(!error.place.isEmpty && !error.finding.isEmpty, "an error without a place")
    } catch let errors as InputErrors {
      precondition(!errors.differences.isEmpty, "no differences among the differences")
    } catch {
      preconditionFailure("\(name) throws \(error)")
    }
    return false
  }

  /// An even first byte: the rest is a file. An odd one: two bytes of data size, then header text,
  /// so that a mutation need not get the header length right.
  private static func safetensors(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count >= 3 else { return }
    var file = Array(bytes.dropFirst(1))
    var fileSize = file.count
    if !bytes[0].isMultiple(of: 2) {
      let header = bytes.dropFirst(3)
      file = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header
      fileSize = file.count + Int(bytes[1]) + Int(bytes[2]) << 8
    }
    let header = try file.withUnsafeBytes { try SafetensorsHeader.parse($0, fileSize: fileSize) }
    var covered = header.dataStart
    for entry in header.entries {
      precondition(entry.byteRange.lowerBound == covered, "\(entry) leaves a hole or overlaps")
      covered = entry.byteRange.upperBound
    }
    precondition(covered == fileSize, "\(fileSize - covered) bytes at the end are not covered")
  }

  private static let readers: [@Sendable (ConfigurationReader) throws -> Void] = [
    { _ = try RopeConfiguration($0) },
    { _ = try Quantization($0)?.scaleShape(rows: .max, columns: 1) },
    { _ = try GenerationConfiguration($0, config: $0) },
    { _ = try $0.modelType() },
    { _ = try $0.architectures() },
    { _ = try $0.int("hidden_size", in: 1...1_000_000) },
    { _ = try $0.double("rms_norm_eps", in: 0...1) },
    { _ = try $0.bool("norm_topk_prob", default: false) },
    { _ = try $0.optionalInts("weight_block_size", in: 1...4) },
  ]
}
