import FathomCheckpoints
import FathomCore
import FathomTensors

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A loaded network: immutable weights over mapped files, ready for any number of sessions.
public final class Model: Sendable {
  public let checkpoint: Checkpoint
  public let shape: ModelShape
  /// Values of all tensors that the network uses, each stored tensor counted once; scales are not parameters.
  public let parameterCount: Int
  /// Those among them that take part in computing one token: all but the experts that were not chosen, and without
  /// the MTP module.
  public let activeParameterCount: Int
  /// Values of the MTP module, part of `parameterCount`.
  public let mtpParameterCount: Int

  /// Names the weights: the same for the same configuration, tensor table and first bytes of some tensors.
  public var fingerprint: String { checkpoint.fingerprint }

  package let network: Network
  private let cacheParts: [[Int]]
  private let mover: WeightMover

  /// Reads `config.json`, compares the whole table of expected tensors with the files and maps the weights.
  ///
  /// Nothing is copied at first but norms, biases and scales; where `placement` says so, weights begin to move to memory of
  /// their own.
  ///
  /// - Throws: `InputError` for the configuration, `InputErrors` with every difference between the expected tensors
  ///   and the stored ones.
  public init(_ checkpoint: Checkpoint, placement: WeightPlacement = .mapped) throws {
    let blueprint = try Architectures.blueprint(checkpoint.config)
    let weights = WeightReader(checkpoint)
    network = try blueprint.build(from: weights)
    try weights.finish()
    self.checkpoint = checkpoint
    shape = blueprint.shape
    cacheParts = blueprint.cacheParts
    parameterCount = weights.parameterCount { _ in true }
    let mtpPrefix = "model.layers.\(shape.numHiddenLayers)."
    mtpParameterCount = weights.parameterCount { $0.hasPrefix(mtpPrefix) }
    let routed = weights.parameterCount { $0.contains(".mlp.experts.") && !$0.hasPrefix(mtpPrefix) }
    let idle =
      shape.nRoutedExperts == 0
      ? 0 : routed / shape.nRoutedExperts * (shape.nRoutedExperts - shape.numExpertsPerTok)
    activeParameterCount = parameterCount - mtpParameterCount - idle
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    mover = WeightMover(weights.movable, placement: placement, threads: cores)
  }

  public convenience init(path: String, placement: WeightPlacement = .mapped) throws {
    try self.init(try Checkpoint.open(path), placement: placement)
  }

  deinit { mover.stop() }

  /// Returns when the weights are where they are to stay. Until then tokens are computed all the same, more slowly.
  public func waitForWeights() { mover.wait() }

  /// Bytes of weights that are, or will be, in memory of their own.
  public var residentWeightBytes: Int { mover.byteCount }

  public var hasMultiTokenPrediction: Bool { network.mtp != nil }

  /// What one token leaves in the cache of a session.
  public func cacheLayout(_ type: CacheType) -> CacheLayout {
    CacheLayout(layers: cacheParts, type: type)
  }

  /// The cache of the MTP module, a layer of its own.
  package func mtpCacheLayout(_ type: CacheType) -> CacheLayout? {
    network.mtp.flatMap { _ in cacheParts.last.map { CacheLayout(layers: [$0], type: type) } }
  }

  /// Whether a page of the weights could not be read.
  package var isTorn: Bool { checkpoint.files.contains { $0.isTorn } }

  /// Throws if a mapped file changed under us, so that no answer is given from torn weights.
  package func checkIntact() throws {
    try checkpoint.checkIntact()
  }
}
