import FathomCore
import Foundation

/// Writes a GGUF file (version 3, little endian): metadata and the tensor table at once, then tensor data as it
/// comes, in the order of the table.
///
/// The file is written under a temporary name and takes its own in `finish`. A writer that goes away before that,
/// because of an error or Ctrl-C, takes the temporary file with it, unless it is resumable: then the next one for the same
/// path and the same header goes on behind the last whole tensor that is known to be on disk.
///
/// Source: docs/gguf.md of the ggml project.
package final class GGUFWriter {
  /// A value of the metadata.
  package enum Value: Sendable, Equatable {
    case string(String)
    case bool(Bool)
    case u32(UInt32)
    case i32(Int32)
    case u64(UInt64)
    case f32(Float)
    case strings([String])
    case i32s([Int32])
    case f32s([Float])
  }

  /// An entry of the tensor table.
  package struct Tensor: Sendable, Equatable {
    package let name: String
    /// As GGUF counts dimensions: neighbouring values first.
    package let dimensions: [Int]
    /// The number ggml gives the encoding: 0 is F32, 2 is Q4_0, 8 is Q8_0, 30 is BF16.
    package let type: UInt32
    package let byteCount: Int

    package init(name: String, dimensions: [Int], type: UInt32, byteCount: Int) {
      self.name = name
      self.dimensions = dimensions
      self.type = type
      self.byteCount = byteCount
    }
  }

  /// Bytes that a resumed writer may have to write again.
  private static let syncBytes = 256 << 20

  /// Bytes of all tensors, padding between them left out.
  package let tensorBytes: Int
  /// Tensor bytes written so far.
  package private(set) var writtenBytes = 0

  /// Tensors whose data is complete.
  package private(set) var tensor = 0

  private let path: String
  private let temporary: String
  private let tensors: [Tensor]
  private let alignment: Int
  private let isResumable: Bool
  private var descriptor: Int32
  /// Bytes of the current tensor still to come.
  private var missing = 0
  /// Bytes of the file, and how many of them are known to be on disk.
  private var position = 0
  private var synced = 0

  /// Creates the temporary file and writes everything that stands before tensor data.
  ///
  /// - Parameter isResumable: whether what was written outlives the writer, and is taken up again by the next one.
  /// - Throws: `InputError` if the file can't be created or written, or another process is writing it.
  package init(
    path: String, metadata: [(key: String, value: Value)], tensors: [Tensor], alignment: Int = 32,
    isResumable: Bool = false
  ) throws {
    precondition(alignment > 0 && alignment % 8 == 0, "an alignment of \(alignment)")
    self.path = path
    self.tensors = tensors
    self.alignment = alignment
    self.isResumable = isResumable
    tensorBytes = tensors.reduce(0) { $0 + $1.byteCount }
    temporary = isResumable ? "\(path).partial" : "\(path).\(getpid()).tmp"
    descriptor = open(
      temporary, O_RDWR | O_CREAT | O_CLOEXEC | (isResumable ? 0 : O_TRUNC), 0o644)
    guard descriptor >= 0 else {
      throw InputError(path, expected: "a file that can be created", found: Self.lastError())
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      descriptor = -1
      throw InputError(
        temporary, expected: "no other process that writes it", found: Self.lastError())
    }
    missing = tensors.first?.byteCount ?? 0
    let header = Self.header(metadata, tensors, alignment: alignment)
    if try isResumable && resume(behind: header) { return }
    try header.withUnsafeBytes { try put($0) }
    try skipWritten()
  }

  deinit {
    guard descriptor >= 0 else { return }
    if isResumable { try? sync() }
    close(descriptor)
    if !isResumable { unlink(temporary) }
  }

  /// Removes what an unfinished writer left behind.
  package static func discard(path: String) {
    unlink("\(path).partial")
    unlink("\(path).partial.synced")
  }

  /// Appends bytes of the current tensor, and moves on to the next where they complete it.
  ///
  /// - Throws: `InputError` if the disk is full or fails.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    precondition(
      bytes.count <= missing, "\(bytes.count) bytes where a tensor lacks \(missing)")
    try put(bytes)
    missing -= bytes.count
    writtenBytes += bytes.count
    try skipWritten()
  }

  /// Syncs the file and gives it its name.
  ///
  /// - Throws: `InputError` if the disk is full or fails; the temporary file is gone then.
  package func finish() throws {
    precondition(tensor == tensors.count, "\(tensors.count - tensor) tensors without data")
    defer {
      close(descriptor)
      descriptor = -1
    }
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      let error = InputError(path, expected: "a file that can be kept", found: Self.lastError())
      if !isResumable { unlink(temporary) }
      throw error
    }
    if isResumable { unlink(syncedPath) }
  }

  private var syncedPath: String { temporary + ".synced" }

  /// Says beside the file how much of it is on disk for certain.
  private func sync() throws {
    guard fsync(descriptor) == 0 else {
      throw InputError(path, expected: "a file that can be kept", found: Self.lastError())
    }
    try AtomicFile.write(Array("\(position)".utf8), to: syncedPath)
    synced = position
  }

  /// Goes to the end of the last whole tensor on disk, if the file there is the beginning of this one.
  private func resume(behind header: [UInt8]) throws -> Bool {
    guard let note = try? FileBytes.read(syncedPath),
      let onDisk = Int(String(decoding: note, as: UTF8.self)),
      Self.begins(descriptor, with: header)
    else {
      // What an earlier file had on disk says nothing about this one.
      unlink(syncedPath)
      ftruncate(descriptor, 0)
      return false
    }
    let size = min(onDisk, Int(lseek(descriptor, 0, SEEK_END)))
    position = header.count
    while tensor < tensors.count {
      let bytes = tensors[tensor].byteCount
      let end = position + bytes + Self.padding(behind: bytes, to: alignment)
      guard end <= size else { break }
      position = end
      writtenBytes += bytes
      tensor += 1
    }
    missing = tensor < tensors.count ? tensors[tensor].byteCount : 0
    synced = position
    guard ftruncate(descriptor, off_t(position)) == 0,
      lseek(descriptor, off_t(position), SEEK_SET) == off_t(position)
    else {
      throw InputError(temporary, expected: "a file that can be resumed", found: Self.lastError())
    }
    try skipWritten()
    return true
  }

  private static func begins(_ descriptor: Int32, with header: [UInt8]) -> Bool {
    var found = [UInt8](repeating: 0, count: header.count)
    var offset = 0
    while offset < found.count {
      let count = found.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset, off_t(offset))
      }
      guard count > 0 else { return false }
      offset += count
    }
    return found == header
  }

  /// Pads behind a complete tensor, and passes over tensors of no bytes.
  private func skipWritten() throws {
    while missing == 0, tensor < tensors.count {
      let padding = Self.padding(behind: tensors[tensor].byteCount, to: alignment)
      try [UInt8](repeating: 0, count: padding).withUnsafeBytes { try put($0) }
      tensor += 1
      missing = tensor < tensors.count ? tensors[tensor].byteCount : 0
    }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw InputError(
          path, expected: "room for \(tensorBytes) bytes of tensors", found: Self.lastError())
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      position += count
    }
    if isResumable, position - synced >= Self.syncBytes { try sync() }
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }

  private static func padding(behind count: Int, to alignment: Int) -> Int {
    (alignment - count % alignment) % alignment
  }

  private static func header(
    _ metadata: [(key: String, value: Value)], _ tensors: [Tensor], alignment: Int
  ) -> [UInt8] {
    let metadata = metadata + [("general.alignment", .u32(UInt32(alignment)))]
    var bytes = Array("GGUF".utf8)
    append(UInt32(3), to: &bytes)
    append(UInt64(tensors.count), to: &bytes)
    append(UInt64(metadata.count), to: &bytes)
    for (key, value) in metadata {
      append(key, to: &bytes)
      append(value, to: &bytes)
    }
    var offset = 0
    for tensor in tensors {
      append(tensor.name, to: &bytes)
      append(UInt32(tensor.dimensions.count), to: &bytes)
      for dimension in tensor.dimensions { append(UInt64(dimension), to: &bytes) }
      append(tensor.type, to: &bytes)
      append(UInt64(offset), to: &bytes)
      offset += tensor.byteCount + padding(behind: tensor.byteCount, to: alignment)
    }
    bytes += [UInt8](repeating: 0, count: padding(behind: bytes.count, to: alignment))
    return bytes
  }

  /// The number of the value's type, for arrays that of their elements behind that of arrays; then the value.
  private static func append(_ value: Value, to bytes: inout [UInt8]) {
    func array(of type: UInt32, count: Int) {
      append(UInt32(9), to: &bytes)
      append(type, to: &bytes)
      append(UInt64(count), to: &bytes)
    }
    func scalar(_ type: UInt32, _ value: some FixedWidthInteger) {
      append(type, to: &bytes)
      append(value, to: &bytes)
    }
    switch value {
    case .u32(let value): scalar(4, value)
    case .i32(let value): scalar(5, value)
    case .f32(let value): scalar(6, value.bitPattern)
    case .bool(let value): scalar(7, UInt8(value ? 1 : 0))
    case .u64(let value): scalar(10, value)
    case .string(let text):
      append(UInt32(8), to: &bytes)
      append(text, to: &bytes)
    case .strings(let texts):
      array(of: 8, count: texts.count)
      for text in texts { append(text, to: &bytes) }
    case .i32s(let values):
      array(of: 5, count: values.count)
      for value in values { append(value, to: &bytes) }
    case .f32s(let values):
      array(of: 6, count: values.count)
      for value in values { append(value.bitPattern, to: &bytes) }
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    append(UInt64(text.utf8.count), to: &bytes)
    bytes.append(contentsOf: text.utf8)
  }

  private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
