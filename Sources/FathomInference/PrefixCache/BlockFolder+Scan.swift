import Foundation

/// What is there when a store opens.
extension BlockFolder {
  struct Scan {
    var blocks: [(key: BlockKey, bytes: Int, stamp: Int64)] = []
    /// Things under names of blocks that are not ours.
    var strangers = 0
  }

  /// Finds all blocks by their names; opens none. `sweeping` removes what writers that died left.
  func scan(sweeping: Bool) -> Scan {
    var scan = Scan()
    let digits = Array("0123456789abcdef")
    for name in digits.flatMap({ first in digits.map { "\(first)\($0)" } }) {
      let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
      let folder = system.open(root, name, flags)
      guard folder >= 0 else {
        if folder != -ENOENT { scan.strangers += 1 }
        continue
      }
      guard isOwn(folder) else {
        scan.strangers += 1
        close(folder)
        continue
      }
      guard let entries = fdopendir(folder) else {
        close(folder)
        continue
      }
      defer { closedir(entries) }
      while let entry = readdir(entries) {
        look(at: Self.name(of: entry), in: folder, named: name, sweeping, &scan)
      }
    }
    return scan
  }

  private func look(
    at name: [UInt8], in folder: Int32, named folderName: String, _ sweeping: Bool,
    _ scan: inout Scan
  ) {
    guard let key = BlockKey(digits: name.prefix(64)), key.folder == folderName else { return }
    let rest = String(decoding: name.dropFirst(64), as: UTF8.self)
    let isTemporary = rest.hasPrefix(".") && rest.hasSuffix(Self.temporarySuffix)
    guard rest == Self.suffix || isTemporary else { return }
    var status = stat()
    let fullName = "\(key)\(rest)"
    guard fstatat(folder, fullName, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    guard isOurs(status) else {
      scan.strangers += 1
      return
    }
    if isTemporary || status.st_size < BlockFile.smallestFile {
      if sweeping { unlinkat(folder, fullName, 0) }
      return
    }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    let (microseconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000)
    let stamp =
      overflow
      ? 0
      : microseconds.addingReportingOverflow(Int64(time.tv_nsec / 1000))
        .partialValue
    scan.blocks.append((key, Int(status.st_size), stamp))
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      let start = UnsafeRawPointer(name)
      let count = strlen(start.assumingMemoryBound(to: CChar.self))
      return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
  }
}
