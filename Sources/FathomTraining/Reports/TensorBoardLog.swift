import FathomCore
import Foundation

/// Writes an event file that TensorBoard shows while a run goes on.
///
/// Every start of a run has a file of its own. Where a run resumes, TensorBoard forgets what an earlier file says of
/// the steps behind.
public final class TensorBoardLog {
  public let path: String
  private let file: FileHandle
  private let now: () -> Double

  /// - Parameters:
  ///   - folder: is made if it is missing.
  ///   - step: the step that the run starts behind, 0 for a new one.
  ///   - now: seconds since 1970.
  /// - Throws: `InputError` for a file that can't be written.
  public init(
    folder: String, startingAfter step: Int = 0,
    now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    self.now = now
    let time = now()
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let seconds = String(format: "%010d", Int(time))
    var number = 0
    var path: String
    var descriptor: Int32
    repeat {
      path =
        "\(folder)/events.out.tfevents.\(seconds).\(ProcessInfo.processInfo.hostName)."
        + "\(getpid()).\(number)"
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      number += 1
    } while descriptor < 0 && errno == EEXIST
    guard descriptor >= 0 else {
      throw InputError(
        path, expected: "a file that can be created", found: String(cString: strerror(errno)))
    }
    self.path = path
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try append(TensorBoardEvent(wallTime: time, step: 0, content: .version))
    try append(TensorBoardEvent(wallTime: time, step: step + 1, content: .start))
  }

  /// Adds values at a step. They are in the file when this returns.
  public func write(step: Int, _ scalars: [(tag: String, value: Double)]) throws {
    try append(
      TensorBoardEvent(
        wallTime: now(), step: step,
        content: .scalars(scalars.map { ($0.tag, Float($0.value)) })))
  }

  private func append(_ event: TensorBoardEvent) throws {
    do {
      try file.write(contentsOf: event.record)
    } catch {
      throw InputError(
        path, expected: "a file that can be written", found: error.localizedDescription)
    }
  }
}
