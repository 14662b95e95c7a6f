import FathomCore
import FathomInference
import FathomText
import Synchronization

/// Writes answers as `/completions` does, whole and in chunks.
final class CompletionFrames: Sendable {
  private let id = Service.id("cmpl-")
  private let created: Int
  private let parameters: CompletionParameters
  private let service: Service

  /// What is known of each answer while it comes.
  private struct Progress {
    var answer = CollectedAnswer()
    /// Where in the text the next token begins.
    var offset = 0
  }
  private let progress: Mutex<[Progress]>

  init(_ parameters: CompletionParameters, service: Service) {
    self.parameters = parameters
    self.service = service
    created = service.now
    progress = Mutex(
      Array(repeating: Progress(), count: parameters.prompts.count * parameters.count))
  }

  func body(_ answers: [CollectedAnswer]) -> JSON {
    let choices = answers.enumerated().map { index, answer in
      let prompt = index / parameters.count
      let isEcho = parameters.echoes
      // Where only the prompt was wanted, the one token that was picked for its scores is none of the answer.
      let pieces = parameters.options.maxTokens == 0 ? [] : answer.pieces
      let text = parameters.options.maxTokens == 0 ? "" : answer.content
      var offset = 0
      return choice(
        index, text: (isEcho ? echo(prompt) : "") + text,
        logprobs: logprobs(isEcho ? prompt : nil, answer.promptScores, pieces, from: &offset),
        finish: Self.word(answer))
    }
    return chunk(choices).merged(.of(["usage": Self.usage(answers, parameters)]))
  }

  /// What to send for an event of answer `index`; nil is the end of all.
  func frames(_ index: Int, _ event: EngineEvent?) -> [Frame] {
    progress.withLock { all in
      guard let event else {
        let usage = chunk([]).merged(
          .of(["usage": Self.usage(all.map(\.answer), parameters)]))
        return (parameters.includesUsage ? [.data(usage)] : []) + [.done]
      }
      try? all[index].answer.add(event)
      switch event {
      case .accepted, .started, .progress, .trace: return []
      case .waiting: return [.comment("keep-alive")]
      case .promptScores(let scores):
        let prompt = index / parameters.count
        return [
          .data(
            chunk([
              choice(
                index, text: echo(prompt),
                logprobs: logprobs(prompt, scores, [], from: &all[index].offset),
                finish: nil)
            ]))
        ]
      case .piece(let piece):
        guard parameters.options.maxTokens != 0 else { return [] }
        let text = piece.events.reduce("") { $0 + $1.plainText }
        guard !text.isEmpty || piece.score != nil else { return [] }
        return [
          .data(
            chunk([
              choice(
                index, text: text,
                logprobs: logprobs(nil, [], [piece], from: &all[index].offset),
                finish: nil)
            ]))
        ]
      case .finished:
        service.metrics.note(all[index].answer)
        return [
          .data(
            chunk([
              choice(index, text: "", logprobs: nil, finish: Self.word(all[index].answer))
            ]))
        ]
      case .failed(let failure):
        return [.data(APIError(failure).json(.openAI, requestID: id))]
      }
    }
  }

  private func echo(_ prompt: Int) -> String {
    let prompt = parameters.prompts[prompt]
    return prompt.text
      ?? String(
        decoding: prompt.tokens.flatMap { service.language.tokenizer.bytes(of: $0) },
        as: UTF8.self)
  }

  private func choice(_ index: Int, text: String, logprobs: JSON?, finish: String?) -> JSON {
    .of([
      "index": .integer(index), "text": .string(text), "logprobs": logprobs ?? .null,
      "finish_reason": finish.map { .string($0) } ?? .null,
    ])
  }

  private func chunk(_ choices: [JSON]) -> JSON {
    .of([
      "id": .string(id), "object": .string("text_completion"), "created": .integer(created),
      "model": .string(service.options.modelName),
      "system_fingerprint": .string(service.fingerprint),
      "choices": .array(choices),
    ])
  }

  /// The four lists of OpenAI's completions: a token's own probability and the largest come from the same number, so
  /// that clients can compare them.
  private func logprobs(
    _ prompt: Int?, _ promptScores: [TokenScore?], _ pieces: [AnswerPiece], from offset: inout Int
  ) -> JSON? {
    guard parameters.topScores != nil else { return nil }
    var tokens: [Int32] = []
    var scores: [TokenScore?] = []
    // Control tokens are in the text only where the prompt was given as ids.
    var shown = 0
    if let prompt = prompt.map({ parameters.prompts[$0] }) {
      tokens = Array(prompt.tokens[prompt.echoed])
      scores = Array(promptScores.dropFirst(prompt.echoed.lowerBound).prefix(tokens.count))
      shown = prompt.text == nil ? tokens.count : 0
    }
    for piece in pieces {
      guard let token = piece.token else { continue }
      tokens.append(token)
      scores.append(piece.score)
    }
    var offsets: [JSON] = []
    for (place, token) in tokens.enumerated() {
      offsets.append(.integer(offset))
      guard place < shown || !service.language.tokenizer.isSpecial(token) else { continue }
      // A code point counts where it begins.
      offset += service.language.tokenizer.bytes(of: token).count { $0 & 0xC0 != 0x80 }
    }
    return .of([
      "tokens": .array(tokens.map { .string(text($0)) }),
      "token_logprobs": .array(scores.map { $0.map { .double($0.logprob) } ?? .null }),
      "top_logprobs": .array(
        scores.map { score in
          guard let score else { return .null }
          var top = JSONObject()
          for candidate in score.top { top[text(candidate.token)] = .double(candidate.logprob) }
          top[text(score.token)] = .double(score.logprob)
          return .object(top)
        }),
      "text_offset": .array(offsets),
    ])
  }

  private func text(_ token: Int32) -> String {
    let bytes = service.language.tokenizer.bytes(of: token)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    // As OpenAI's API shows what is no text by itself.
    return "bytes:" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func word(_ answer: CollectedAnswer) -> String {
    answer.reason == .length || answer.reason == .contextLength ? "length" : "stop"
  }

  private static func usage(_ answers: [CollectedAnswer], _ parameters: CompletionParameters)
    -> JSON
  {
    // Prompts count once each.
    let firsts = stride(from: 0, to: answers.count, by: parameters.count).map {
      answers[$0].statistics
    }
    let prompt = firsts.reduce(0) { $0 + $1.promptTokens }
    let cached = firsts.reduce(0) { $0 + $1.cachedTokens }
    let completion =
      parameters.options.maxTokens == 0
      ? 0 : answers.reduce(0) { $0 + $1.statistics.completionTokens }
    return .of([
      "prompt_tokens": .integer(prompt), "completion_tokens": .integer(completion),
      "total_tokens": .integer(prompt + completion),
      "prompt_cache_hit_tokens": .integer(cached),
      "prompt_cache_miss_tokens": .integer(prompt - cached),
      "prompt_tokens_details": .of(["cached_tokens": .integer(cached)]),
    ])
  }
}

extension ResponseEvent {
  /// Text of whatever kind.
  var plainText: String {
    switch self {
    case .reasoning(let text), .content(let text), .malformedToolCall(let text): text
    case .toolCall, .toolArguments: ""
    }
  }
}
