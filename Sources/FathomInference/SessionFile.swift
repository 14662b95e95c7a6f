import FathomCore
import FathomModels
import FathomTensors
import Foundation

/// A timeline on disk: `FATHOMKV`, the length of a JSON header (8 bytes, little-endian), the header, tokens (i32),
/// logits (f32), cache pages, and a checksum of all that (8 bytes).
///
/// The header names the model by a fingerprint and the cache layout, so that a timeline can only go on where it
/// would give the same answers. The checksum finds damage, not forgery: load only timelines you saved.
extension Session {
  private static var magic: [UInt8] { Array("FATHOMKV".utf8) }
  private static var version: Int { 1 }

  /// Writes the timeline to a temporary file, syncs it and gives it its name.
  ///
  /// - Throws: `InputError` if it cannot be written; an older file of that name is untouched then.
  public func save(to path: String) throws {
    var body: [UInt8] = []
    body += Self.magic
    let header = Array(headerJSON.text().utf8)
    body += Self.bytes(of: UInt64(header.count)) + header
    for token in tokens { body += Self.bytes(of: token) }
    for logit in logits { body += Self.bytes(of: logit.bitPattern) }
    cache.clearUnusedRows()
    cache.withPages { body.append(contentsOf: $0) }
    body += Self.bytes(of: Checksum.of(body))
    try AtomicFile.write(body, to: path, isPrivate: true)
  }

  /// Replaces the timeline by a saved one. If that fails, the session is as it was.
  ///
  /// - Throws: `InputError` if the file is damaged or belongs to another model or other options.
  public func restore(from path: String) throws {
    let file = try MappedFile(path: path)
    let name = file.name
    var rest = UnsafeRawBufferPointer(file.bytes)[...]
    func take(_ count: Int, _ what: String) throws -> UnsafeRawBufferPointer {
      guard count >= 0, rest.count >= count else {
        throw InputError(
          "\(name), byte \(rest.startIndex)", expected: "\(count) bytes of \(what)",
          found: "\(rest.count)")
      }
      defer { rest = rest.dropFirst(count) }
      return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }
    guard try take(8, "magic").elementsEqual(Self.magic) else {
      throw InputError("\(name), byte 0", expected: "a saved timeline", found: "another file")
    }
    guard file.byteCount >= 24 else {
      throw InputError(name, expected: "a whole timeline", found: "\(file.byteCount) bytes")
    }
    let stored = file.bytes.loadUnaligned(
      fromByteOffset: file.byteCount - 8, as: UInt64.self)
    guard Checksum.of(file.bytes.dropLast(8)) == UInt64(littleEndian: stored) else {
      throw InputError(name, expected: "the checksum it was saved with", found: "another one")
    }
    let length = UInt64(
      littleEndian: try take(8, "header length").loadUnaligned(as: UInt64.self))
    guard let headerBytes = Int(exactly: length), headerBytes <= 1 << 20 else {
      throw InputError(
        "\(name), byte 8", expected: "a header up to 1 MiB", found: "\(length) bytes")
    }
    let header: JSON
    do { header = try JSON.parse(try take(headerBytes, "header")) } catch let error as InputError {
      throw error.inside(name)
    }
    let count = header["tokens"]?.intValue ?? -1
    let logitCount = header["logits"]?.intValue ?? -1
    try compare(header, file: name)
    guard (0...contextLimit).contains(count) else {
      throw InputError(
        "\(name), \"tokens\"", expected: "up to \(contextLimit)", found: "\(count)")
    }
    guard logitCount == 0 || logitCount == model.network.decoder.vocabularySize else {
      throw InputError(
        "\(name), \"logits\"", expected: "one for each token of the vocabulary",
        found: "\(logitCount)")
    }
    let tokenBytes = try take(count * 4, "tokens")
    let newTokens = (0..<count).map {
      Int32(littleEndian: tokenBytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
    }
    let logitBytes = try take(logitCount * 4, "logits")
    let newLogits = (0..<logitCount).map {
      Float(
        bitPattern: UInt32(
          littleEndian: logitBytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
    }
    let fresh = KVCache(layout: cache.layout)
    guard rest.count - 8 == fresh.pageBytes(tokens: count) else {
      throw InputError(
        "\(name), byte \(rest.startIndex)",
        expected: "\(fresh.pageBytes(tokens: count)) bytes of cache and a checksum",
        found: "\(rest.count) bytes")
    }
    try fresh.restore(count: count) { page in
      page.copyMemory(from: try take(page.count, "cache page"))
    }
    try adopt(tokens: newTokens, logits: newLogits, cache: fresh)
  }

  private var headerJSON: JSON {
    .object(
      JSONObject([
        "version": .integer(Self.version),
        "model": .string(model.fingerprint),
        "cache_type": .string(options.cacheType.rawValue),
        "activations": .string(options.activations.rawValue),
        "attention": .string(options.attention.rawValue),
        "tokens": .integer(tokens.count),
        "logits": .integer(logits.count),
      ]))
  }

  /// Everything but the counts has to be as in this session.
  private func compare(_ header: JSON, file: String) throws {
    let own = headerJSON
    for key in ["version", "model", "cache_type", "activations", "attention"]
    where header[key] != own[key] {
      throw InputError(
        "\(file), \"\(key)\"", expected: own[key]?.text() ?? "",
        found: header[key].map { InputError.excerpt($0.text()) } ?? "nothing")
    }
  }

  private static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
