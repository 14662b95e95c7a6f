import FathomCore
import FathomText
import Foundation
import Testing

@testable import FathomConstraints

/// Vocabularies to try grammars on.
enum Vocabularies {
  private static let packageRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// 512 tokens: all bytes, short words, DeepSeek's marks.
  static let tiny = cache(folder: "Tests/Golden/checkpoints/deepseek_v3_plain", stop: 1)
  /// The built-in model's.
  static let builtIn = cache(folder: "Sources/FathomInference/BuiltIn/model", stop: 1)
  /// DeepSeek V3's 128,000; third-party files that are not committed.
  static let v3: ConstraintCache? = {
    let reference =
      ProcessInfo.processInfo.environment["FATHOM_REFERENCE"]
      ?? packageRoot.appending(path: "../shared/reference").path()
    let folder = "\(reference)/thirdparty/deepseek-v3-tokenizer"
    guard FileBytes.exists("\(folder)/tokenizer.json"),
      let tokenizer = try? Tokenizer(folder: folder)
    else { return nil }
    return ConstraintCache(TokenTrie(tokenizer), stopTokens: [1])
  }()
  /// Letters, digits and brackets only: no vocabulary of a model, but one that cannot write it all.
  static let poor: ConstraintCache = {
    let bytes = Array(" \"[]{}:,.-+0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    return ConstraintCache(
      TokenTrie(
        bytes.enumerated().map { ([$1], Int32($0)) }, marks: [], vocabularySize: bytes.count),
      stopTokens: [])
  }()

  static let all = [tiny, builtIn, v3].compactMap { $0 }

  private static func cache(folder: String, stop: Int32) -> ConstraintCache? {
    guard let tokenizer = try? Tokenizer(folder: packageRoot.appending(path: folder).path()) else {
      return nil
    }
    return ConstraintCache(TokenTrie(tokenizer), stopTokens: [stop])
  }
}

extension Grammar {
  /// Whether the grammar allows this whole text, byte by byte.
  func allows(_ text: String) -> Bool { allows(Array(text.utf8)) }

  func allows(_ bytes: [UInt8]) -> Bool {
    var machine = Machine(program)
    var state = machine.start
    for byte in bytes {
      state = machine.step(state, byte: byte)
      if state == Machine.dead { return false }
    }
    return machine.isComplete[Int(state)]
  }
}

func schema(_ text: String, strict: Bool = false) throws -> Grammar {
  try Grammar.jsonSchema(JSON.parse(text), strict: strict)
}

/// What a call that has to fail says.
func refusal(_ body: @autoclosure () throws -> Grammar) -> InputError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? InputError
  }
}

extension Constraint {
  /// Whether the next token may be this one.
  func takes(_ token: Int32) -> Bool {
    var copy = self
    return copy.accept(token)
  }
}
