import FathomCore
import Foundation

/// Writes a GGUF file (version 3, little endian): metadata and the tensor table at once, then tensor data as it
/// comes, in the order of the table.
///
/// The file is written under a temporary name and takes its own in `finish`. A writer that goes away before that,
/// because of an error or Ctrl-C, takes the temporary file with it.
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

  /// Bytes of all tensors, padding between them left out.
  package let tensorBytes: Int
  /// Tensor bytes written so far.
  package private(set) var writtenBytes = 0

  private let path: String
  private let temporary: String
  private let tensors: [Tensor]
  private let alignment: Int
  private var descriptor: Int32
  /// The tensor being written, and its bytes still to come.
  private var tensor = 0
  private var missing = 0

  /// Creates the temporary file and writes everything that stands before tensor data.
  ///
  /// - Throws: `InputError` if the file can't be created or written.
  package init(
    path: String, metadata: [(key: String, value: Value)], tensors: [Tensor], alignment: Int = 32
  ) throws {
    precondition(alignment > 0 && alignment % 8 == 0, "an alignment of \(alignment)")
    self.path = path
    self.tensors = tensors
    self.alignment = alignment
    tensorBytes = tensors.reduce(0) { $0 + $1.byteCount }
    temporary = "\(path).\(getpid()).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw InputError(path, expected: "a file that can be created", found: Self.lastError())
    }
    missing = tensors.first?.byteCount ?? 0
    let header = Self.header(metadata, tensors, alignment: alignment)
    try header.withUnsafeBytes { try put($0) }
    try skipWritten()
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
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
      unlink(temporary)
      throw error
    }
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
    }
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
