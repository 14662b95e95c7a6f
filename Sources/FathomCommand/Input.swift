import Fathom
import Foundation

/// Standard input as a whole.
enum StandardInput {
  /// - Throws: `InputError` if it is not UTF-8 or larger than `limit` bytes; `Interrupted`.
  static func readAll(limit: Int = 256 << 20) throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      guard Interrupts.wait(forInput: STDIN_FILENO) else { throw Interrupted() }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw InputError(
          "standard input", expected: "readable bytes", found: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else {
        throw InputError("standard input", expected: "at most \(limit) bytes", found: "more")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw InputError("standard input", expected: "UTF-8", found: "invalid UTF-8")
    }
    return text
  }

  /// Whether nothing is there and nothing comes in this time. Reads nothing.
  static func isSilent(forSeconds seconds: Double) -> Bool {
    var wait = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, Int32(seconds * 1000)) > 0 else { return true }
    if Int32(wait.revents) & POLLNVAL != 0 { return true }
    var status = stat()
    guard fstat(STDIN_FILENO, &status) == 0 else { return true }
    switch UInt32(status.st_mode) & UInt32(S_IFMT) {
    case UInt32(S_IFREG): return lseek(STDIN_FILENO, 0, SEEK_CUR) >= status.st_size
    case UInt32(S_IFIFO), UInt32(S_IFSOCK):
      // Readable without a byte to read: the other end is closed.
      #if canImport(Darwin)
        let request: UInt = 0x4004_667F
      #else
        let request: UInt = 0x541B
      #endif
      var count: Int32 = 0
      return ioctl(STDIN_FILENO, request, &count) == 0 && count == 0
    // `/dev/null` and the like.
    default: return isatty(STDIN_FILENO) == 0
    }
  }
}

/// What came of waiting for a line.
enum LineInput: Equatable {
  case line(String)
  case interrupted
  case end
}

/// Reads lines and notices Ctrl-C.
struct LineReader {
  private var pending: [UInt8] = []

  mutating func next() -> LineInput {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var searched = 0
    while true {
      if let newline = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(newline + 1) }
        return .line(Self.text(pending[..<newline]))
      }
      searched = pending.count
      guard Interrupts.wait(forInput: STDIN_FILENO) else {
        pending = []
        return .interrupted
      }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count > 0 {
        pending.append(contentsOf: buffer[..<count])
      } else if count < 0, errno == EINTR || errno == EAGAIN {
        continue
      } else {
        defer { pending = [] }
        return pending.isEmpty ? .end : .line(Self.text(pending[...]))
      }
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
  }
}
