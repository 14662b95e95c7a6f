import FathomCore
import Foundation

/// Runs what a model wrote as a program, with tests behind it: an exit status of 0 passes.
///
/// The program runs in an empty folder, with little of the environment, with limits of time and memory, and nothing else confines it: **it may do
/// whatever the user may do**. That is why a task with this grader is refused unless programs are allowed by name.
public struct ProgramGrader: Grader {
  /// What runs the program: its text comes on standard input.
  public let command: [String]
  /// Text before and behind the model's.
  public let before: String
  public let after: String
  public let timeoutSeconds: Double

  /// Changes the folder, and keeps a program that grows without end from taking the machine with it where the system can: 4 GiB.
  private static let setting = [
    "/bin/sh", "-c", #"ulimit -v 4194304 2>/dev/null; cd "$0" && exec "$@""#,
  ]
  /// What it learns of the environment: enough to be found, and no keys.
  private static let variables = ["PATH", "HOME", "LANG"]
  private static let queue = DispatchQueue(label: "fathom-programs", attributes: .concurrent)

  public init(
    command: [String] = ["python3", "-"], before: String = "", after: String,
    timeoutSeconds: Double = 10
  ) {
    self.command = command
    self.before = before
    self.after = after
    self.timeoutSeconds = timeoutSeconds
  }

  public func grade(_ completion: Completion) async -> Verdict {
    guard !completion.plainAnswer.trimmed.isEmpty else { return .fail("no program") }
    let program = before + completion.plainAnswer.withoutFence + "\n" + after + "\n"
    return await withCheckedContinuation { continuation in
      Self.queue.async { continuation.resume(returning: run(program)) }
    }
  }

  private func run(_ program: String) -> Verdict {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fathom-program-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let own = ProcessInfo.processInfo.environment.filter { Self.variables.contains($0.key) }
      let process = try ChildProcess(
        Self.setting + [folder.path] + command,
        environment: own)
      defer { process.end() }
      let (status, errors) = try process.run(input: Array(program.utf8), seconds: timeoutSeconds)
      guard status != 0 else { return .pass() }
      let line = errors.split(whereSeparator: \.isNewline).last.map {
        ": \(InputError.excerpt($0))"
      }
      return .fail("exit status \(status)\(line ?? "")")
    } catch {
      return .fail("\(error)")
    }
  }
}
