import FathomCheckpoints
import FathomCore
import FathomTensors
import Foundation
import Testing

@Suite struct CheckpointTests {
  @Test func `a folder opens by its own path, its config or its weights`() throws {
    let folder = try TestFolder()
    try SoundModel.write(to: folder)
    for path in [
      folder.path, folder.path + "/", folder.path("config.json"), folder.path("model.safetensors"),
    ] {
      let checkpoint = try SoundModel.read(path)
      #expect(checkpoint.name == "model")
      #expect(checkpoint.tensors.count == SoundModel.tensors.count)
      #expect(checkpoint.totalBytes == SoundModel.tensors.reduce(0) { $0 + $1.bytes.count })
    }
  }

  @Test func `weights under another name open when they are named`() throws {
    let folder = try TestFolder()
    try SoundModel.write(to: folder)
    try FileManager.default.moveItem(
      atPath: folder.path("model.safetensors"), toPath: folder.path("tuned.safetensors"))
    #expect(throws: InputError.self) { try Checkpoint.open(folder.path) }
    try SoundModel.read(folder.path("tuned.safetensors"))
  }

  @Test func `shards hold the same tensors as one file`() throws {
    let whole = try TestFolder()
    try SoundModel.write(to: whole)
    let parts = try TestFolder()
    try SoundModel.writeSharded(to: parts)
    let one = try Checkpoint.open(whole.path)
    let two = try Checkpoint.open(parts.path(SoundModel.shardNames[1]))
    #expect(two.files.count == 2)
    for tensor in SoundModel.tensors {
      #expect(try one.tensor(tensor.name).withBytes { $0.elementsEqual(tensor.bytes) })
      #expect(try two.tensor(tensor.name).withBytes { $0.elementsEqual(tensor.bytes) })
    }
  }

  @Test func `a hub cache opens through its links`() throws {
    let folder = try TestFolder()
    try SoundModel.writeSharded(to: folder)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let snapshot = folder.outside.appending(path: "hub/snapshots/0a1b")
    let blobs = folder.outside.appending(path: "hub/blobs")
    for new in [snapshot, blobs] {
      try FileManager.default.createDirectory(at: new, withIntermediateDirectories: true)
    }
    for (number, file) in files.enumerated() {
      try FileManager.default.moveItem(
        atPath: folder.path(file), toPath: blobs.appending(path: "hash\(number)").path)
      try FileManager.default.createSymbolicLink(
        atPath: snapshot.appending(path: file).path,
        withDestinationPath: "../../blobs/hash\(number)")
    }
    try SoundModel.read(snapshot.path)
    try FileManager.default.createSymbolicLink(
      at: folder.outside.appending(path: "latest"), withDestinationURL: snapshot)
    try SoundModel.read(folder.outside.appending(path: "latest").path)
  }

  @Test func `what the user links into the folder may be anywhere`() throws {
    let folder = try TestFolder()
    try SoundModel.write(to: folder)
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.moveItem(
        atPath: folder.path(file), toPath: folder.outside.appending(path: file).path)
      try folder.link(file, to: "../\(file)")
    }
    try SoundModel.read(folder.path)
  }

  @Test func `all that is wrong with shards comes in one error`() throws {
    let folder = try TestFolder()
    try SoundModel.writeSharded(to: folder) {
      $0["ghost.10"] = .string(SoundModel.shardNames[0])
      $0["ghost.9"] = .string(SoundModel.shardNames[0])
      $0["lost"] = .string("model-3.safetensors")
      $0["model.norm.weight"] = nil
    }
    let errors = try #require(throws: InputErrors.self) { try Checkpoint.open(folder.path) }
    #expect(
      errors.description == """
        checkpoint model: 4 differences
          model-3.safetensors: expected the file that the index names, found nothing there
          model-00002-of-00002.safetensors, tensor "model.norm.weight": expected only tensors that \
        the index lists, found it here
          model-00001-of-00002.safetensors, tensor "ghost.9": expected the tensor that the index \
        places here, found none
          model-00001-of-00002.safetensors, tensor "ghost.10": expected the tensor that the index \
        places here, found none
        """)
  }

  @Test(.enabled(if: referenceCheckpoints != nil, "needs the reference checkpoints"))
  func `every reference checkpoint opens`() throws {
    let root = try #require(referenceCheckpoints)
    let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
    #expect(names.count >= 13)
    for name in names {
      let folder = root.appending(path: name)
      let checkpoint = try Checkpoint.open(folder.path)
      let onDisk = try checkpoint.files.reduce(0) {
        let attributes = try FileManager.default.attributesOfItem(atPath: $1.path)
        return $0 + (try #require(attributes[.size] as? Int))
      }
      #expect(checkpoint.totalBytes < onDisk && checkpoint.totalBytes > onDisk * 9 / 10)
      #expect(checkpoint.generation.temperature == 0.6)
      #expect(checkpoint.generation.eosTokenIDs == [1])
      #expect((checkpoint.quantization != nil) == (name == "deepseek_v3_fp8"))
      let isPlain = ["deepseek_v3_norope_scaling", "qwen2", "qwen2_tied"].contains(name)
      #expect(try (RopeConfiguration(checkpoint.config).scaling == .none) == isPlain, "\(name)")
      var table = ExpectedTable(for: checkpoint)
      for tensor in checkpoint.tensors.values where !tensor.name.hasSuffix("_scale_inv") {
        if tensor.dtype == .f8e4m3 {
          try table.linear(tensor.name, tensor.shape)
          #expect(checkpoint.scale(of: tensor) != nil)
        } else {
          try table.add(ExpectedTensor(tensor.name, tensor.shape, storage: .oneOf([tensor.dtype])))
        }
      }
      try table.compare(with: checkpoint)
      let results = try SafetensorsFile(path: folder.appending(path: "expected.safetensors").path)
      #expect(!results.tensors.isEmpty)
    }
  }
}
