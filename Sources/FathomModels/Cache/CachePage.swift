/// Memory for the cached rows of 64 tokens, all layers.
///
/// Sequences with a common beginning share its pages, and so does whoever keeps them for later. A page is written by the one
/// sequence that holds it alone; once its last row is stored, nobody writes it again.
package final class CachePage: @unchecked Sendable {  // shared only when complete, and then only read
  package let bytes: UnsafeMutableRawBufferPointer

  package init(byteCount: Int) {
    bytes = .allocate(byteCount: max(byteCount, 1), alignment: 64)
    // Pages are saved whole; what this memory held before must not be.
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// A page with the same contents.
  package func copy() -> CachePage {
    let copy = CachePage(byteCount: bytes.count)
    copy.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
    return copy
  }

  /// Forgets what it holds.
  package func clear() { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
}
