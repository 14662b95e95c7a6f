import FathomModels

/// What the prompt takes in the cache, and what it would take if all heads kept keys and values of their own.
package struct CacheFrame: Sendable, Equatable {
  package var tokens: Int
  package var type: CacheType
  package var bytesPerToken: Int
  /// In numbers of the same type, without scales.
  package var plainBytesPerToken: Int

  package var bytes: Int { tokens * bytesPerToken }
  package var plainBytes: Int { tokens * plainBytesPerToken }

  init(_ model: Model, type: CacheType, tokens: Int) {
    self.tokens = tokens
    self.type = type
    bytesPerToken = model.cacheLayout(type).bytesPerToken
    plainBytesPerToken = model.shape.plainAttentionValuesPerToken * type.dtype.blockBytes
  }
}
