import Crypto
import FathomCore
import FathomInference
import FathomText
import Synchronization

/// Writes an answer as Anthropic's `/v1/messages` does, whole and as events.
///
/// `message_start`, then for each block `content_block_start`, `content_block_delta`…, `content_block_stop`, then
/// `message_delta` and `message_stop`. Source: platform.claude.com/docs, "Streaming messages".
final class MessageFrames: Sendable {
  private let id = Service.id("msg_")
  private let promptTokens: Int
  private let service: Service
  private let progress: Mutex<Progress>

  private struct Progress {
    var answer = CollectedAnswer()
    var hasBegun = false
  }

  init(promptTokens: Int, service: Service) {
    self.promptTokens = promptTokens
    self.service = service
    progress = Mutex(Progress())
  }

  // MARK: Whole

  func body(_ answer: CollectedAnswer) -> JSON {
    message(
      content: answer.parts.map { whole($0) }, reason: .string(Self.word(answer)),
      stopString: answer.stopString, usage: Self.usage(answer))
  }

  private func message(content: [JSON], reason: JSON, stopString: String?, usage: JSON) -> JSON {
    .of([
      "id": .string(id), "type": .string("message"), "role": .string("assistant"),
      "model": .string(service.options.modelName), "content": .array(content),
      "stop_reason": reason, "stop_sequence": stopString.map { .string($0) } ?? .null,
      "usage": usage,
    ])
  }

  private func whole(_ part: AnswerPart) -> JSON {
    switch part.kind {
    case .reasoning:
      .of([
        "type": .string("thinking"), "thinking": .string(part.text),
        "signature": .string(signature(part.text)),
      ])
    case .content: .of(["type": .string("text"), "text": .string(part.text)])
    case .call(let name):
      // Of arguments that were cut off, what is whole.
      Self.call(name, input: JSON.parse(beginning: part.text) ?? .of([:]))
    }
  }

  private static func call(_ name: String, input: JSON) -> JSON {
    .of([
      "type": .string("tool_use"), "id": .string(Service.id("toolu_")), "name": .string(name),
      "input": input,
    ])
  }

  /// Clients want one and send it back; this one says which text of which model it was made for.
  private func signature(_ text: String) -> String {
    let digest = SHA256.hash(data: Array((service.language.model.fingerprint + text).utf8))
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func word(_ answer: CollectedAnswer) -> String {
    switch answer.reason {
    case .length, .contextLength: "max_tokens"
    case _ where answer.stopString != nil: "stop_sequence"
    default: answer.calls.isEmpty ? "end_turn" : "tool_use"
    }
  }

  // MARK: Events

  /// What to send for an event of the answer; nil is the end of the stream.
  func frames(_ event: EngineEvent?) -> [Frame] {
    guard let event else { return [] }
    return progress.withLock { frames(event, &$0) }
  }

  private func frames(_ event: EngineEvent, _ progress: inout Progress) -> [Frame] {
    var frames: [Frame] = []
    if !progress.hasBegun {
      progress.hasBegun = true
      frames.append(begin(event))
    }
    var count = progress.answer.parts.count
    // A failure is told below.
    try? progress.answer.add(event) { piece, begins, ended in
      if begins {
        frames += end(ended, count - 1)
        frames.append(begin(piece, count))
        count += 1
      }
      if !piece.text.isEmpty { frames.append(Self.delta(count - 1, Self.delta(of: piece))) }
    }
    switch event {
    case .accepted, .started, .progress, .promptScores, .piece, .trace: break
    case .waiting: frames.append(Self.frame("ping"))
    case .finished:
      service.metrics.note(progress.answer)
      frames += end(progress.answer.parts.last, count - 1) + end(progress.answer)
    case .failed(let failure):
      frames.append(.event("error", APIError(failure).json(.anthropic, requestID: id)))
    }
    return frames
  }

  private static func frame(_ type: String, _ members: JSON = .of([:])) -> Frame {
    .event(type, .of(["type": .string(type)]).merged(members))
  }

  /// How much of the prompt was cached is not known of a request that still waits; `message_delta` corrects it.
  private func begin(_ event: EngineEvent) -> Frame {
    var answer = CollectedAnswer()
    answer.statistics.promptTokens = promptTokens
    if case .started(let cached) = event { answer.statistics.cachedTokens = cached }
    return Self.frame(
      "message_start",
      .of([
        "message": message(
          content: [], reason: .null, stopString: nil, usage: Self.usage(answer))
      ]))
  }

  private func end(_ answer: CollectedAnswer) -> [Frame] {
    let delta = JSON.of([
      "stop_reason": .string(Self.word(answer)),
      "stop_sequence": answer.stopString.map { .string($0) } ?? .null,
    ])
    return [
      Self.frame("message_delta", .of(["delta": delta, "usage": Self.usage(answer)])),
      Self.frame("message_stop"),
    ]
  }

  // MARK: Blocks

  private func begin(_ piece: AnswerPart, _ index: Int) -> Frame {
    let block: JSON =
      switch piece.kind {
      case .reasoning:
        .of(["type": .string("thinking"), "thinking": .string(""), "signature": .string("")])
      case .content: .of(["type": .string("text"), "text": .string("")])
      case .call(let name): Self.call(name, input: .of([:]))
      }
    return Self.frame(
      "content_block_start", .of(["index": .integer(index), "content_block": block]))
  }

  private static func delta(of piece: AnswerPart) -> JSON {
    switch piece.kind {
    case .reasoning: .of(["type": .string("thinking_delta"), "thinking": .string(piece.text)])
    case .content: .of(["type": .string("text_delta"), "text": .string(piece.text)])
    case .call: .of(["type": .string("input_json_delta"), "partial_json": .string(piece.text)])
    }
  }

  private static func delta(_ index: Int, _ delta: JSON) -> Frame {
    frame("content_block_delta", .of(["index": .integer(index), "delta": delta]))
  }

  private func end(_ part: AnswerPart?, _ index: Int) -> [Frame] {
    guard let part else { return [] }
    var frames: [Frame] = []
    if part.kind == .reasoning {
      let signed = JSON.of([
        "type": .string("signature_delta"), "signature": .string(signature(part.text)),
      ])
      frames.append(Self.delta(index, signed))
    }
    return frames + [Self.frame("content_block_stop", .of(["index": .integer(index)]))]
  }

  // MARK: Usage

  private static func usage(_ answer: CollectedAnswer) -> JSON {
    let statistics = answer.statistics
    return .of([
      "input_tokens": .integer(statistics.promptTokens - statistics.cachedTokens),
      "cache_read_input_tokens": .integer(statistics.cachedTokens),
      "cache_creation_input_tokens": .integer(0),
      "output_tokens": .integer(statistics.completionTokens),
      "output_tokens_details": .of(["thinking_tokens": .integer(answer.reasoningTokens)]),
    ])
  }
}
