import AsyncAlgorithms
import FathomCore
import FathomInference
import HTTPTypes
import Hummingbird
import NIOCore

/// Brings the events of answers to a client, as one body or as a stream, and cancels them when the client is gone.
struct Replies {
  let service: Service
  let hangUp: HangUp
  let dialect: Dialect
  let requestID: String

  // MARK: One body

  /// Waits for whole answers and sends them as one body.
  ///
  /// Where they take long, the head is sent before them, and then blank lines, as DeepSeek's API does, so that nothing on the way gives the
  /// connection up. An error that comes later is told by the body alone.
  ///
  /// - Parameter body: of the answers, in order.
  func whole(
    _ answers: [EngineAnswer], body: @escaping @Sendable ([CollectedAnswer]) -> JSON
  ) async throws -> Response {
    let (waits, continuation) = AsyncStream.makeStream(of: Wait.self)
    Task {
      do {
        continuation.yield(.done(.success(try await collect(answers))))
      } catch {
        continuation.yield(.done(.failure(error)))
      }
      continuation.finish()
    }
    let interval = Duration.seconds(service.options.keepAliveSeconds)
    let clock = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: interval)
        if case .terminated = continuation.yield(.longer) { return }
      }
    }
    var longer = 0
    for await wait in waits {
      switch wait {
      case .done(let collected):
        clock.cancel()
        return .json(body(try collected.get()))
      case .longer: longer += 1
      }
      // Most answers, and most errors, come before this.
      if longer == 2 { break }
    }
    if Task.isCancelled {
      clock.cancel()
      for answer in answers { answer.cancel() }
      throw CancellationError()
    }
    return Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody { writer in
        defer {
          clock.cancel()
          for answer in answers { answer.cancel() }
        }
        for await wait in waits {
          switch wait {
          case .longer: try await writer.write(ByteBuffer(string: "\n"))
          case .done(.success(let collected)):
            try await writer.write(ByteBuffer(string: body(collected).text()))
          case .done(.failure(let error)):
            let told = APIError(error).json(dialect, requestID: requestID)
            try await writer.write(ByteBuffer(string: told.text()))
          }
        }
        try Task.checkCancellation()
        try await writer.finish(nil)
      })
  }

  private enum Wait: Sendable {
    case longer
    case done(Result<[CollectedAnswer], any Error>)
  }

  private func collect(_ answers: [EngineAnswer]) async throws -> [CollectedAnswer] {
    try await untilGone(answers) {
      do {
        // All at once: the engine gives up answers that nobody reads.
        return try await withThrowingTaskGroup(of: (Int, CollectedAnswer).self) { group in
          for (index, answer) in answers.enumerated() {
            group.addTask {
              var whole = CollectedAnswer()
              for await event in answer { try whole.add(event) }
              return (index, whole)
            }
          }
          var collected = [CollectedAnswer](repeating: CollectedAnswer(), count: answers.count)
          for try await (index, whole) in group {
            service.metrics.note(whole)
            collected[index] = whole
          }
          return collected
        }
      } catch {
        for answer in answers { answer.cancel() }
        throw error
      }
    }
  }

  // MARK: Streams

  /// Sends frames as events come. Nothing is sent before all answers have been taken.
  ///
  /// - Parameter frames: what to send for an event of answer `index`; the last call has none, behind the ends of all.
  func stream(
    _ answers: [EngineAnswer],
    frames: @escaping @Sendable (_ index: Int, _ event: EngineEvent?) -> [Frame]
  ) async throws -> Response {
    for answer in answers {
      var iterator = answer.makeAsyncIterator()
      if case .failed(let failure) = await iterator.next() {
        for answer in answers { answer.cancel() }
        throw failure
      }
    }
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
        .xAccelBuffering: "no",
      ],
      body: ResponseBody { writer in
        var output = writer
        do {
          try await untilGone(answers) {
            try await nudging(answers) {
              try await merged(answers) { index, event in
                for frame in frames(index, event) { try await output.write(frame.buffer) }
                if case .failed = event { throw StreamEnded() }
              }
              for frame in frames(0, nil) { try await output.write(frame.buffer) }
            }
          }
        } catch is StreamEnded {
          // The failure was told; the other answers are of no use.
        } catch {
          for answer in answers { answer.cancel() }
          throw error
        }
        for answer in answers { answer.cancel() }
        try await output.finish(nil)
      })
  }

  // MARK: Lines

  /// Sends lines as they come, behind the first: what fails before it is a reply of its own, what fails later is the last line.
  func lines(_ answer: InspectionAnswer<ByteBuffer>) async throws -> Response {
    let place = hangUp.whenItHappens { answer.cancel() }
    defer { hangUp.forget(place) }
    let iterator = LineIterator(answer)
    let first = try await iterator.next()
    return Response(
      status: .ok,
      headers: [
        .contentType: "application/x-ndjson", .cacheControl: "no-cache", .xAccelBuffering: "no",
      ],
      body: ResponseBody { writer in
        let place = hangUp.whenItHappens { answer.cancel() }
        defer {
          hangUp.forget(place)
          answer.cancel()
        }
        var next = first
        while let line = next {
          try await writer.write(line)
          do { next = try await iterator.next() } catch {
            next = nil
            try await writer.write(InspectionLines.line(failure: error))
          }
        }
        try await writer.finish(nil)
      })
  }

  private struct StreamEnded: Error {}

  /// Gives `body` the events of all answers as they come. None is read faster than `body` takes it: what a client does not read stays with
  /// the engine, which counts it.
  private func merged(
    _ answers: [EngineAnswer], _ body: (Int, EngineEvent) async throws -> Void
  ) async throws {
    let events = AsyncChannel<(Int, EngineEvent)>()
    let task = Task {
      await withTaskGroup(of: Void.self) { group in
        for (index, answer) in answers.enumerated() {
          group.addTask { for await event in answer { await events.send((index, event)) } }
        }
      }
      events.finish()
    }
    defer { task.cancel() }
    for await (index, event) in events { try await body(index, event) }
  }

  /// Has answers send signs of life while `body` runs.
  private func nudging(_ answers: [EngineAnswer], _ body: () async throws -> Void) async throws {
    let interval = Duration.seconds(service.options.keepAliveSeconds)
    let task = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: interval)
        for answer in answers { answer.nudge() }
      }
    }
    defer { task.cancel() }
    try await body()
  }

  /// Runs `body`; cancels the answers when the client hangs up.
  private func untilGone<Value>(
    _ answers: [EngineAnswer], _ body: () async throws -> Value
  ) async rethrows -> Value {
    let place = hangUp.whenItHappens { for answer in answers { answer.cancel() } }
    defer { hangUp.forget(place) }
    return try await body()
  }
}

/// An iterator that one task uses at a time.
private final class LineIterator: @unchecked Sendable {
  // First the route's task reads, then the one that writes the body.
  private var iterator: InspectionAnswer<ByteBuffer>.AsyncIterator
  init(_ answer: InspectionAnswer<ByteBuffer>) { iterator = answer.makeAsyncIterator() }
  func next() async throws -> ByteBuffer? { try await iterator.next() }
}

/// One event of a stream.
enum Frame {
  case data(JSON)
  /// With the name that Anthropic's clients look at.
  case event(String, JSON)
  case comment(String)
  case done

  var buffer: ByteBuffer {
    switch self {
    case .data(let json): ByteBuffer(string: "data: \(json.text())\n\n")
    case .event(let name, let json): ByteBuffer(string: "event: \(name)\ndata: \(json.text())\n\n")
    case .comment(let text): ByteBuffer(string: ": \(text)\n\n")
    case .done: ByteBuffer(string: "data: [DONE]\n\n")
    }
  }
}

extension HTTPField.Name {
  static var xAccelBuffering: Self { name("X-Accel-Buffering") }
  static var xRequestID: Self { name("X-Request-Id") }
  static var xAPIKey: Self { name("X-Api-Key") }

  /// A name that is known to be well-formed; `Allow` stands in where it is not.
  private static func name(_ text: String) -> Self { Self(text) ?? .allow }
}

extension Response {
  static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: json.text())))
  }
}
