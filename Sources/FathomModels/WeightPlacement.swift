import CFathomKernels
import FathomTensors
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the weights of a model are while it runs.
public enum WeightPlacement: Sendable, Equatable {
  /// In the mapped files: nothing is copied, pages that are not read take no memory.
  case mapped
  /// In memory of their own, in huge pages and in the order in which the kernels read them, as far as `budget` bytes
  /// reach; nil means all of them if they fit into the memory that is available, else none. They move there while the
  /// first tokens already run.
  case resident(budget: Int? = nil)
}

/// Moves weights from their files into memory of their own, in the background. Results do not depend on how far it got.
///
/// `@unchecked Sendable`: the moves are fixed before the threads start, each is made by one thread, and what the threads
/// share besides is atomic.
package final class WeightMover: @unchecked Sendable {
  /// A matrix that may move.
  package struct Candidate: Sendable {
    package let matrix: Matrix
    /// Whether it may be put in panels: every use reads whole runs of 16 rows.
    package let isPackable: Bool
  }

  private struct Move {
    let matrix: Matrix
    let dtype: fk_dtype
    let offset: Int
  }

  /// Bytes that the moved weights take.
  package let byteCount: Int

  private let moves: [Move]
  private let memory: WeightMemory?
  private let next = Atomic<Int>(0)
  private let movedBytes = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let threads = Mutex<[pthread_t]>([])

  /// - Parameters:
  ///   - candidates: in the order in which a token meets them.
  ///   - threads: how many work at it.
  package init(_ candidates: [Candidate], placement: WeightPlacement, threads count: Int) {
    let (moves, byteCount) = Self.plan(candidates, placement)
    let memory = byteCount > 0 ? try? WeightMemory(byteCount: byteCount) : nil
    self.memory = memory
    self.moves = memory == nil ? [] : moves
    self.byteCount = memory == nil ? 0 : byteCount
    guard memory != nil else { return }
    threads.withLock { threads in
      for _ in 0..<count { if let thread = start() { threads.append(thread) } }
    }
    if threads.withLock({ $0.isEmpty }) { work() }
  }

  /// Stops between two matrices; what has not moved stays where it was.
  package func stop() {
    stopping.store(true, ordering: .relaxed)
    wait()
  }

  /// Returns when everything has moved.
  package func wait() {
    threads.withLock { threads in
      for thread in threads { pthread_join(thread, nil) }
      threads = []
    }
  }

  /// The part of the bytes that has moved, 0 … 1.
  package var progress: Double {
    byteCount == 0 ? 1 : Double(movedBytes.load(ordering: .relaxed)) / Double(byteCount)
  }

  private static func plan(_ candidates: [Candidate], _ placement: WeightPlacement) -> ([Move], Int)
  {
    guard case .resident(let budget) = placement else { return ([], 0) }
    var moves: [Move] = []
    var used = 0
    for candidate in candidates {
      let dtype = target(candidate)
      let bytes = byteCount(candidate.matrix, dtype)
      if let budget, used + bytes > budget { continue }
      moves.append(Move(matrix: candidate.matrix, dtype: dtype, offset: used))
      used += (bytes + 63) & ~63
    }
    if budget == nil, let available = WeightMemory.available, used > available / 10 * 9 {
      return ([], 0)
    }
    return (moves, used)
  }

  private static func target(_ candidate: Candidate) -> fk_dtype {
    let stored = candidate.matrix.home.original.dtype
    guard candidate.isPackable else { return stored }
    return stored == FK_Q4_0 ? FK_Q4_PANEL : stored == FK_Q8_0 ? FK_Q8_PANEL : stored
  }

  private static func byteCount(_ matrix: Matrix, _ dtype: fk_dtype) -> Int {
    dtype == matrix.home.original.dtype
      ? matrix.dtype.bytes(rows: matrix.rows, columns: matrix.columns)
      : (matrix.rows + 15) / 16 * fk_panel_bytes(dtype, matrix.columns)
  }

  private func work() {
    guard let memory else { return }
    while !stopping.load(ordering: .relaxed) {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < moves.count else { return }
      let move = moves[index]
      let source = move.matrix.home.original
      guard let data = source.data else { continue }
      let target = memory.start + move.offset
      let bytes = Self.byteCount(move.matrix, move.dtype)
      if move.dtype == source.dtype {
        target.copyMemory(from: data, byteCount: bytes)
      } else {
        fk_pack_panels(target, move.dtype, data, move.matrix.rows, move.matrix.columns)
      }
      move.matrix.home.move(to: target, dtype: move.dtype, owner: memory)
      WeightMemory.release(
        data, count: move.matrix.dtype.bytes(rows: move.matrix.rows, columns: move.matrix.columns))
      movedBytes.add(bytes, ordering: .relaxed)
    }
  }

  private func start() -> pthread_t? {
    let argument = Unmanaged.passRetained(Worker { [unowned self] in work() })
    #if canImport(Darwin)
      var thread: pthread_t?
      let failure = pthread_create(
        &thread, nil,
        { argument in
          Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue().body()
          return nil
        }, argument.toOpaque())
    #else
      var thread = pthread_t()
      let failure = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, argument.toOpaque())
    #endif
    if failure == 0 { return thread }
    argument.release()
    return nil
  }
}

/// What a thread is given to do.
private final class Worker {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}
