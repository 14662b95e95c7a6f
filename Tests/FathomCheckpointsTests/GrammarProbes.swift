import FathomConstraints
import FathomCore
import FathomText

extension ParserProbe {
  /// What answers have to look like, in three notations.
  static let grammars = [
    ParserProbe(name: "schema") { bytes in
      let schema = try JSON.parse(bytes)
      try walk(try Grammar.jsonSchema(schema, strict: false))
      if let strict = try? Grammar.jsonSchema(schema, strict: true) { try walk(strict) }
      for member in (try? SchemaMember.all(ofSchema: schema, strict: false)) ?? [] {
        try walk(member.value)
      }
    },
    ParserProbe(name: "pattern") { try walk(try .regex(String(decoding: $0, as: UTF8.self))) },
    ParserProbe(name: "gbnf") { try walk(try .gbnf(String(decoding: $0, as: UTF8.self))) },
  ]

  /// Writes some text that a grammar allows: what may come next is accepted, and there is no dead end.
  private static func walk(_ grammar: Grammar) throws {
    let stop = try ByteVocabulary.stop.get()
    let cache = ConstraintCache(try ByteVocabulary.trie.get(), stopTokens: [stop])
    var constraint = try Constraint(grammar, cache: cache)
    for step in 0..<64 where !constraint.mustStop {
      let tokens = constraint.mask().tokens
      precondition(!tokens.isEmpty, "nothing may come after \(step) bytes")
      let token = tokens[step &* 7919 % tokens.count]
      if token == stop {
        precondition(constraint.isComplete, "an end after \(step) bytes, before the end")
        return
      }
      precondition(constraint.accept(token), "byte \(token) is allowed and refused")
    }
  }
}

/// A tokenizer of bytes, and the token that ends texts of every format.
enum ByteVocabulary {
  static let tokenizer = Result {
    let end = ChatFormat.deepSeekV3.stopTokens[0]
    var vocabulary = JSONObject()
    for (byte, scalar) in ByteAlphabet.scalars.enumerated() {
      vocabulary[String(Character(scalar))] = .integer(byte)
    }
    let added = JSONObject([
      "id": .integer(256), "content": .string(end), "single_word": .bool(false),
      "lstrip": .bool(false), "rstrip": .bool(false), "normalized": .bool(false),
      "special": .bool(true),
    ])
    let byteLevel = JSON.object(
      JSONObject([
        "type": .string("ByteLevel"), "add_prefix_space": .bool(false),
        "trim_offsets": .bool(true), "use_regex": .bool(false),
      ]))
    let model = JSONObject([
      "type": .string("BPE"), "vocab": .object(vocabulary), "merges": .array([]),
    ])
    return try Tokenizer(
      json: .object(
        JSONObject([
          "version": .string("1.0"), "added_tokens": .array([.object(added)]),
          "normalizer": .null, "pre_tokenizer": byteLevel, "post_processor": .null,
          "decoder": byteLevel, "model": .object(model),
        ])))
  }
  static let trie = tokenizer.map { TokenTrie($0) }
  static let stop = tokenizer.map { $0.id(of: ChatFormat.deepSeekV3.stopTokens[0]) ?? -1 }
}
