import Foundation

/// Files that are either there as a whole or not at all.
package enum AtomicFile {
  /// Writes to a temporary name in the same folder, syncs and renames.
  ///
  /// - Parameter isPrivate: whether nobody else may read it; otherwise the user's mask decides.
  package static func write(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false
  ) throws {
    let temporary = "\(path).\(getpid()).tmp"
    func failure(_ what: String) -> InputError {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      return InputError(path, expected: "a file that can be \(what)", found: reason)
    }
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
    guard descriptor >= 0 else { throw failure("created") }
    var offset = 0
    while offset < bytes.count {
      let written = bytes.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
      }
      if written < 0 {
        if errno == EINTR { continue }
        let error = failure("written")
        close(descriptor)
        throw error
      }
      offset += written
    }
    guard fsync(descriptor) == 0 else {
      let error = failure("synced")
      close(descriptor)
      throw error
    }
    close(descriptor)
    guard rename(temporary, path) == 0 else { throw failure("renamed") }
  }
}
