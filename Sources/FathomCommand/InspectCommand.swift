import ArgumentParser
import Fathom
import Foundation

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a checkpoint is and what it needs.",
    usage: "fathom inspect --model <folder> [<options>]",
    discussion: """
      Examples:
        fathom inspect --model DIR
        fathom inspect --model DIR --tensors
        fathom inspect --model DIR --cache-type fp8 --json
      """)

  @OptionGroup var model: ModelOption

  @Option(help: "How cached values are stored.")
  var cacheType = CacheType.bf16

  @Flag(help: "List every tensor.")
  var tensors = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let model = try Model(path: try model.required())
    let report = InspectReport(model, cacheType: cacheType, format: format(of: model))
    if json {
      try Terminal.line(report.json(withTensors: tensors).text())
    } else {
      try report.show(withTensors: tensors)
    }
  }

  /// The chat format, or why there is none: a checkpoint can be inspected without one.
  private func format(of model: Model) -> String {
    do {
      return try CheckpointText(path: model.checkpoint.folder).chatFormat().name
    } catch {
      return "none: \(error)"
    }
  }
}

/// What `fathom inspect` prints.
struct InspectReport {
  let model: Model
  let cacheType: CacheType
  let format: String
  let memory: MemoryPlan

  init(_ model: Model, cacheType: CacheType, format: String) {
    self.model = model
    self.cacheType = cacheType
    self.format = format
    memory = MemoryPlan(model, cacheType: cacheType)
  }

  private var shape: ModelShape { model.shape }

  /// Stored bytes and tensors by dtype, largest first.
  private var storage: [(dtype: String, tensors: Int, bytes: Int)] {
    var sums: [String: (tensors: Int, bytes: Int)] = [:]
    for tensor in model.checkpoint.tensors.values {
      sums[tensor.dtype.rawValue, default: (0, 0)].tensors += 1
      sums[tensor.dtype.rawValue, default: (0, 0)].bytes += tensor.byteCount
    }
    return sums.map { ($0.key, $0.value.tensors, $0.value.bytes) }.sorted { $0.bytes > $1.bytes }
  }

  private var sortedTensors: [StoredTensor] {
    model.checkpoint.tensors.values.sorted {
      ($0.file.name, $0.byteRange.lowerBound) < ($1.file.name, $1.byteRange.lowerBound)
    }
  }

  func show(withTensors: Bool) throws {
    var lines: [String] = []
    func add(_ name: String, _ value: String) {
      lines.append(
        name.padding(
          toLength: max(22, name.count + 2), withPad: " ", startingAt: 0) + value)
    }
    func heading(_ text: String) throws {
      if !lines.isEmpty { try Terminal.line(lines.joined(separator: "\n") + "\n") }
      lines = []
      try Terminal.line(text, .bold)
    }
    try heading(model.checkpoint.title)
    add("architecture", shape.modelType)
    add("chat format", format)
    add(
      "network",
      "\(shape.numHiddenLayers) layers, hidden \(shape.hiddenSize), "
        + "\(shape.numAttentionHeads) heads, vocabulary \(shape.vocabSize.grouped)")
    if shape.nRoutedExperts > 0 {
      add(
        "experts",
        "\(shape.nRoutedExperts) routed, \(shape.numExpertsPerTok) per token, "
          + "\(shape.nSharedExperts) shared")
    }
    add(
      "parameters",
      "\(count(model.parameterCount)) in all, \(count(model.activeParameterCount)) active per token"
    )
    add(
      "MTP module",
      model.hasMultiTokenPrediction
        ? "\(count(model.mtpParameterCount)) of them; drafts one token ahead" : "none")
    add("context", "\(shape.maxPositionEmbeddings.grouped) tokens")
    try heading("Stored tensors")
    for entry in storage {
      add("  " + entry.dtype, "\(entry.tensors.grouped) tensors, \(entry.bytes.asBytes)")
    }
    try heading("Memory")
    add("  weights", "\(memory.weightBytes.asBytes), mapped, in their stored dtypes")
    add(
      "  cache per token",
      "\(memory.cacheBytesPerToken.asBytes) (\(memory.valuesPerToken.grouped) values, "
        + "\(cacheType.rawValue))")
    add(
      "  plain attention",
      "\(memory.plainBytesPerToken.asBytes) per token: "
        + "\(memory.saving.rounded(places: 1)) times as much")
    for (context, bytes) in memory.steps {
      add("  cache at \(context.grouped)", bytes.asBytes)
    }
    add("  this machine", "\(memory.machineBytes.asBytes), \(memory.availableBytes.asBytes) free")
    add(
      "  context that fits",
      memory.fittingContext > 0
        ? "\(memory.fittingContext.grouped) tokens"
        : "none beside the weights in memory; they would be read from disk again and again")
    if withTensors {
      try heading("Tensors")
      let tensors = sortedTensors
      let width = tensors.map(\.name.count).max() ?? 0
      for tensor in tensors {
        lines.append(
          "  \(tensor.name.padding(toLength: width, withPad: " ", startingAt: 0))  "
            + "\(tensor.dtype.rawValue) \(tensor.shape)  \(tensor.byteCount.asBytes)")
      }
    }
    try Terminal.line(lines.joined(separator: "\n"))
  }

  /// `671,026,419,200 (671.0 B)`
  private func count(_ parameters: Int) -> String {
    parameters.grouped + (parameters.asCount.map { " (\($0))" } ?? "")
  }

  func json(withTensors: Bool) -> JSON {
    var object = JSONObject([
      "name": .string(model.checkpoint.title),
      "model_type": .string(shape.modelType),
      "chat_format": .string(format),
      "num_hidden_layers": .integer(shape.numHiddenLayers),
      "hidden_size": .integer(shape.hiddenSize),
      "num_attention_heads": .integer(shape.numAttentionHeads),
      "vocab_size": .integer(shape.vocabSize),
      "max_position_embeddings": .integer(shape.maxPositionEmbeddings),
      "n_routed_experts": .integer(shape.nRoutedExperts),
      "num_experts_per_tok": .integer(shape.numExpertsPerTok),
      "n_shared_experts": .integer(shape.nSharedExperts),
      "has_mtp": .bool(model.hasMultiTokenPrediction),
      "parameters": .object(
        JSONObject([
          "total": .integer(model.parameterCount), "active": .integer(model.activeParameterCount),
          "mtp": .integer(model.mtpParameterCount),
        ])),
      "storage": .array(
        storage.map {
          .object(
            JSONObject([
              "dtype": .string($0.dtype), "tensors": .integer($0.tensors),
              "bytes": .integer($0.bytes),
            ]))
        }),
      "memory": memory.json,
    ])
    if withTensors {
      object["tensors"] = .array(
        sortedTensors.map {
          .object(
            JSONObject([
              "name": .string($0.name), "shape": .array($0.shape.map { .integer($0) }),
              "dtype": .string($0.dtype.rawValue), "bytes": .integer($0.byteCount),
            ]))
        })
    }
    return .object(object)
  }
}
