import FathomCheckpoints
import FathomCore
import Foundation
import GoldenSupport
import Testing

@Suite struct GGUFWriterTests {
  private func write(_ path: String, alignment: Int = 32) throws -> GGUFWriter {
    try GGUFWriter(
      path: path,
      metadata: [
        ("s", .string("é")), ("b", .bool(true)), ("u", .u32(7)), ("i", .i32(-2)),
        ("w", .u64(1 << 40)), ("f", .f32(1.5)), ("ss", .strings(["a", ""])),
        ("is", .i32s([-1, 3])), ("fs", .f32s([0.5])),
      ],
      tensors: [
        GGUFWriter.Tensor(name: "x", dimensions: [3], type: 0, byteCount: 12),
        GGUFWriter.Tensor(name: "none", dimensions: [0], type: 0, byteCount: 0),
        GGUFWriter.Tensor(name: "y", dimensions: [32, 2], type: 2, byteCount: 36),
      ], alignment: alignment)
  }

  private func put(_ bytes: [UInt8], _ writer: GGUFWriter) throws {
    try bytes.withUnsafeBytes { try writer.write($0) }
  }

  @Test(arguments: [32, 64])
  func `every byte of a file is where the format wants it`(alignment: Int) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/model.gguf"
      let writer = try write(path, alignment: alignment)
      let x = [UInt8](1...12)
      let y = [UInt8](101...136)
      try put(Array(x[..<5]), writer)
      try put(Array(x[5...]), writer)
      try put(y, writer)
      #expect(writer.writtenBytes == 48 && writer.tensorBytes == 48)
      try writer.finish()

      var expected = Array("GGUF".utf8) + [3, 0, 0, 0]
      func number(_ value: UInt64) { expected += (0..<8).map { UInt8(value >> ($0 * 8) & 255) } }
      func key(_ name: String, _ type: UInt8) {
        number(UInt64(name.utf8.count))
        expected += Array(name.utf8) + [type, 0, 0, 0]
      }
      number(3)
      number(10)
      key("s", 8)
      number(2)
      expected += [0xC3, 0xA9]
      key("b", 7)
      expected += [1]
      key("u", 4)
      expected += [7, 0, 0, 0]
      key("i", 5)
      expected += [0xFE, 0xFF, 0xFF, 0xFF]
      key("w", 10)
      number(1 << 40)
      key("f", 6)
      expected += [0, 0, 0xC0, 0x3F]
      key("ss", 9)
      expected += [8, 0, 0, 0]
      number(2)
      number(1)
      expected += Array("a".utf8)
      number(0)
      key("is", 9)
      expected += [5, 0, 0, 0]
      number(2)
      expected += [0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0]
      key("fs", 9)
      expected += [6, 0, 0, 0]
      number(1)
      expected += [0, 0, 0, 0x3F]
      key("general.alignment", 4)
      expected += [UInt8(alignment), 0, 0, 0]
      func tensor(_ name: String, _ dimensions: [UInt64], _ type: UInt8, offset: Int) {
        number(UInt64(name.utf8.count))
        expected += Array(name.utf8) + [UInt8(dimensions.count), 0, 0, 0]
        for dimension in dimensions { number(dimension) }
        expected += [type, 0, 0, 0]
        number(UInt64(offset))
      }
      func pad() { while expected.count % alignment != 0 { expected.append(0) } }
      tensor("x", [3], 0, offset: 0)
      tensor("none", [0], 0, offset: alignment)
      tensor("y", [32, 2], 2, offset: alignment)
      pad()
      expected += x
      pad()
      expected += y
      pad()
      #expect(try TemporaryFolder.read(path) == expected)
    }
  }

  /// Version 2 differs from 3 in nothing that little-endian files show.
  @Test(arguments: [2, 3, 1, 4])
  func `versions 2 and 3 are read, others are refused by number`(version: UInt8) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/model.gguf"
      let writer = try GGUFWriter(
        path: path, metadata: [("s", .string("é"))],
        tensors: [GGUFWriter.Tensor(name: "y", dimensions: [32, 2], type: 2, byteCount: 36)],
        alignment: 32)
      try put([UInt8](101...136), writer)
      try writer.finish()
      var bytes = try TemporaryFolder.read(path)
      bytes[4] = version
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      guard version == 2 || version == 3 else {
        let error = #expect(throws: InputError.self) { try GGUFFile(path: path) }
        #expect("\(try #require(error))".contains("found \(version)"))
        return
      }
      let header = try GGUFFile(path: path).parts[0].header
      #expect(header.metadata.count == 2)
      let place = try #require(header.tensors.last).byteRange
      #expect(Array(bytes[place]) == [UInt8](101...136))
    }
  }

  @Test func `a writer that is given up leaves nothing behind`() throws {
    try TemporaryFolder.with { folder in
      do {
        let writer = try write(folder + "/model.gguf")
        try put([1, 2, 3], writer)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test func `a file that cannot be created is a typed error`() throws {
    _ = try TemporaryFolder.with { folder in
      #expect(throws: InputError.self) { try write(folder + "/nowhere/model.gguf") }
    }
  }
}
