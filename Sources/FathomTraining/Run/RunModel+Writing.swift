import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors
import Foundation

extension RunModel {
  /// Writes a checkpoint folder that opens anywhere: weights, `config.json` and the files that belong beside them.
  package func export(
    to folder: String, beside files: [(name: String, content: [UInt8])], format: CheckpointFormat
  ) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(to: folder, format: format)
    for file in files { try AtomicFile.write(file.content, to: "\(folder)/\(file.name)") }
  }

  /// Writes weights and `config.json` in the official layout. Low-rank factors are merged into the matrices beside them.
  package func write(to folder: String, format: CheckpointFormat) throws {
    let tensors: [SafetensorsWriter.Tensor]
    if hasAdapters {
      let merged = ParameterStore(mergedTable)
      merge(into: merged)
      tensors = merged.tensors(format)
      try SafetensorsWriter(path: "\(folder)/model.safetensors").write(
        tensors, metadata: ["format": "pt"])
      try writeAdapter(to: folder)
    } else {
      tensors = parameters.tensors(format)
      try SafetensorsWriter(path: "\(folder)/model.safetensors").write(
        tensors, metadata: ["format": "pt"])
    }
    var config = config
    config["torch_dtype"] = .string(format == .f32 ? "float32" : "bfloat16")
    if format == .fp8 {
      config["quantization_config"] = .object(
        JSONObject([
          "activation_scheme": .string("dynamic"), "fmt": .string("e4m3"),
          "quant_method": .string("fp8"),
          "weight_block_size": .array([.integer(128), .integer(128)]),
        ]))
    }
    try AtomicFile.write(
      Array((JSON.object(config).text(.indented) + "\n").utf8), to: "\(folder)/config.json")
  }

  private static func isFactor(_ parameter: Parameter) -> Bool {
    parameter.role == .adapterDown || parameter.role == .adapterUp
  }

  private var mergedTable: ParameterTable {
    var table = ParameterTable()
    for parameter in parameters.parameters where !Self.isFactor(parameter) {
      _ = table.add(parameter.name, parameter.shape, parameter.role)
    }
    table.train { _ in false }
    return table
  }

  /// `W + scale · B A` for every matrix with factors; the others as they are.
  private func merge(into merged: ParameterStore) {
    var byName: [String: ParameterID] = [:]
    for id in parameters.ids { byName[parameters[id].name] = id }
    for id in merged.ids {
      let name = merged[id].name
      guard let source = byName[name] else { continue }
      let (from, to) = (parameters.value(source), merged.value(id))
      to.pointer.update(from: from.pointer, count: merged[id].count)
      let stem = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
      guard let down = byName["\(stem).lora_A.weight"], let up = byName["\(stem).lora_B.weight"],
        let scale = adapterScale(down)
      else { continue }
      let (a, b) = (parameters.value(down), parameters.value(up))
      for row in 0..<to.count {
        for r in 0..<a.count {
          let factor = scale * b[row][r]
          for column in 0..<to.width { to[row][column] += factor * a[r][column] }
        }
      }
    }
  }

  private func adapterScale(_ down: ParameterID) -> Float? {
    adapterAlpha.map { Float($0 / Double(parameters[down].rows)) }
  }

  /// The factors alone, in the layout of the `peft` library.
  private func writeAdapter(to folder: String) throws {
    let factors = parameters.ids.filter { Self.isFactor(parameters[$0]) }
    try SafetensorsWriter(path: "\(folder)/adapter_model.safetensors").write(
      factors.map {
        .init(
          "base_model.model.\(parameters[$0].name)", parameters[$0].shape,
          floats: parameters.value($0).pointer)
      }, metadata: ["format": "pt"])
    let ranks = factors.filter { parameters[$0].role == .adapterDown }.map { parameters[$0].rows }
    let patterns = JSONObject.ranks(
      factors.filter { parameters[$0].role == .adapterDown }.map {
        (String(parameters[$0].name.dropLast(".lora_A.weight".count)), parameters[$0].rows)
      }, standard: ranks.max() ?? 1)
    let config = JSONObject([
      "peft_type": .string("LORA"), "task_type": .string("CAUSAL_LM"),
      "r": .integer(ranks.max() ?? 1), "lora_alpha": .double(adapterAlpha ?? 0),
      "rank_pattern": .object(patterns),
      "target_modules": .string("all-linear"), "bias": .string("none"),
      "inference_mode": .bool(true),
    ])
    try AtomicFile.write(
      Array((JSON.object(config).text(.indented) + "\n").utf8),
      to: "\(folder)/adapter_config.json")
  }

  /// Takes over factors that were saved alone.
  package func loadAdapter(from folder: String) throws {
    let path = "\(folder)/adapter_model.safetensors"
    let file = try SafetensorsFile(path: path)
    var stored: [String: StoredTensor] = [:]
    for tensor in file.tensors { stored[tensor.name] = tensor }
    for id in parameters.ids where Self.isFactor(parameters[id]) {
      let name = "base_model.model.\(parameters[id].name)"
      guard let tensor = stored[name], tensor.shape == parameters[id].shape,
        let floats = tensor.floats()
      else {
        throw InputError(
          "\(path), tensor \(name)", expected: "\(parameters[id].shape)",
          found: stored[name]?.summary ?? "none")
      }
      parameters.value(id).pointer.update(from: floats, count: floats.count)
    }
  }
}

extension JSONObject {
  /// Ranks that differ from the usual one.
  fileprivate static func ranks(_ each: [(name: String, rank: Int)], standard: Int) -> JSONObject {
    var object = JSONObject()
    for (name, rank) in each where rank != standard { object[name] = .integer(rank) }
    return object
  }
}
