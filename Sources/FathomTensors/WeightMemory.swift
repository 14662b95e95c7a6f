import FathomCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory for weights, in huge pages where the system has them: a core that reads many gigabytes for each token spends
/// much of its time on finding small pages.
///
/// `@unchecked Sendable`: constants over memory that is written once, before its address is published.
package final class WeightMemory: @unchecked Sendable {
  package let start: UnsafeMutableRawPointer
  package let byteCount: Int

  private static let hugePage = 2 << 20

  /// Reserves address space; pages come into being when they are written.
  ///
  /// - Throws: `InputError` if the system refuses.
  package init(byteCount: Int) throws {
    let rounded = (byteCount + 2 * Self.hugePage - 1) / Self.hugePage * Self.hugePage
    guard
      let memory = mmap(
        nil, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), memory != MAP_FAILED
    else {
      throw InputError(
        "memory for weights", expected: "\(byteCount) bytes",
        found: "\(String(cString: strerror(errno)))")
    }
    start = memory
    self.byteCount = rounded
    #if canImport(Glibc) || canImport(Musl)
      madvise(memory, rounded, MADV_HUGEPAGE)
    #endif
  }

  deinit { munmap(start, byteCount) }

  /// Tells the system that mapped bytes are not needed for now. They stay readable.
  package static func release(_ bytes: UnsafeRawPointer, count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (Int(bitPattern: bytes) + page - 1) / page * page
    let end = (Int(bitPattern: bytes) + count) / page * page
    guard begin < end, let address = UnsafeMutableRawPointer(bitPattern: begin) else { return }
    madvise(address, end - begin, MADV_DONTNEED)
  }

  /// Bytes that programs can still have without the system having to swap; nil where it does not say.
  package static var available: Int? {
    guard let file = fopen("/proc/meminfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
      )
      .split(whereSeparator: { $0 == " " || $0 == "\n" })
      if words.first == "MemAvailable:", words.count > 1, let kilobytes = Int(words[1]) {
        return kilobytes * 1024
      }
    }
    return nil
  }
}
