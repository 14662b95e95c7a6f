import FathomCheckpoints
import FathomCore
import FathomTensors
import Foundation

/// A temporary folder to build a checkpoint in; removed with the value that owns it.
final class TestFolder {
  /// Room beside the checkpoint, for what must not be reached from inside it.
  let outside: URL
  let url: URL
  var path: String { url.path }

  init() throws {
    outside = FileManager.default.temporaryDirectory.appending(path: "fathom-\(UUID().uuidString)")
    url = outside.appending(path: "model")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: outside) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    let target = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: target)
  }

  func write(_ name: String, _ text: String) throws { try write(name, text.utf8) }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: path(name), withDestinationPath: target)
  }

  /// A file of `size` zeros after `prefix` that takes no room on the disk.
  func writeSparse(_ name: String, _ prefix: [UInt8] = [], size: UInt64) throws {
    try write(name, prefix)
    let handle = try FileHandle(forWritingTo: url.appending(path: name))
    try handle.truncate(atOffset: size)
    try handle.close()
  }
}

/// A tensor for a file that a test writes.
struct TestTensor {
  var name: String
  var dtype: DType
  var shape: [Int]
  var bytes: [UInt8]

  /// A tensor whose bytes count up from `seed`.
  init(_ name: String, _ dtype: DType, _ shape: [Int], seed: UInt8 = 1) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    bytes = (0..<shape.reduce(dtype.blockBytes, *)).map { UInt8(truncatingIfNeeded: $0) &+ seed }
  }
}

/// The bytes of a `.safetensors` file with any header, sound or not.
func safetensors(header: String, data: [UInt8] = []) -> [UInt8] {
  let text = Array(header.utf8)
  return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text + data
}

/// The bytes of a sound `.safetensors` file; `padding` spaces at the end of the header shift the
/// data.
func safetensors(_ tensors: [TestTensor], padding: Int = 0) -> [UInt8] {
  var header = JSONObject()
  var data: [UInt8] = []
  header["__metadata__"] = .object(JSONObject(["format": .string("pt")]))
  for tensor in tensors {
    let end = data.count + tensor.bytes.count
    header[tensor.name] = .object(
      JSONObject([
        "dtype": .string(tensor.dtype.rawValue),
        "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": .array([.integer(data.count), .integer(end)]),
      ]))
    data += tensor.bytes
  }
  return safetensors(
    header: JSON.object(header).text() + String(repeating: " ", count: padding), data: data)
}

/// The folder with the reference checkpoints, where a developer's machine has it beside the
/// package.
let referenceCheckpoints: URL? = {
  let environment = ProcessInfo.processInfo.environment["FATHOM_REFERENCE"]
  let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let root = environment.map { URL(filePath: $0) } ?? package.appending(path: "../shared/reference")
  let folder = root.appending(path: "checkpoints").standardizedFileURL
  return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()
