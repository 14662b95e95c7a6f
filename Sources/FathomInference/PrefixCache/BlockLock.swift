import Foundation

/// The right to write in a folder: `flock` on the file `lock` in it, until this object goes.
///
/// The system lets go of it when a process ends, however it ends. The file stays.
final class BlockLock: Sendable {
  private let descriptor: Int32

  /// nil while another store has it, in this process or another one.
  init?(in folder: Int32, system: BlockSystem) throws(BlockFailure) {
    for _ in 0..<10 {
      let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
      let file = try BlockFailure.check("lock", system.open(folder, "lock", flags))
      let result = BlockSystem.code(flock(file, LOCK_EX | LOCK_NB))
      guard result >= 0 else {
        close(file)
        if result == -EWOULDBLOCK { return nil }
        throw BlockFailure(call: "lock", code: -result)
      }
      // Who removed the file between the two calls made room for a second lock.
      var (held, named) = (stat(), stat())
      guard fstat(file, &held) == 0, fstatat(folder, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0,
        held.st_ino == named.st_ino, held.st_dev == named.st_dev
      else {
        close(file)
        continue
      }
      descriptor = file
      return
    }
    throw BlockFailure(call: "lock", code: EAGAIN)
  }

  deinit { close(descriptor) }
}
