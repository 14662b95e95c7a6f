import FathomTensors

/// How cached values are stored.
public enum CacheType: String, Sendable, CaseIterable {
  case f32
  case bf16
  /// e4m3, with one power-of-two scale byte for each part of a row.
  case fp8

  package var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .fp8: .f8e4m3
    }
  }
}

/// What one token leaves in the cache of one sequence: a row per layer.
///
/// A row is made of parts that are stored one behind the other. With MLA they are the latent and the rotary key
/// (`kv_lora_rank + qk_rope_head_dim` values); with grouped queries one key and one value per key head.
public struct CacheLayout: Sendable, Equatable {
  /// Widths of the parts of a row, for each layer.
  package let layers: [[Int]]
  public let type: CacheType

  /// Tokens on one page, and the grid on which prefixes can later be shared.
  package static let pageTokens = 64

  /// Pages that the rows of `tokens` tokens take.
  package static func pages(tokens: Int) -> Int { (tokens + pageTokens - 1) / pageTokens }

  package init(layers: [[Int]], type: CacheType) {
    self.layers = layers
    self.type = type
  }

  /// Values that one token leaves, all layers together.
  public var valuesPerToken: Int { layers.reduce(0) { $0 + $1.reduce(0, +) } }

  package func rowBytes(layer: Int) -> Int {
    layers[layer].reduce(0, +) * type.dtype.blockBytes + (type == .fp8 ? layers[layer].count : 0)
  }

  /// Bytes that one token occupies, scales included.
  public var bytesPerToken: Int { layers.indices.reduce(0) { $0 + rowBytes(layer: $1) } }

  /// Bytes of one page.
  package var pageBytes: Int { pageOffsets().pageBytes }

  /// Where the rows of each layer begin on a page, and the size of a page.
  package func pageOffsets() -> (layers: [Int], pageBytes: Int) {
    var offsets: [Int] = []
    var end = 0
    for layer in layers.indices {
      offsets.append(end)
      end += Self.pageTokens * rowBytes(layer: layer)
    }
    return (offsets, end)
  }
}
