import Crypto
import FathomModels

/// One block on disk.
///
/// | bytes | what |
/// |---|---|
/// | 8 | `FATHOMKB` |
/// | 4 | version, 1 |
/// | 4 | n, the number of tokens |
/// | 32 | SHA-256 of the identity: which model, formats and layout |
/// | 32 | the key, which is the file's name too |
/// | 8 | length of the cached rows |
/// | 4 n | the tokens |
/// | 32 | SHA-256 of all other bytes |
/// | … | the cached rows, as they lie in memory |
///
/// Integers are little-endian. The digest finds damage and mix-ups, not forgery: who can write as this user can write
/// blocks with a digest that fits.
package struct BlockFile {
  package static let magic = Array("FATHOMKB".utf8)
  package static let version: UInt32 = 1
  /// What stands in front of the tokens.
  package static let fixedBytes = 88
  package static let digestBytes = 32
  package static let tokenLimit = 1 << 16
  package static let smallestFile = fixedBytes + digestBytes

  /// SHA-256 of the identity.
  let identity: [UInt8]
  let key: BlockKey
  let tokens: [Int32]
  let blockBytes: Int

  package init(identity: [UInt8], key: BlockKey, tokens: [Int32], blockBytes: Int) {
    precondition(identity.count == 32 && blockBytes > 0, "\(identity.count), \(blockBytes)")
    precondition(tokens.count <= Self.tokenLimit, "a block of \(tokens.count) tokens")
    self.identity = identity
    self.key = key
    self.tokens = tokens
    self.blockBytes = blockBytes
  }

  package static func identity(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  package var byteCount: Int { Self.smallestFile + 4 * tokens.count + blockBytes }

  /// Everything up to the digest.
  private var start: [UInt8] {
    Self.magic + Self.version.littleEndianBytes + UInt32(tokens.count).littleEndianBytes + identity
      + key.bytes + UInt64(blockBytes).littleEndianBytes + tokens.littleEndianBytes
  }

  /// Everything up to the cached rows.
  package func header(for page: CachePage) -> [UInt8] {
    precondition(page.bytes.count == blockBytes, "\(page.bytes.count) bytes, not \(blockBytes)")
    let start = start
    return start + Self.digest(start, page)
  }

  private static func digest(_ start: [UInt8], _ page: CachePage) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: start)
    hash.update(bufferPointer: UnsafeRawBufferPointer(page.bytes))
    return Array(hash.finalize())
  }

  package enum Finding {
    case page(CachePage)
    /// Not what anybody wrote: cut off, or some bytes are others.
    case damaged
    /// Whole as far as one can tell, but of another version, model or text.
    case other
    /// The system could not read it.
    case unreadable(BlockFailure)
  }

  /// Reads a file of `size` bytes. Nothing in it can make this allocate more than one page, or trap.
  package func read(_ descriptor: Int32, size: Int, system: BlockSystem) -> Finding {
    func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) throws(BlockFailure)
      -> Bool
    {
      var count = 0
      while count < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let found = try BlockFailure.check("read", system.read(descriptor, rest, offset + count))
        if found == 0 { return false }
        count += found
      }
      return true
    }
    func bytes(_ count: Int, from offset: Int) throws(BlockFailure) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      var failure: BlockFailure?
      let isWhole = bytes.withUnsafeMutableBytes { buffer in
        do throws(BlockFailure) { return try fill(buffer, from: offset) } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
      return isWhole ? bytes : nil
    }
    do throws(BlockFailure) {
      guard size >= Self.smallestFile, let fixed = try bytes(Self.fixedBytes, from: 0),
        fixed.starts(with: Self.magic)
      else { return .damaged }
      guard Self.integer(fixed[8..<12]) == UInt64(Self.version) else { return .other }
      let tokenCount = Self.integer(fixed[12..<16])
      let payload = Self.integer(fixed[80..<88])
      let rest = UInt64(size - Self.smallestFile)
      guard rest >= 4 * tokenCount, rest - 4 * tokenCount == payload else { return .damaged }
      guard tokenCount == tokens.count, payload == blockBytes else { return .other }
      let more = 4 * tokens.count + Self.digestBytes
      guard let variable = try bytes(more, from: Self.fixedBytes) else { return .damaged }
      let page = CachePage(byteCount: blockBytes)
      guard try fill(page.bytes, from: Self.fixedBytes + more) else { return .damaged }
      let found = fixed + variable.dropLast(Self.digestBytes)
      guard Self.digest(found, page).elementsEqual(variable.suffix(Self.digestBytes)) else {
        return .damaged
      }
      return found == start ? .page(page) : .other
    } catch {
      return .unreadable(error)
    }
  }

  /// At most 8 bytes, little-endian.
  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
