import FathomCore
import Foundation

/// The folder with the blocks: `ab/ab…64 digits….block`, and `lock`.
///
/// 256 folders keep each below a few thousand names at any sensible budget, which a person can list and every file system
/// is quick at. All of it is reached from one descriptor, folder by folder and without following links, so
/// nothing outside is ever read, written or removed. A file counts as ours if its name has our form and it is a plain
/// file that belongs to this user and that nobody else may read or write; anything else is left alone.
final class BlockFolder: Sendable {
  let path: String
  let root: Int32
  let system: BlockSystem
  private let owner: uid_t

  static let suffix = ".block"
  static let temporarySuffix = ".tmp"
  /// A file larger than this is not a block.
  private static let sizeLimit = 1 << 40

  /// Opens the folder; makes it, for this user only, if there is none.
  ///
  /// - Throws: `InputError` if there is something else, or a folder that others can change.
  init(_ directory: String, system: BlockSystem) throws {
    var path = directory[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw InputError(
        InputError.excerpt(directory), expected: "a folder's path", found: "no path")
    }
    self.path = String(path)
    self.system = system
    owner = geteuid()
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var root = system.open(AT_FDCWD, self.path, flags)
    if root == -ENOENT {
      Self.makeFolders(self.path)
      root = system.open(AT_FDCWD, self.path, flags)
    }
    self.root = root
    func refuse(_ finding: String) -> InputError {
      InputError(self.path, expected: "a folder that only this user can change", found: finding)
    }
    guard root >= 0 else {
      throw refuse(root == -ELOOP ? "a link" : String(cString: strerror(-root)))
    }
    guard isOwn(root) else { throw refuse("one of another user, or open to others") }
  }

  deinit { if root >= 0 { close(root) } }

  private static func makeFolders(_ path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for count in 1...parts.count {
      let folder = parts.prefix(count).joined(separator: "/")
      if !folder.isEmpty { mkdir(folder, 0o700) }
    }
  }

  func isOwn(_ folder: Int32) -> Bool {
    var status = stat()
    return fstat(folder, &status) == 0 && status.st_uid == owner && status.st_mode & 0o022 == 0
  }

  /// The lock that makes its holder the one who writes here; nil while another store has it.
  func lock() throws(BlockFailure) -> BlockLock? { try BlockLock(in: root, system: system) }

  // MARK: Folders within

  /// Opens the folder of a key for the time of `body`.
  private func inFolder<Result>(
    of key: BlockKey, creating: Bool = false, _ body: (Int32) throws(BlockFailure) -> Result
  ) throws(BlockFailure) -> Result {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var folder = system.open(root, key.folder, flags)
    if folder == -ENOENT, creating {
      let made = BlockSystem.code(mkdirat(root, key.folder, 0o700))
      if made != -EEXIST { try BlockFailure.check("mkdir", made) }
      try sync(root)
      folder = system.open(root, key.folder, flags)
    }
    try BlockFailure.check("open", folder)
    defer { close(folder) }
    guard isOwn(folder) else { throw BlockFailure(call: "open", code: ENOTDIR) }
    return try body(folder)
  }

  /// Some file systems cannot sync folders and say `EINVAL`.
  private func sync(_ folder: Int32) throws(BlockFailure) {
    let result = system.sync(folder)
    if result != -EINVAL { try BlockFailure.check("fsync", result) }
  }

  func isOurs(_ status: stat) -> Bool {
    status.st_mode & S_IFMT == S_IFREG && status.st_uid == owner && status.st_mode & 0o077 == 0
      && status.st_size <= Self.sizeLimit
  }

  private static func name(_ key: BlockKey) -> String { key.description + suffix }

  // MARK: Blocks

  /// Reads the block; nil if the file under its name is not ours.
  func read(_ block: BlockFile) throws(BlockFailure) -> BlockFile.Finding? {
    try inFolder(of: block.key) { folder throws(BlockFailure) in
      // Without O_NONBLOCK, opening a pipe would wait for its other end.
      let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
      let file = system.open(folder, Self.name(block.key), flags)
      if file == -ELOOP { return nil }
      try BlockFailure.check("open", file)
      defer { close(file) }
      var status = stat()
      try BlockFailure.check("stat", BlockSystem.code(fstat(file, &status)))
      guard isOurs(status) else { return nil }
      return block.read(file, size: Int(status.st_size), system: system)
    }
  }

  /// Writes to a temporary name, syncs, renames, syncs the folder: the block is there whole or not at all.
  func write(_ block: BlockFile, header: [UInt8], rows: UnsafeRawBufferPointer, stamp: Int64)
    throws(BlockFailure)
  {
    try inFolder(of: block.key, creating: true) { folder throws(BlockFailure) in
      let name = Self.name(block.key)
      var status = stat()
      if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, !isOurs(status) {
        throw BlockFailure(call: "rename", code: EEXIST)
      }
      let temporary = "\(block.key).\(UInt64.random(in: 0...UInt64.max))\(Self.temporarySuffix)"
      let file = system.open(
        folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
      try BlockFailure.check("create", file)
      do throws(BlockFailure) {
        defer { close(file) }
        try header.withUnsafeBufferPointer { header throws(BlockFailure) in
          try append(UnsafeRawBufferPointer(header), to: file)
        }
        try append(rows, to: file)
        Self.setTime(file, stamp)
        try BlockFailure.check("fsync", system.sync(file))
        try BlockFailure.check("rename", system.rename(folder, temporary, name))
      } catch {
        unlinkat(folder, temporary, 0)
        throw error
      }
      try sync(folder)
    }
  }

  private func append(_ bytes: UnsafeRawBufferPointer, to file: Int32) throws(BlockFailure) {
    var count = 0
    while count < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
      let written = try BlockFailure.check("write", system.write(file, rest))
      guard written > 0 else { throw BlockFailure(call: "write", code: EIO) }
      count += written
    }
  }

  /// Removes the file of that name if it is ours. None being there, or something else, is fine.
  func remove(_ key: BlockKey) throws(BlockFailure) {
    do throws(BlockFailure) {
      try inFolder(of: key) { folder throws(BlockFailure) in
        var status = stat()
        let name = Self.name(key)
        let found = BlockSystem.code(fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW))
        try BlockFailure.check("stat", found)
        guard isOurs(status) else { return }
        try BlockFailure.check("unlink", BlockSystem.code(unlinkat(folder, name, 0)))
      }
    } catch {
      if error.code != ENOENT, !error.isStranger { throw error }
    }
  }

  /// Notes in the file when it was used last. A note that fails is no loss.
  func date(_ key: BlockKey, stamp: Int64) {
    try? inFolder(of: key) { folder in
      var times = Self.times(stamp)
      utimensat(folder, Self.name(key), &times, AT_SYMLINK_NOFOLLOW)
    }
  }

  private static func setTime(_ file: Int32, _ stamp: Int64) {
    var times = times(stamp)
    futimens(file, &times)
  }

  private static func times(_ stamp: Int64) -> [timespec] {
    let modified = timespec(
      tv_sec: time_t(stamp / 1_000_000), tv_nsec: Int(stamp % 1_000_000) * 1000)
    return [modified, modified]
  }
}
