import FathomCore
import FathomInference
import Synchronization

/// Writes an answer as OpenAI's `/v1/responses` does, whole and as numbered events.
///
/// `response.created`, `response.in_progress`, then for each item `output_item.added`, its parts and deltas and
/// `output_item.done`, and at the end the whole response once more. Source: developers.openai.com/api, "Streaming events".
final class ResponseFrames: Sendable {
  private let head: ResponseHead
  private let service: Service
  private let progress = Mutex(Progress())

  private struct Progress {
    var answer = CollectedAnswer()
    var items: [ResponseItem] = []
    var sequence = 0
    var hasBegun = false

    mutating func frame(_ event: ResponseItem.Event) -> Frame {
      defer { sequence += 1 }
      return .event(
        event.type,
        JSON.of(["type": .string(event.type), "sequence_number": .integer(sequence)])
          .merged(event.members))
    }
  }

  init(_ head: ResponseHead, service: Service) {
    self.head = head
    self.service = service
  }

  // MARK: Whole

  func body(_ answer: CollectedAnswer) -> JSON {
    let items = answer.parts.enumerated().map {
      ResponseItem($1, index: $0, summarizes: head.summarizes)
    }
    return whole(answer, items)
  }

  private func whole(_ answer: CollectedAnswer, _ items: [ResponseItem]) -> JSON {
    let status = Self.status(answer)
    let output = items.map { $0.json($0.index == items.count - 1 ? status : "completed") }
    let incomplete = JSON.of(["reason": .string("max_output_tokens")])
    return head.response(
      status, output: output, incomplete: status == "incomplete" ? incomplete : .null,
      usage: Self.usage(answer))
  }

  private static func status(_ answer: CollectedAnswer) -> String {
    switch answer.reason {
    case .length, .contextLength: "incomplete"
    default: "completed"
    }
  }

  private static func usage(_ answer: CollectedAnswer) -> JSON {
    let statistics = answer.statistics
    return .of([
      "input_tokens": .integer(statistics.promptTokens),
      "input_tokens_details": .of([
        "cached_tokens": .integer(statistics.cachedTokens), "cache_write_tokens": .integer(0),
      ]),
      "output_tokens": .integer(statistics.completionTokens),
      "output_tokens_details": .of(["reasoning_tokens": .integer(answer.reasoningTokens)]),
      "total_tokens": .integer(statistics.promptTokens + statistics.completionTokens),
    ])
  }

  // MARK: Events

  /// What to send for an event of the answer; nil is the end of the stream.
  func frames(_ event: EngineEvent?) -> [Frame] {
    guard let event else { return [] }
    return progress.withLock { frames(event, &$0) }
  }

  private func frames(_ event: EngineEvent, _ progress: inout Progress) -> [Frame] {
    var events: [ResponseItem.Event] = []
    if !progress.hasBegun {
      progress.hasBegun = true
      let response = JSON.of(["response": head.response("in_progress", output: [])])
      events += [("response.created", response), ("response.in_progress", response)]
    }
    var items: [ResponseItem] = []
    swap(&items, &progress.items)
    // A failure is told below.
    try? progress.answer.add(event) { piece, begins, _ in
      if begins {
        events += items.last?.end("completed") ?? []
        let item = ResponseItem(piece, index: items.count, summarizes: head.summarizes)
        events += item.begin()
        items.append(item)
      } else {
        items[items.count - 1].add(piece.text)
      }
      if !piece.text.isEmpty { events += items.last.map { [$0.delta(piece.text)] } ?? [] }
    }
    defer { progress.items = items }
    switch event {
    case .accepted, .started, .progress, .promptScores, .piece, .trace: break
    case .waiting: return events.map { progress.frame($0) } + [.comment("keep-alive")]
    case .finished:
      service.metrics.note(progress.answer)
      let status = Self.status(progress.answer)
      events += items.last?.end(status) ?? []
      events.append(
        ("response.\(status)", .of(["response": whole(progress.answer, items)])))
    case .failed(let failure):
      let error = JSON.of([
        "code": .string("server_error"), "message": .string(failure.description),
      ])
      let response = head.response(
        "failed", output: items.map { $0.json("incomplete") }, error: error)
      events.append(("response.failed", .of(["response": response])))
    }
    return events.map { progress.frame($0) }
  }
}
