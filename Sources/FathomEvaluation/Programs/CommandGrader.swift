import FathomCore
import Foundation
import Synchronization

/// Lets a program of the user's grade: one JSON object a line to its standard input, one back from its standard output.
///
/// To it: `{"prompt": …, "text": …, "reasoning": …, "answer": …, "finished": true, "row": {…}}`, the row being what the problem's file
/// says of the problem. Back: `{"score": 0.5}`, and beside that, as the program likes, `"passed"` (otherwise a score of 1 passes),
/// `"detail"` and `"extracted"` (what counts in a vote).
///
/// The program is started once and asked line by line. If it ends, says nothing in time or says something else, the sample fails, the
/// program and all it started are killed, and the next sample meets a new one.
public struct CommandGrader: Grader {
  /// Runs copies of one program, as many as samples may be graded at a time.
  public final class Service: Sendable {
    public let command: [String]
    public let timeoutSeconds: Double
    private let workers: [Worker]
    private let next = Atomic<UInt>(0)

    /// - Parameters:
    ///   - command: the program, looked up in `PATH`, and its arguments.
    ///   - timeoutSeconds: for one sample.
    ///   - processes: copies that may run side by side.
    public init(_ command: [String], timeoutSeconds: Double = 10, processes: Int = 2) {
      precondition(processes >= 1 && timeoutSeconds > 0, "\(processes) processes")
      self.command = command
      self.timeoutSeconds = timeoutSeconds
      workers = (0..<processes).map { _ in Worker() }
    }

    /// Starts the program, so that one that is not there is found out before anything is graded.
    ///
    /// - Throws: `InputError`.
    public func start() throws { try workers[0].start(self) }

    func verdict(on request: JSON) async -> Verdict {
      let worker = workers[Int(next.add(1, ordering: .relaxed).oldValue % UInt(workers.count))]
      return await withCheckedContinuation { continuation in
        worker.queue.async {
          continuation.resume(returning: worker.verdict(on: request, self))
        }
      }
    }
  }

  private let service: Service
  private let prompt: String
  private let row: JSON

  public init(_ service: Service, prompt: String, row: JSON) {
    self.service = service
    self.prompt = prompt
    self.row = row
  }

  public func grade(_ completion: Completion) async -> Verdict {
    await service.verdict(
      on: .object(
        JSONObject([
          "prompt": .string(prompt), "text": .string(completion.text),
          "reasoning": completion.reasoning.map { .string($0) } ?? .null,
          "answer": .string(completion.plainAnswer), "finished": .bool(completion.isFinished),
          "row": row,
        ])))
  }

  /// What a program's line says.
  static func verdict(of line: [UInt8]) -> Verdict? {
    guard let reply = try? JSON.parse(line, limits: JSONLimits(depth: 16)),
      let score = reply["score"]?.doubleValue, (0...1).contains(score)
    else { return nil }
    if let passed = reply["passed"], passed.boolValue == nil { return nil }
    return Verdict(
      score: score, passed: reply["passed"]?.boolValue ?? (score == 1),
      detail: reply["detail"]?.stringValue ?? "", extracted: reply["extracted"]?.stringValue)
  }
}

/// One copy of a program and the queue that talks to it.
private final class Worker: @unchecked Sendable {
  // `process` is touched on the queue only.
  let queue = DispatchQueue(label: "fathom-grader")
  private var process: ChildProcess?

  func start(_ service: CommandGrader.Service) throws {
    try queue.sync {
      do {
        process = try process ?? ChildProcess(service.command)
      } catch {
        throw InputError(
          "command \(InputError.excerpt(service.command.joined(separator: " ")))",
          expected: "a program that can be started", found: "\(error)")
      }
    }
  }

  func verdict(on request: JSON, _ service: CommandGrader.Service) -> Verdict {
    do {
      if let old = process, old.spokeOutOfTurn() { stop() }
      let running = try process ?? ChildProcess(service.command)
      process = running
      let line = try running.exchange(
        line: Array(request.text().utf8), seconds: service.timeoutSeconds)
      if let verdict = CommandGrader.verdict(of: line) { return verdict }
      stop()
      let found = InputError.excerpt(String(decoding: line, as: UTF8.self))
      return .fail("grader: expected a JSON object with a score from 0 to 1, found \(found)")
    } catch {
      stop()
      return .fail("grader: \(error)")
    }
  }

  private func stop() {
    process?.end()
    process = nil
  }
}
