import CFathomKernels
import FathomTensors

/// The cached rows of one sequence, in pages of 64 tokens that each hold all layers.
///
/// Not `Sendable`: it belongs to the session whose sequence it is.
package final class KVCache {
  package let layout: CacheLayout
  /// Tokens whose rows are complete in every layer.
  package private(set) var count = 0

  private let layerOffsets: [Int]
  private let pageBytes: Int
  package private(set) var pages: [CachePage]
  /// The addresses of the pages, where kernels can read them.
  private var pageTable: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private var pageTableCapacity = 16

  /// - Parameter shared: complete pages of another sequence with the same beginning; they are read and never written.
  package init(layout: CacheLayout, shared: [CachePage] = []) {
    self.layout = layout
    (layerOffsets, pageBytes) = layout.pageOffsets()
    pages = []
    pageTable = .allocate(capacity: pageTableCapacity)
    pageTable.initialize(repeating: nil, count: pageTableCapacity)
    for page in shared { append(page) }
    count = shared.count * CacheLayout.pageTokens
  }

  deinit { pageTable.deallocate() }

  /// Bytes held by pages, whether all their rows are in use or not.
  package var allocatedBytes: Int { pages.count * pageBytes }

  /// Addresses of the pages, for tests that ask the allocator about them.
  package var pageAddresses: [UnsafeRawPointer] {
    pages.compactMap { $0.bytes.baseAddress.map { UnsafeRawPointer($0) } }
  }

  /// Makes room for the rows of `tokens` tokens in all, in pages of its own.
  package func reserve(tokens: Int) {
    let needed = CacheLayout.pages(tokens: tokens)
    while pages.count < needed { append(CachePage(byteCount: pageBytes)) }
  }

  /// Takes a page that nobody else holds for the tokens behind those there is room for.
  package func append(_ page: CachePage) {
    precondition(
      page.bytes.count >= pageBytes, "a page of \(page.bytes.count) bytes for \(pageBytes)")
    if pages.count == pageTableCapacity { growPageTable() }
    pageTable[pages.count] = page.bytes.baseAddress.map {
      UnsafePointer($0.assumingMemoryBound(to: UInt8.self))
    }
    pages.append(page)
  }

  private func growPageTable() {
    let larger = UnsafeMutablePointer<UnsafePointer<UInt8>?>.allocate(
      capacity: pageTableCapacity * 2)
    larger.initialize(repeating: nil, count: pageTableCapacity * 2)
    larger.update(from: pageTable, count: pageTableCapacity)
    pageTable.deallocate()
    pageTable = larger
    pageTableCapacity *= 2
  }

  /// Declares that the rows of `tokens` further tokens have been stored.
  package func advance(by tokens: Int) {
    precondition(count + tokens <= pages.count * CacheLayout.pageTokens, "rows without a page")
    count += tokens
  }

  /// Forgets the tokens from position `count` on and lets go of pages that hold none of the others. A page that others
  /// read too is copied before its end is written anew.
  package func truncate(to count: Int) {
    precondition((0...self.count).contains(count), "truncate \(self.count) tokens to \(count)")
    self.count = count
    let needed = CacheLayout.pages(tokens: count)
    while pages.count > needed {
      pages.removeLast()
      pageTable[pages.count] = nil
    }
    guard count % CacheLayout.pageTokens > 0,
      !isKnownUniquelyReferenced(&pages[pages.count - 1])
    else { return }
    let copy = pages.removeLast().copy()
    append(copy)
  }

  private func address(ofPage index: Int) -> UnsafeMutablePointer<UInt8> {
    guard let base = pages[index].bytes.baseAddress else {
      preconditionFailure("page \(index) without memory")
    }
    return base.assumingMemoryBound(to: UInt8.self)
  }

  private func row(_ position: Int, layer: Int) -> UnsafeMutablePointer<UInt8> {
    address(ofPage: position / CacheLayout.pageTokens) + layerOffsets[layer]
      + position % CacheLayout.pageTokens * layout.rowBytes(layer: layer)
  }

  /// What kernels read one layer through. Valid until the next `reserve`, `truncate` or the end of the cache.
  package func view(layer: Int) -> fk_cache {
    fk_cache(
      dtype: layout.type.dtype.kernelType, pages: pageTable,
      page_tokens: CacheLayout.pageTokens, layer_offset: layerOffsets[layer],
      row_bytes: layout.rowBytes(layer: layer), scale_offset: scaleOffset(layer: layer))
  }

  private func scaleOffset(layer: Int) -> Int {
    layout.layers[layer].reduce(0, +) * layout.type.dtype.blockBytes
  }

  /// Where part `index` of a row of `layer` is.
  package func part(_ index: Int, layer: Int) -> fk_part {
    let widths = layout.layers[layer]
    return fk_part(
      begin: widths[..<index].reduce(0, +), width: widths[index], index: index)
  }

  /// Stores `part.width` values of the token at `position`.
  package func store(
    _ values: UnsafePointer<Float>, part: fk_part, position: Int, layer: Int
  ) {
    fk_cache_store(
      row(position, layer: layer), layout.type.dtype.kernelType, part, scaleOffset(layer: layer),
      values)
  }

  /// Reads back what `store` kept, rounding included.
  package func load(
    _ values: UnsafeMutablePointer<Float>, part: fk_part, position: Int, layer: Int
  ) {
    let row = row(position, layer: layer)
    let type = layout.type.dtype
    var scale: Float = 1
    if layout.type == .fp8 { scale = fk_decode_e8m0(row[scaleOffset(layer: layer) + part.index]) }
    for index in 0..<part.width {
      let element = row + (part.begin + index) * type.blockBytes
      switch layout.type {
      case .f32: values[index] = UnsafeRawPointer(element).loadUnaligned(as: Float.self)
      case .bf16:
        values[index] = fk_decode_bf16(UnsafeRawPointer(element).loadUnaligned(as: UInt16.self))
      case .fp8: values[index] = fk_decode_e4m3(element.pointee) * scale
      }
    }
  }

  /// Clears the rows behind the last token, so that a saved page tells nothing of tokens that were taken back.
  package func clearUnusedRows() {
    let used = count % CacheLayout.pageTokens
    guard used > 0 else { return }
    let page = address(ofPage: pages.count - 1)
    for layer in layout.layers.indices {
      let rowBytes = layout.rowBytes(layer: layer)
      (page + layerOffsets[layer] + used * rowBytes)
        .update(repeating: 0, count: (CacheLayout.pageTokens - used) * rowBytes)
    }
  }

  /// The rows of all tokens, layer by layer within a page, for writing to a file.
  package func withPages<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    for page in pages { try body(UnsafeRawBufferPointer(rebasing: page.bytes[..<pageBytes])) }
  }

  /// Bytes of the pages that `count` tokens take.
  package func pageBytes(tokens count: Int) -> Int {
    CacheLayout.pages(tokens: count) * pageBytes
  }

  /// Replaces the contents by pages that `withPages` gave for `count` tokens.
  package func restore<Failure: Error>(
    count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    truncate(to: 0)
    reserve(tokens: count)
    for page in pages {
      try fill(UnsafeMutableRawBufferPointer(rebasing: page.bytes[..<pageBytes]))
    }
    self.count = count
  }
}
