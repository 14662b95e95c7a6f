import Foundation

/// What the block store asks of the system where asking can fail halfway. Tests put faults in its place.
///
/// As in the kernel, a negative result is an error code.
package struct BlockSystem: Sendable {
  /// `openat`: folder, name, flags; a new file is for its owner only.
  package var open: @Sendable (Int32, String, Int32) -> Int32 = { folder, name, flags in
    Self.code(openat(folder, name, flags, 0o600))
  }
  package var read: @Sendable (Int32, UnsafeMutableRawBufferPointer, Int) -> Int = {
    Self.code(pread($0, $1.baseAddress, $1.count, off_t($2)))
  }
  package var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = {
    Self.code(Foundation.write($0, $1.baseAddress, $1.count))
  }
  package var sync: @Sendable (Int32) -> Int32 = { Self.code(fsync($0)) }
  /// `renameat` within one folder.
  package var rename: @Sendable (Int32, String, String) -> Int32 = {
    Self.code(renameat($0, $1, $0, $2))
  }
  /// Seconds that no change of the clock moves.
  package var monotonicSeconds: @Sendable () -> Double = {
    Double(DispatchTime.now().uptimeNanoseconds) / 1e9
  }
  /// The clock on the wall; only dates files, see `BlockIndex`.
  package var wallMicroseconds: @Sendable () -> Int64 = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  package init() {}

  /// The result, or the error as a negative number. A call that a signal interrupted is made again.
  static func code<Result: SignedInteger>(_ call: @autoclosure () -> Result) -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      let code = errno
      if code != EINTR { return Result(-code) }
    }
  }
}

/// A call that the system refused.
package struct BlockFailure: Error, Equatable, CustomStringConvertible {
  package let call: String
  package let code: Int32

  package var description: String { "\(call): \(String(cString: strerror(code)))" }

  /// Something that is not ours lies where a block or its folder should.
  var isStranger: Bool { [ELOOP, ENOTDIR, EISDIR, EEXIST, ENOTEMPTY].contains(code) }

  /// Says nothing about the disk.
  var isPassing: Bool { [EMFILE, ENFILE, ENOMEM].contains(code) }

  /// The result, if it is one.
  @discardableResult
  static func check<Result: SignedInteger>(
    _ call: String, _ result: Result
  ) throws(BlockFailure) -> Result {
    guard result < 0 else { return result }
    throw BlockFailure(call: call, code: Int32(clamping: -Int(result)))
  }
}
