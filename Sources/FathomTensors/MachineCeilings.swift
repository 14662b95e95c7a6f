import CFathomKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What this machine can do at best with some threads, measured now.
///
/// A machine shared with others gives less at times, so each number is the best of several short passes.
package struct MachineCeilings: Sendable, Equatable {
  /// Bytes per second that can be read from memory in large pages.
  package var readBytesPerSecond: Double
  /// int8 and bfloat16 operations per second; a multiplication and an addition are two.
  package var int8PerSecond: Double
  package var bf16PerSecond: Double

  private static let passes = 5

  /// - Parameters:
  ///   - bufferBytes: memory to read, much larger than the caches.
  package static func measured(on pool: WorkerPool, bufferBytes: Int = 512 << 20)
    -> MachineCeilings
  {
    MachineCeilings(
      readBytesPerSecond: readSpeed(pool, bufferBytes),
      int8PerSecond: arithmeticSpeed(pool) { rounds in
        var sink: Int32 = 0
        return fathom_ceiling_int8(rounds, &sink)
      },
      bf16PerSecond: arithmeticSpeed(pool) { rounds in
        var sink: Float = 0
        return fathom_ceiling_bf16(rounds, &sink)
      })
  }

  /// The better of two measurements.
  package func best(_ other: MachineCeilings) -> MachineCeilings {
    MachineCeilings(
      readBytesPerSecond: max(readBytesPerSecond, other.readBytesPerSecond),
      int8PerSecond: max(int8PerSecond, other.int8PerSecond),
      bf16PerSecond: max(bf16PerSecond, other.bf16PerSecond))
  }

  private static func readSpeed(_ pool: WorkerPool, _ bytes: Int) -> Double {
    let huge = 2 << 20
    // One more huge page: to align in, and for what is fetched ahead.
    guard
      let memory = mmap(
        nil, bytes + 2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      memory != MAP_FAILED
    else { return 0 }
    defer { munmap(memory, bytes + 2 * huge) }
    let start = UnsafeMutableRawPointer(
      bitPattern: (UInt(bitPattern: memory) + UInt(huge) - 1) & ~UInt(huge - 1))
    guard let start else { return 0 }
    #if os(Linux)
      madvise(start, bytes, 14)  // MADV_HUGEPAGE
    #endif
    let share = bytes / pool.threads / 4096 * 4096
    pool.run(units: pool.threads) { unit, _ in
      memset(start + unit * share, 1 + Int32(unit), share)
    }
    var best = 0.0
    for _ in 0..<passes {
      let seconds = time {
        pool.run(units: pool.threads) { unit, _ in
          _ = fathom_ceiling_read(start + unit * share, share)
        }
      }
      best = max(best, Double(share * pool.threads) / seconds)
    }
    return best
  }

  private static func arithmeticSpeed(_ pool: WorkerPool, _ loop: (Int) -> Double) -> Double {
    // As many rounds as take some milliseconds, whatever the machine.
    var rounds = 1 << 10
    while time({ _ = loop(rounds) }) < 0.004, rounds < 1 << 40 { rounds *= 2 }
    var best = 0.0
    for _ in 0..<passes {
      let operations = loop(rounds) * Double(pool.threads)
      let seconds = time {
        pool.run(units: pool.threads) { _, _ in _ = loop(rounds) }
      }
      best = max(best, operations / seconds)
    }
    return best
  }

  private static func time(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
