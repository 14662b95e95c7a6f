/// Activations: `count` rows of `width` floats, row `s` at `pointer + s * stride`.
package struct Rows: BitwiseCopyable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int
  package let width: Int
  package let stride: Int

  package init(_ pointer: UnsafeMutablePointer<Float>, count: Int, width: Int, stride: Int? = nil) {
    self.pointer = pointer
    self.count = count
    self.width = width
    self.stride = stride ?? width
  }

  package subscript(row: Int) -> UnsafeMutablePointer<Float> { pointer + row * stride }

  /// A run of columns of every row.
  package func columns(_ begin: Int, width: Int) -> Rows {
    Rows(pointer + begin, count: count, width: width, stride: stride)
  }

  package func rows(_ range: Range<Int>) -> Rows {
    Rows(pointer + range.lowerBound * stride, count: range.count, width: width, stride: stride)
  }
}

/// Scratch memory of one session: a stack that grows to what a step needs and is then reused, so that steps of
/// the same size allocate nothing.
///
/// Not `Sendable`: it belongs to whoever runs the step.
package final class Workspace {
  private var blocks: [UnsafeMutableBufferPointer<Float>] = []
  private var block = 0
  private var used = 0

  private static let minimumBlock = 1 << 16
  private static let alignment = 64

  package init() {}

  deinit { for block in blocks { block.deallocate() } }

  /// Bytes held, used or not.
  package var allocatedBytes: Int {
    blocks.reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride }
  }

  /// Memory taken inside `body` is free again after it. Contents are not cleared.
  package func scope<Result>(_ body: () throws -> Result) rethrows -> Result {
    let mark = (block, used)
    defer { (block, used) = mark }
    return try body()
  }

  package func take(_ count: Int, width: Int) -> Rows {
    Rows(take(count * width), count: count, width: width)
  }

  /// Room for `count` values of a type without references, on a 64-byte boundary.
  package func take<Element: BitwiseCopyable>(_ type: Element.Type, _ count: Int)
    -> UnsafeMutablePointer<Element>
  {
    UnsafeMutableRawPointer(take((count * MemoryLayout<Element>.stride + 3) / 4))
      .bindMemory(to: type, capacity: count)
  }

  package func take(_ floats: Int) -> UnsafeMutablePointer<Float> {
    let floats = (floats + 15) & ~15
    while block < blocks.count, blocks[block].count - used < floats {
      block += 1
      used = 0
    }
    if block == blocks.count {
      let bytes = max(floats, Self.minimumBlock, (blocks.last?.count ?? 0) * 2) * 4
      let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
      let memory = raw.bindMemory(to: Float.self, capacity: bytes / 4)
      blocks.append(UnsafeMutableBufferPointer(start: memory, count: bytes / 4))
      used = 0
    }
    guard let base = blocks[block].baseAddress else {
      preconditionFailure("a workspace block without memory")
    }
    defer { used += floats }
    return base + used
  }
}
