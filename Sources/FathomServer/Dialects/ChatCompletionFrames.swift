import FathomCore
import FathomInference
import FathomText
import Synchronization

/// Writes answers as `/chat/completions` does, whole and in chunks.
final class ChatCompletionFrames: Sendable {
  private let id = Service.id("chatcmpl-")
  private let created: Int
  private let parameters: ChatParameters
  private let service: Service
  private let promptTokens: Int

  /// What is known of each answer while it comes.
  private struct Progress {
    var cached = 0
    var answer = CollectedAnswer()
    var hasBegun = false
  }
  private let progress: Mutex<[Progress]>

  init(_ parameters: ChatParameters, promptTokens: Int, service: Service) {
    self.parameters = parameters
    self.service = service
    self.promptTokens = promptTokens
    created = service.now
    progress = Mutex(Array(repeating: Progress(), count: parameters.count))
  }

  // MARK: Whole

  func body(_ answers: [CollectedAnswer]) -> JSON {
    .of([
      "id": .string(id), "object": .string("chat.completion"), "created": .integer(created),
      "model": .string(service.options.modelName),
      "system_fingerprint": .string(service.fingerprint),
      "choices": .array(
        answers.enumerated().map { index, answer in
          .of([
            "index": .integer(index), "message": message(answer),
            "logprobs": logprobs(answer.pieces, asked: parameters.topScores != nil),
            "finish_reason": .string(Self.word(answer)),
          ])
        }),
      "usage": Self.usage(answers),
      "timings": Self.timings(answers),
    ])
  }

  private func message(_ answer: CollectedAnswer) -> JSON {
    var message = JSONObject(["role": .string("assistant")])
    message["content"] =
      answer.content.isEmpty && !answer.calls.isEmpty ? .null : .string(answer.content)
    if !answer.reasoning.isEmpty {
      message["reasoning_content"] = .string(answer.reasoning)
      if service.options.sendsReasoningAlias { message["reasoning"] = .string(answer.reasoning) }
    }
    if !answer.calls.isEmpty {
      message["tool_calls"] = .array(
        answer.calls.map { .of(["id": .string(Service.id("call_"))]).merged(Self.call($0)) })
    }
    return .object(message)
  }

  private static func call(_ call: (name: String, arguments: String)) -> JSON {
    .of([
      "type": .string("function"),
      "function": .of(["name": .string(call.name), "arguments": .string(call.arguments)]),
    ])
  }

  // MARK: Chunks

  /// What to send for an event of answer `index`; nil is the end of all.
  func frames(_ index: Int, _ event: EngineEvent?) -> [Frame] {
    progress.withLock { frames(index, event, &$0) }
  }

  private func frames(_ index: Int, _ event: EngineEvent?, _ all: inout [Progress]) -> [Frame] {
    guard let event else {
      let usage = chunk([], usage: Self.usage(all.map(\.answer))).merged(
        .of(["timings": Self.timings(all.map(\.answer))]))
      return (parameters.includesUsage ? [.data(usage)] : []) + [.done]
    }
    var frames: [Frame] = []
    if !all[index].hasBegun {
      all[index].hasBegun = true
      frames.append(
        .data(choice(index, .of(["role": .string("assistant"), "content": .string("")]))))
    }
    // A failure is told below.
    try? all[index].answer.add(event)
    switch event {
    case .accepted, .promptScores, .trace: break
    case .started(let cached): all[index].cached = cached
    case .waiting: frames.append(.comment("keep-alive"))
    case .progress(let done):
      guard parameters.returnsProgress else { break }
      let report = JSON.of([
        "total": .integer(promptTokens), "cache": .integer(all[index].cached),
        "processed": .integer(done),
      ])
      frames.append(
        .data(choice(index, .of([:])).merged(.of(["prompt_progress": report]))))
    case .piece(let piece): frames += self.frames(index, piece)
    case .finished:
      service.metrics.note(all[index].answer)
      frames.append(.data(choice(index, .of([:]), finish: Self.word(all[index].answer))))
    case .failed(let failure):
      frames.append(.data(APIError(failure).json(.openAI, requestID: id)))
    }
    return frames
  }

  private func frames(_ index: Int, _ piece: AnswerPiece) -> [Frame] {
    var deltas = piece.events.map { delta(of: $0) }
    // Scores are told with the token they belong to, though its text may still be held back.
    if deltas.isEmpty, piece.score != nil { deltas = [.of(["content": .string("")])] }
    return deltas.enumerated().map { place, delta -> Frame in
      let scores = place == 0 && piece.score != nil ? logprobs([piece], asked: true) : nil
      return .data(choice(index, delta, logprobs: scores))
    }
  }

  private func delta(of event: ResponseEvent) -> JSON {
    switch event {
    case .reasoning(let text):
      var delta = JSONObject(["reasoning_content": .string(text)])
      if service.options.sendsReasoningAlias { delta["reasoning"] = .string(text) }
      return .object(delta)
    case .content(let text), .malformedToolCall(let text):
      return .of(["content": .string(text)])
    case .toolCall(let index, let name):
      return toolCall([
        "index": .integer(index), "id": .string(Service.id("call_")), "type": .string("function"),
        "function": .of(["name": .string(name), "arguments": .string("")]),
      ])
    case .toolArguments(let index, let text):
      return toolCall([
        "index": .integer(index), "function": .of(["arguments": .string(text)]),
      ])
    }
  }

  private func toolCall(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .of(["tool_calls": .array([.of(members)])])
  }

  private func choice(
    _ index: Int, _ delta: JSON, logprobs: JSON? = nil, finish: String? = nil
  ) -> JSON {
    chunk([
      .of([
        "index": .integer(index), "delta": delta, "logprobs": logprobs ?? .null,
        "finish_reason": finish.map { .string($0) } ?? .null,
      ])
    ])
  }

  private func chunk(_ choices: [JSON], usage: JSON? = nil) -> JSON {
    let chunk = JSON.of([
      "id": .string(id), "object": .string("chat.completion.chunk"), "created": .integer(created),
      "model": .string(service.options.modelName),
      "system_fingerprint": .string(service.fingerprint),
      "choices": .array(choices),
    ])
    return parameters.includesUsage ? chunk.merged(.of(["usage": usage ?? .null])) : chunk
  }

  // MARK: Parts

  private func logprobs(_ pieces: [AnswerPiece], asked: Bool) -> JSON {
    guard asked else { return .null }
    func entry(_ token: Int32, _ logprob: Double) -> JSON {
      let bytes = service.language.tokenizer.bytes(of: token)
      return .of([
        "token": .string(String(decoding: bytes, as: UTF8.self)), "logprob": .double(logprob),
        "bytes": .array(bytes.map { .integer(Int($0)) }),
      ])
    }
    let scores = pieces.compactMap(\.score)
    let content = scores.map { score in
      entry(score.token, score.logprob).merged(
        .of(["top_logprobs": .array(score.top.map { entry($0.token, $0.logprob) })]))
    }
    return .of(["content": .array(content), "refusal": .null])
  }

  private static func word(_ answer: CollectedAnswer) -> String {
    switch answer.reason {
    case .length, .contextLength: "length"
    default: answer.calls.isEmpty ? "stop" : "tool_calls"
    }
  }

  /// The prompt counts once, however many answers it has.
  static func usage(_ answers: [CollectedAnswer]) -> JSON {
    let prompt = answers.first?.statistics.promptTokens ?? 0
    let cached = answers.first?.statistics.cachedTokens ?? 0
    let completion = answers.reduce(0) { $0 + $1.statistics.completionTokens }
    let reasoning = answers.reduce(0) { $0 + $1.reasoningTokens }
    return .of([
      "prompt_tokens": .integer(prompt), "completion_tokens": .integer(completion),
      "total_tokens": .integer(prompt + completion),
      "prompt_cache_hit_tokens": .integer(cached),
      "prompt_cache_miss_tokens": .integer(prompt - cached),
      "prompt_tokens_details": .of(["cached_tokens": .integer(cached)]),
      "completion_tokens_details": .of(["reasoning_tokens": .integer(reasoning)]),
    ])
  }

  static func timings(_ answers: [CollectedAnswer]) -> JSON {
    let statistics = answers.first?.statistics ?? GenerationStatistics()
    return .of([
      "cache_n": .integer(statistics.cachedTokens),
      "prompt_n": .integer(statistics.promptTokens - statistics.cachedTokens),
      "prompt_ms": .double(statistics.prefillSeconds * 1000),
      "prompt_per_second": .double(statistics.prefillTokensPerSecond ?? 0),
      "predicted_n": .integer(statistics.completionTokens),
      "predicted_ms": .double(statistics.decodeSeconds * 1000),
      "predicted_per_second": .double(statistics.decodeTokensPerSecond ?? 0),
      "queue_ms": .double(statistics.queueSeconds * 1000),
      "first_token_ms": .double(statistics.timeToFirstTokenSeconds * 1000),
    ])
  }
}

extension JSON {
  /// An object with the members of another behind its own.
  func merged(_ other: JSON) -> JSON {
    guard case .object(var members) = self, case .object(let more) = other else { return self }
    for member in more.members { members[member.key] = member.value }
    return .object(members)
  }
}
