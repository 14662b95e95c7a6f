import FathomCore
import FathomTensors

/// A model on disk, in the Hugging Face layout or in GGUF files: configuration and tensors.
///
/// Opening checks the whole folder and reads no tensor data: the weights stay in the mapped files.
public struct Checkpoint: Sendable {
  /// The folder or the GGUF file, as a path that can be opened.
  public let folder: String
  public let config: ConfigurationReader
  public let generation: GenerationConfiguration
  /// How FP8 weights are stored; nil in a checkpoint of plain weights.
  public let quantization: Quantization?
  public let tensors: [String: StoredTensor]
  public let files: [MappedFile]

  /// The folder's own name, for messages.
  public let name: String

  /// Opens the model at `path`: its folder, its `config.json` or a `.safetensors` file in it, or a GGUF file.
  ///
  /// - Throws: `InputError`, or `InputErrors` if shards and index disagree in several places.
  public static func open(_ path: String) throws -> Checkpoint {
    let checkpoint = try GGUFFile.isGGUF(path) ? gguf(path) : folder(path)
    // A file that was replaced between mapping and here would mix two models.
    for file in checkpoint.files where !file.isUnchanged() {
      throw InputError(
        file.name, expected: "a file that stays the same while it is opened",
        found: "another file or other content")
    }
    return checkpoint
  }

  private static func gguf(_ path: String) throws -> Checkpoint {
    let file = try GGUFFile(path: path)
    let config = try file.configuration()
    let experts = try config.optionalInt("n_routed_experts", in: 0...(1 << 16)) ?? 0
    let generation = try file.metadata.isPacked ? file.metadata.packedGeneration() : nil
    return Checkpoint(
      folder: path, config: config,
      generation: try GenerationConfiguration(generation, config: config),
      quantization: try Quantization(config),
      tensors: try GGUFTensors(file, experts: experts).tensors,
      files: file.parts.map(\.file), name: file.metadata.file)
  }

  private static func folder(_ path: String) throws -> Checkpoint {
    let folder = try ModelFolder(path)
    let config = try configuration("config.json", in: folder)
    let generation =
      folder.contains("generation_config.json")
      ? try configuration("generation_config.json", in: folder) : nil
    let quantization = try Quantization(config)
    let files = try weightFiles(in: folder)
    return Checkpoint(
      folder: folder.path, config: config,
      generation: try GenerationConfiguration(generation, config: config),
      quantization: quantization,
      tensors: try tensors(of: files, folder: folder.name),
      files: files.map(\.file), name: folder.name)
  }

  /// The folder that `path` means: itself, or the one that holds the file it names.
  public static func folder(at path: String) throws -> String { try ModelFolder(path).path }

  /// `config.json` alone; nil if there is none.
  public static func configuration(at path: String) throws -> ConfigurationReader? {
    let folder = try ModelFolder(path)
    return folder.contains("config.json") ? try configuration("config.json", in: folder) : nil
  }

  /// Bytes of all tensors.
  public var totalBytes: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

  /// The path of a file in the folder, whether or not it is there.
  public func path(of file: String) -> String {
    folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
  }

  /// The tensor of that name.
  public func tensor(_ name: String) throws -> StoredTensor {
    guard let tensor = tensors[name] else {
      throw InputError(
        "tensor \(InputError.excerpt(name, limit: 200))", expected: "a tensor in the checkpoint",
        found: "none")
    }
    return tensor
  }

  /// The block scales of an FP8 weight; nil for a plain one.
  public func scale(of weight: StoredTensor) -> StoredTensor? {
    weight.dtype == .f8e4m3 ? tensors[weight.name + "_scale_inv"] : nil
  }

  /// Throws if a file has changed in place since it was mapped, so that results can't be trusted.
  public func checkIntact() throws {
    for file in files { try file.checkIntact() }
  }
}

extension Checkpoint {
  private static func configuration(_ file: String, in folder: ModelFolder) throws
    -> ConfigurationReader
  {
    try folder.read(file, limit: ConfigurationReader.limits.bytes) {
      try ConfigurationReader.parse($0, file: file)
    }
  }

  /// One file or all shards, each with its header checked.
  private static func weightFiles(in folder: ModelFolder) throws -> [SafetensorsFile] {
    // Beside a single file an index does not matter, unless a file was named that may be one of its shards.
    let isSingle = folder.contains(ModelFolder.weightsName)
    let index = isSingle && folder.namedFile == nil ? nil : try shardIndex(in: folder)
    // A file that was named is the one that is meant, unless it is part of a whole.
    if let named = folder.namedFile, index?.shards.contains(named) != true {
      return [try SafetensorsFile(path: folder.path(of: named))]
    }
    if isSingle {
      return [try SafetensorsFile(path: folder.path(of: ModelFolder.weightsName))]
    }
    guard let index else {
      throw InputError(
        folder.path, expected: "\(ModelFolder.weightsName) or \(ModelFolder.indexName)",
        found: folder.weightsFinding())
    }
    return try shards(of: index, in: folder)
  }

  private static func shardIndex(in folder: ModelFolder) throws -> ShardIndex? {
    guard folder.contains(ModelFolder.indexName) else { return nil }
    return try folder.read(ModelFolder.indexName, limit: ShardIndex.limits.bytes) {
      do {
        return try ShardIndex.parse($0)
      } catch let error as InputError {
        throw error.inside(ModelFolder.indexName)
      }
    }
  }

  /// Opens every shard and compares what they hold with what the index says.
  private static func shards(of index: ShardIndex, in folder: ModelFolder) throws
    -> [SafetensorsFile]
  {
    var files: [SafetensorsFile] = []
    var unreadable: Set<String> = []
    var differences: [InputError] = []
    for shard in index.shards {
      do {
        files.append(try SafetensorsFile(path: try folder.shardPath(shard)))
      } catch let error as InputError {
        differences.append(error)
        unreadable.insert(shard)
      }
    }
    var unseen = index.shardOfTensor.filter { !unreadable.contains($0.value) }
    for file in files {
      for tensor in file.tensors {
        let promised = index.shardOfTensor[tensor.name]
        if promised == file.file.name {
          unseen[tensor.name] = nil
        } else {
          differences.append(
            InputError(
              "\(file.file.name), tensor \(InputError.excerpt(tensor.name, limit: 200))",
              expected: promised.map { "it in \($0) alone, as the index says" }
                ?? "only tensors that the index lists",
              found: "it here"))
        }
      }
    }
    for (name, shard) in unseen.sorted(by: { NaturalOrder.isAscending($0.key, $1.key) }) {
      differences.append(
        InputError(
          "\(shard), tensor \(InputError.excerpt(name, limit: 200))",
          expected: "the tensor that the index places here", found: "none"))
    }
    guard differences.isEmpty else {
      throw InputErrors(subject: "checkpoint \(folder.name)", differences: differences)
    }
    return files
  }

  private static func tensors(of files: [SafetensorsFile], folder: String) throws
    -> [String: StoredTensor]
  {
    var tensors: [String: StoredTensor] = [:]
    tensors.reserveCapacity(files.reduce(0) { $0 + $1.tensors.count })
    for tensor in files.lazy.flatMap(\.tensors) { tensors[tensor.name] = tensor }
    guard !tensors.isEmpty else {
      throw InputError("checkpoint \(folder)", expected: "at least one tensor", found: "none")
    }
    return tensors
  }
}
