import FathomCore
import FathomText
import HTTPTypes
import Hummingbird

extension Routes {
  /// `POST /tokenize`: `{content | prompt, add_special, parse_special, with_pieces}`
  @Sendable static func tokenize(_ call: Call) async throws -> Response {
    let fields = try Fields(call.json)
    let tokenizer = call.service.language.tokenizer
    guard let text = try fields.first("content", "prompt", read: fields.string) else {
      throw APIError.malformed("content: expected a text, found nothing", param: "content")
    }
    // vLLM's clients say `add_special_tokens`; there it is on unless switched off.
    let adds =
      try fields.first("add_special", "add_special_tokens", read: fields.bool)
      ?? fields.has("prompt")
    let parses = try fields.bool("parse_special") ?? true
    var tokens = tokenizer.encode(text, special: parses ? .recognised : .none)
    if adds, tokenizer.addsBosToken, let bos = tokenizer.bosID { tokens.insert(bos, at: 0) }
    let withPieces = try fields.bool("with_pieces") ?? false
    return .json(
      .of([
        "tokens": .array(
          tokens.map { withPieces ? piece($0, tokenizer) : .integer(Int($0)) }),
        "count": .integer(tokens.count),
        "max_model_len": .integer(call.service.engine.contextLimit),
      ]))
  }

  /// A piece is a text, or the list of its bytes where those are none.
  private static func piece(_ token: Int32, _ tokenizer: Tokenizer) -> JSON {
    let bytes = tokenizer.bytes(of: token)
    let text = String(validating: bytes, as: UTF8.self).map { JSON.string($0) }
    return .of([
      "id": .integer(Int(token)), "piece": text ?? .array(bytes.map { .integer(Int($0)) }),
    ])
  }

  /// `POST /detokenize`: `{tokens}`
  @Sendable static func detokenize(_ call: Call) async throws -> Response {
    let fields = try Fields(call.json)
    guard let list = try fields.array("tokens", atMost: 1 << 20) else {
      throw APIError.malformed("tokens: expected token ids, found nothing", param: "tokens")
    }
    let tokens =
      list.isEmpty ? [] : try CompletionParameters.tokens(list, at: "tokens", call.service)
    let bytes = tokens.flatMap { call.service.language.tokenizer.bytes(of: $0) }
    let text = String(decoding: bytes, as: UTF8.self)
    return .json(.of(["content": .string(text), "prompt": .string(text)]))
  }

  /// `POST /apply-template`: the body of a chat completion → the text the model would read.
  @Sendable static func applyTemplate(_ call: Call) async throws -> Response {
    let parameters = try ChatParameters(
      chatCompletion: try Fields(call.json), service: call.service)
    let (prompt, tokens) = try call.service.language.encode(
      parameters.request, parameters.rendering)
    return .json(
      .of([
        "prompt": .string(prompt.text), "tokens": .array(tokens.map { .integer(Int($0)) }),
      ]))
  }

  /// `GET /tokenizer_info`, for clients that tokenize here.
  @Sendable static func tokenizerInfo(_ call: Call) async throws -> Response {
    let tokenizer = call.service.language.tokenizer
    func text(_ id: Int32?) -> JSON {
      id.flatMap { tokenizer.piece(of: $0) }.map { .string($0) } ?? .null
    }
    return .json(
      .of([
        "tokenizer_class": .string("PreTrainedTokenizerFast"),
        "vocab_size": .integer(tokenizer.vocabularySize),
        "bos_token": text(tokenizer.bosID), "eos_token": text(tokenizer.eosID),
        "pad_token": text(tokenizer.padID), "add_bos_token": .bool(tokenizer.addsBosToken),
        "add_eos_token": .bool(tokenizer.addsEosToken),
        "model_max_length": .integer(call.service.engine.contextLimit),
        "chat_template": tokenizer.chatTemplate.map { .string($0) } ?? .null,
      ]))
  }
}
