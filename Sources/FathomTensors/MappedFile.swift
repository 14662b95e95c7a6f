import CFathomKernels
import FathomCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A whole file, mapped for reading and never copied.
///
/// The bytes may live on a disk that other programs write to. A file that shrinks under the mapping
/// reads as zeros and is marked torn instead of killing the process; `checkIntact()` tells.
///
/// `@unchecked Sendable`: every stored property is a constant, the mapping is read-only, and the torn
/// flag is an atomic on the C side.
public final class MappedFile: @unchecked Sendable {
  /// The path as it was given.
  public let path: String
  /// The mapped bytes. Valid only while something holds on to this object.
  package let bytes: UnsafeRawBufferPointer

  private let identity: FileIdentity
  private let guardTicket: Int32

  /// Maps the file at `path`.
  ///
  /// - Throws: `InputError` if it is missing, unreadable, empty or no regular file.
  public init(path: String) throws {
    self.path = path
    let descriptor = try Self.openForReading(path)
    defer { close(descriptor) }
    let identity = try FileIdentity(ofOpen: descriptor, path: path)
    guard identity.isRegularFile else {
      throw InputError(path, expected: "a regular file", found: identity.kind)
    }
    guard identity.size > 0 else {
      throw InputError(path, expected: "a file with content", found: "an empty file")
    }
    guard let count = Int(exactly: identity.size),
      let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED
    else {
      throw InputError(
        path, expected: "a file that can be mapped",
        found: "\(identity.size) bytes and the error \"\(Self.lastError())\"")
    }
    guardTicket = fathom_mapping_guard(start, count)
    guard guardTicket >= 0 else {
      munmap(start, count)
      throw InputError(path, expected: "at most 4096 mapped files", found: "one more")
    }
    self.identity = identity
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  deinit {
    fathom_mapping_release(guardTicket)
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  /// The last component of the path, for messages.
  public var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  public var byteCount: Int { bytes.count }

  /// Calls `body` with the mapped bytes, which must not be used after it returns.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  /// Whether a part could not be read and was replaced by zeros.
  public var isTorn: Bool { fathom_mapping_is_torn(guardTicket) }

  /// Tells the file from others and from itself with other content, as far as the system does: device, inode, size and time of change.
  public var mark: String { identity.mark }

  /// Whether the path still leads to the file that was mapped, with the size and time it had then.
  public func isUnchanged() -> Bool {
    FileIdentity(path: path) == identity
  }

  /// Throws if what was read from the mapping may not be what the file held when it was opened.
  ///
  /// A file that was *replaced* (another inode under the same path) does not matter: the mapping
  /// keeps the old one. A file that was changed in place does.
  public func checkIntact() throws {
    let now = FileIdentity(path: path)
    let changedInPlace = now.map { $0.isSameFile(as: identity) && $0 != identity } ?? false
    guard isTorn || changedInPlace else { return }
    throw InputError(
      path, expected: "\(identity.size) bytes that stay as they are while in use",
      found: now.map { "a file changed meanwhile, now of \($0.size) bytes" }
        ?? "a file that can no longer be read")
  }

  private static func openForReading(_ path: String) throws -> Int32 {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw InputError(InputError.excerpt(path), expected: "a file path", found: "no usable path")
    }
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw InputError(path, expected: "a readable file", found: lastError())
    }
    return descriptor
  }

  fileprivate static func lastError() -> String {
    switch errno {
    case ENOENT: "nothing there"
    case EACCES: "no permission to read it"
    default: String(cString: strerror(errno))
    }
  }
}

/// What tells one state of a file from another.
private struct FileIdentity: Equatable {
  var device: UInt64
  var inode: UInt64
  var size: Int64
  var modifiedSeconds: Int64
  var modifiedNanoseconds: Int64
  /// The kind of file only: who may read it can change while it is in use.
  var format: UInt32

  var mark: String { "\(device) \(inode) \(size) \(modifiedSeconds) \(modifiedNanoseconds)" }

  init(ofOpen descriptor: Int32, path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw InputError(path, expected: "a readable file", found: MappedFile.lastError())
    }
    self.init(status)
  }

  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    format = UInt32(status.st_mode) & UInt32(S_IFMT)
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    modifiedSeconds = Int64(modified.tv_sec)
    modifiedNanoseconds = Int64(modified.tv_nsec)
  }

  func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }

  var isRegularFile: Bool { format == UInt32(S_IFREG) }

  var kind: String {
    switch format {
    case UInt32(S_IFDIR): "a folder"
    case UInt32(S_IFIFO): "a pipe"
    case UInt32(S_IFSOCK): "a socket"
    default: "a device"
    }
  }
}
