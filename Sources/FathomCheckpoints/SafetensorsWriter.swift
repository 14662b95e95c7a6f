import FathomCore
import FathomTensors
import Foundation

/// Writes a safetensors file: tensors one behind the other, the table of them in front.
///
/// The file is written under a temporary name, synced and renamed, so that it is there as a whole or not at all.
package struct SafetensorsWriter {
  /// A tensor and where its bytes come from.
  package struct Tensor {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    /// Calls its argument with the bytes.
    package let bytes: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

    package init(
      _ name: String, _ dtype: DType, _ shape: [Int],
      bytes: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.bytes = bytes
    }

    /// f32 values that stay where they are.
    package init(_ name: String, _ shape: [Int], floats: UnsafePointer<Float>) {
      self.init(name, .f32, shape) { use in
        try use(UnsafeRawBufferPointer(start: floats, count: shape.reduce(4, *)))
      }
    }

    var byteCount: Int { dtype.bytes(rows: 1, columns: shape.reduce(1, *)) }
  }

  private let path: String

  package init(path: String) { self.path = path }

  package func write(_ tensors: [Tensor], metadata: KeyValuePairs<String, String> = [:]) throws {
    let temporary = "\(path).\(getpid()).tmp"
    func failure(_ what: String) -> InputError {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      return InputError(path, expected: "a file that can be \(what)", found: reason)
    }
    guard let file = fopen(temporary, "wb") else { throw failure("created") }
    var isOpen = true
    defer { if isOpen { fclose(file) } }
    func put(_ bytes: UnsafeRawBufferPointer) throws {
      guard fwrite(bytes.baseAddress, 1, bytes.count, file) == bytes.count else {
        throw failure("written")
      }
    }
    try Array(header(tensors, metadata)).withUnsafeBytes(put)
    for tensor in tensors {
      try tensor.bytes { bytes in
        precondition(
          bytes.count == tensor.byteCount, "\(bytes.count) bytes for \(tensor.name) \(tensor.shape)"
        )
        try put(bytes)
      }
    }
    guard fflush(file) == 0, fsync(fileno(file)) == 0 else { throw failure("synced") }
    isOpen = false
    guard fclose(file) == 0 else { throw failure("closed") }
    guard rename(temporary, path) == 0 else { throw failure("renamed") }
  }

  /// Length, table, and spaces up to a multiple of 8.
  private func header(_ tensors: [Tensor], _ metadata: KeyValuePairs<String, String>) -> [UInt8] {
    var table = JSONObject()
    if !metadata.isEmpty {
      var members = JSONObject()
      for (key, value) in metadata { members[key] = .string(value) }
      table["__metadata__"] = .object(members)
    }
    var offset = 0
    for tensor in tensors {
      table[tensor.name] = .object(
        JSONObject([
          "dtype": .string(tensor.dtype.rawValue),
          "shape": .array(tensor.shape.map { .integer($0) }),
          "data_offsets": .array([.integer(offset), .integer(offset + tensor.byteCount)]),
        ]))
      offset += tensor.byteCount
    }
    var text = Array(JSON.object(table).text().utf8)
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    var length = UInt64(text.count).littleEndian
    return withUnsafeBytes(of: &length, Array.init) + text
  }
}
