import FathomCore
import FathomTensors

/// One tensor that a model needs.
public struct ExpectedTensor: Sendable, Equatable {
  /// Which dtypes will do.
  public enum Storage: Sendable, Equatable {
    /// F32, F16 or BF16: norms, embeddings, biases, routers.
    case plain
    /// Plain, or F8_E4M3 with block scales if the configuration says so: `[rows, columns]` weights.
    case linear
    case oneOf(Set<DType>)
  }

  public let name: String
  public let shape: [Int]
  public let storage: Storage
  /// Whether the model can do without it.
  public let isOptional: Bool

  public init(_ name: String, _ shape: [Int], storage: Storage, isOptional: Bool = false) {
    self.name = name
    self.shape = shape
    self.storage = storage
    self.isOptional = isOptional
  }
}

/// Every tensor a model needs, to be compared with what a checkpoint holds.
///
/// The table follows from the configuration, which may lie about the number of layers or experts.
/// It takes no more entries than the files could answer, so a lie is caught before it costs memory.
public struct ExpectedTable: Sendable {
  public private(set) var tensors: [ExpectedTensor] = []
  private let limit: Int
  private let found: Int
  private var ignoredPrefixes: [String] = []

  /// A table for a checkpoint that holds `count` tensors.
  public init(forTensorCount count: Int) {
    found = count
    // Room for listing what is missing in a file that is nearly right.
    limit = 2 * count + 1000
  }

  public init(for checkpoint: Checkpoint) {
    self.init(forTensorCount: checkpoint.tensors.count)
  }

  public mutating func add(_ tensor: ExpectedTensor) throws {
    guard tensors.count < limit else {
      throw InputError(
        "config.json", expected: "layers and experts that fit the \(found) tensors in the files",
        found: "a model of more than \(limit) tensors, at \(InputError.excerpt(tensor.name))")
    }
    tensors.append(tensor)
  }

  /// A tensor that is never quantised.
  public mutating func plain(_ name: String, _ shape: [Int], isOptional: Bool = false) throws {
    try add(ExpectedTensor(name, shape, storage: .plain, isOptional: isOptional))
  }

  /// A matrix `[rows, columns]` that an FP8 checkpoint stores in blocks.
  public mutating func linear(_ name: String, _ shape: [Int], isOptional: Bool = false) throws {
    precondition(shape.count == 2, "a linear weight has two dimensions, \(name) has \(shape)")
    try add(ExpectedTensor(name, shape, storage: .linear, isOptional: isOptional))
  }

  /// Lets tensors whose names begin like this pass unread, such as a module that is not used.
  public mutating func ignore(prefix: String) { ignoredPrefixes.append(prefix) }
}

// The comparison.
extension ExpectedTable {
  /// Throws all differences between the table and a checkpoint in one `InputErrors`.
  public func compare(with checkpoint: Checkpoint) throws {
    let differences = differences(
      from: checkpoint.tensors, quantization: checkpoint.quantization)
    guard differences.isEmpty else {
      throw InputErrors(subject: "checkpoint \(checkpoint.name)", differences: differences)
    }
  }

  /// What is missing, unexpected, or of the wrong shape or dtype, in natural order of the names.
  package func differences(from found: [String: StoredTensor], quantization: Quantization?)
    -> [InputError]
  {
    var differences: [(name: String, error: InputError)] = []
    var known: Set<String> = []
    for tensor in tensors {
      known.insert(tensor.name)
      guard let stored = found[tensor.name] else {
        if !tensor.isOptional {
          differences.append((tensor.name, Self.error(tensor, quantization, found: "none")))
        }
        continue
      }
      if stored.shape != tensor.shape || !Self.accepts(stored, for: tensor, quantization) {
        differences.append((tensor.name, Self.error(tensor, quantization, found: stored.summary)))
      }
      let scaleName = tensor.name + "_scale_inv"
      if stored.dtype == .f8e4m3, let quantization, tensor.storage == .linear {
        known.insert(scaleName)
        if let error = Self.scaleDifference(
          scaleName, weightShape: tensor.shape, found[scaleName], quantization)
        {
          differences.append((scaleName, error))
        }
      } else if tensor.storage == .linear, let scale = found[scaleName] {
        known.insert(scaleName)
        differences.append(
          (
            scaleName,
            InputError(
              Self.place(scaleName),
              expected: quantization == nil
                ? "a quantization_config that explains the scales"
                : "no scales beside a \(stored.dtype.rawValue) weight",
              found: scale.summary)
          ))
      }
    }
    for (name, stored) in found where !known.contains(name) && !isIgnored(name) {
      differences.append(
        (
          name,
          InputError(
            Self.place(name), expected: "only tensors of this model", found: stored.summary)
        ))
    }
    return differences.sorted { NaturalOrder.isAscending($0.name, $1.name) }.map(\.error)
  }

  /// Buffers that some exporters write and every reader computes for itself.
  private static let harmlessSuffixes = [
    "rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached",
  ]

  private func isIgnored(_ name: String) -> Bool {
    Self.harmlessSuffixes.contains { name.hasSuffix($0) }
      || ignoredPrefixes.contains { name.hasPrefix($0) }
  }

  /// Scales in F32; BF16 and the power-of-two F8_E8M0 hold the same values in other exporters'
  /// files.
  private static let scaleDtypes: [DType] = [.f32, .bf16, .f8e8m0]

  private static func scaleDifference(
    _ name: String, weightShape: [Int], _ scale: StoredTensor?, _ quantization: Quantization
  ) -> InputError? {
    let shape = quantization.scaleShape(rows: weightShape[0], columns: weightShape[1])
    if let scale, scale.shape == shape, scaleDtypes.contains(scale.dtype) { return nil }
    return InputError(
      place(name), expected: "\(shape) \(text(scaleDtypes))", found: scale?.summary ?? "none")
  }

  /// Blocks of integers do for every linear weight, whose rows consist of whole ones.
  private static func accepts(
    _ stored: StoredTensor, for tensor: ExpectedTensor, _ quantization: Quantization?
  ) -> Bool {
    if tensor.storage == .linear, stored.dtype.isQuantizedInteger {
      return stored.shape.last.map { $0 % stored.dtype.blockElements == 0 } ?? false
    }
    return dtypes(tensor.storage, quantization).contains(stored.dtype)
  }

  private static func dtypes(_ storage: ExpectedTensor.Storage, _ quantization: Quantization?)
    -> [DType]
  {
    switch storage {
    case .plain: [.bf16, .f16, .f32]
    case .linear: [.bf16, .f16, .f32] + (quantization == nil ? [] : [.f8e4m3])
    case .oneOf(let dtypes): dtypes.sorted { $0.rawValue < $1.rawValue }
    }
  }

  private static func error(
    _ tensor: ExpectedTensor, _ quantization: Quantization?, found: String
  ) -> InputError {
    InputError(
      place(tensor.name), expected: "\(tensor.shape) \(text(dtypes(tensor.storage, quantization)))",
      found: found)
  }

  private static func text(_ dtypes: [DType]) -> String {
    dtypes.map(\.rawValue).joined(separator: "|")
  }

  private static func place(_ name: String) -> String {
    "tensor \(InputError.excerpt(name, limit: 200))"
  }
}
