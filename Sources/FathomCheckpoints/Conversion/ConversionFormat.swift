import FathomCore
import FathomTensors

/// What `fathom convert` stores matrices as.
public enum ConversionFormat: String, Sendable, CaseIterable {
  /// 4 bits and an f16 scale for each 32 columns, in panels.
  case q4
  /// 8 bits and an f16 scale for each 32 columns, in panels.
  case q8
  /// e4m3 with an f32 scale for each 128 × 128 block, as official checkpoints hold it.
  case fp8
  case bf16
  /// As they are; Q4_0 and Q8_0 blocks in panels.
  case packed

  /// What a matrix becomes; nil where it keeps its type.
  var dtype: DType? {
    switch self {
    case .q4: .q4Panel
    case .q8: .q8Panel
    case .fp8: .f8e4m3
    case .bf16: .bf16
    case .packed: nil
    }
  }
}

/// Which tensor is stored as what.
///
/// Embedding, output head, routers, norms and biases keep their precision, as the DeepSeek-V3 report keeps them (§3.3.2);
/// so do the projection of the MTP module and V3.2's indexer, which official FP8 checkpoints hold in bf16. Weights that
/// are small integers already are never widened.
public struct ConversionPolicy: Sendable {
  public let format: ConversionFormat
  /// Exceptions by name, `*` standing for any text; the first that fits counts.
  public let exceptions: [(pattern: String, format: ConversionFormat)]

  public init(
    _ format: ConversionFormat, exceptions: [(pattern: String, format: ConversionFormat)] = []
  ) {
    self.format = format
    self.exceptions = exceptions
  }

  private static let precise = [
    "model.embed_tokens.weight", "lm_head.weight", "*.mlp.gate.weight", "*.embed_tokens.weight",
    "*.shared_head.head.weight", "*.eh_proj.weight", "*.indexer.*",
  ]

  /// What a matrix `[rows, columns]` of type `stored` is asked to become; nil keeps it.
  func wish(_ name: String, columns: Int, stored: DType) -> DType? {
    let exception = exceptions.first { Self.matches(name, $0.pattern) }
    let isPrecise = Self.precise.contains { Self.matches(name, $0) }
    guard let wish = exception?.format.dtype ?? (exception == nil ? format.dtype : nil),
      exception != nil || !isPrecise
    else { return nil }
    if stored.isQuantizedInteger, stored.bitsPerValue <= wish.bitsPerValue { return nil }
    guard wish != stored, columns % wish.blockElements == 0 else { return nil }
    return wish
  }

  /// Whether `text` is `pattern` with something, or nothing, in place of each `*`.
  package static func matches(_ text: String, _ pattern: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = parts.first, let last = parts.last, parts.count > 1 else {
      return text == pattern
    }
    guard text.hasPrefix(first) else { return false }
    var rest = text.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.count >= last.count && rest.hasSuffix(last)
  }
}

extension DType {
  var bitsPerValue: Double { Double(8 * blockBytes) / Double(blockElements) }
}
