import FathomCheckpoints
import FathomCore
import FathomTensors
import Foundation
import GoldenSupport
import Testing

@Suite struct SafetensorsFileTests {
  /// Writes the tensors to a file and opens it.
  private func reopened(_ tensors: [TestTensor], padding: Int = 0) throws -> SafetensorsFile {
    let folder = try TestFolder()
    try folder.write("t.safetensors", safetensors(tensors, padding: padding))
    return try SafetensorsFile(path: folder.path("t.safetensors"))
  }

  @Test func `tensors come back as they were written, at every alignment of the data`() throws {
    let written = [
      TestTensor("a", .f32, [3, 5], seed: 7), TestTensor("b", .bf16, [4], seed: 9),
      TestTensor("c", .f8e4m3, [3, 3]), TestTensor("d", .i64, [2]),
    ]
    var misaligned = 0
    for padding in 0..<8 {
      let file = try reopened(written, padding: padding)
      #expect(file.metadata == ["format": "pt"])
      #expect(file.tensors.map(\.name) == ["a", "b", "c", "d"])
      for (stored, tensor) in zip(file.tensors, written) {
        #expect(stored.dtype == tensor.dtype && stored.shape == tensor.shape)
        #expect(stored.elementCount == tensor.shape.reduce(1, *))
        #expect(stored.withBytes { $0.elementsEqual(tensor.bytes) })
        #expect(stored.pointer.loadUnaligned(as: UInt8.self) == tensor.bytes[0])
      }
      if !file.tensors[0].byteRange.lowerBound.isMultiple(of: 8) { misaligned += 1 }
    }
    #expect(misaligned == 7)
  }

  @Test func `scalars, empty tensors and eight dimensions are legal`() throws {
    let tensors = try reopened([
      TestTensor("empty", .f32, [0, 1 << 40]), TestTensor("scalar", .f32, []),
      TestTensor("deep", .u8, [1, 2, 1, 2, 1, 2, 1, 2]), TestTensor("none", .bf16, [0]),
    ]).tensors
    let counts = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.elementCount) })
    #expect(counts == ["empty": 0, "scalar": 1, "deep": 16, "none": 0])
    #expect(tensors.allSatisfy { $0.withBytes { $0.count } == $0.byteCount })
  }

  @Test func `the order of the header does not matter`() throws {
    let folder = try TestFolder()
    let header =
      #"{"z":{"data_offsets":[2,4],"shape":[2],"dtype":"U8"},"#
      + #""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"note":{}}}  "#
    try folder.write("t.safetensors", safetensors(header: header, data: [1, 2, 3, 4]))
    let file = try SafetensorsFile(path: folder.path("t.safetensors"))
    #expect(file.tensors.map(\.name) == ["a", "z"])
    #expect(file.tensors[1].withBytes { Array($0) } == [3, 4])
  }

  @Test func `a tensor keeps its file mapped`() throws {
    let tensor = try #require(try reopened([TestTensor("a", .u8, [4096], seed: 3)]).tensors.first)
    #expect(tensor.withBytes { $0[0] } == 3)
  }

  @Test func `random tables survive a round trip`() throws {
    var generator = SeededGenerator(seed: 20_260)
    for _ in 0..<200 {
      let seed = generator.state
      let written = (0..<Int.random(in: 1...12, using: &generator)).map { index in
        TestTensor(
          "t\(index)",
          DType.allCases.filter { $0.blockElements == 1 }.randomElement(using: &generator) ?? .f32,
          (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            Int.random(in: 0...5, using: &generator)
          }, seed: UInt8.random(in: 0...255, using: &generator))
      }
      let file = try reopened(written, padding: Int.random(in: 0...9, using: &generator))
      let found = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
      for tensor in written {
        let stored = try #require(found[tensor.name], "seed \(seed)")
        #expect(
          stored.shape == tensor.shape && stored.dtype == tensor.dtype
            && stored.withBytes { $0.elementsEqual(tensor.bytes) }, "seed \(seed)")
      }
    }
  }

  @Test func `every cut of a sound file is an error`() throws {
    let whole = safetensors([TestTensor("a", .f32, [2, 2]), TestTensor("b", .u8, [3])])
    for count in 0..<whole.count {
      #expect(throws: InputError.self, "cut to \(count) bytes") {
        try whole.prefix(count).withUnsafeBytes {
          _ = try SafetensorsHeader.parse($0, fileSize: count)
        }
      }
    }
  }

  @Test func `a file truncated after it was opened is an error in the end`() throws {
    let folder = try TestFolder()
    try SoundModel.write(to: folder)
    try folder.write(
      "model.safetensors",
      safetensors(SoundModel.tensors.dropLast() + [TestTensor("model.norm.weight", .f32, [50_000])])
    )
    let checkpoint = try Checkpoint.open(folder.path)
    try checkpoint.checkIntact()
    truncate(folder.path("model.safetensors"), 10_000)
    let tensor = try checkpoint.tensor("model.norm.weight")
    #expect(tensor.withBytes { $0.suffix(1000).allSatisfy { $0 == 0 } })
    #expect(tensor.file.isTorn)
    let error = #expect(throws: InputError.self) { try checkpoint.checkIntact() }
    #expect(error?.place.hasSuffix("model.safetensors") == true)
  }
}
