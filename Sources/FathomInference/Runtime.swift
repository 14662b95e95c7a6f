import FathomCore
import FathomModels
import FathomTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a session computes with.
public struct RuntimeOptions: Sendable, Equatable {
  /// Threads that compute; nil takes one for each core.
  public var threads: Int?
  public var activations = ActivationPrecision.auto
  public var cacheType: CacheType = .bf16
  public var attention: AttentionForm = .absorbed
  /// Tokens of one prefill chunk. Does not change results.
  public var prefillChunk = 512
  /// Longest timeline, tokens; nil takes the model's `max_position_embeddings`.
  public var contextLimit: Int?
  /// nil takes the fastest this machine has, or what `FATHOM_ISA` names.
  public var instructionSet: InstructionSet?

  public init() {}

  /// Every activation and cached value in f32: what comparisons with reference numbers use.
  public static var exact: RuntimeOptions {
    var options = RuntimeOptions()
    options.activations = .f32
    options.cacheType = .f32
    return options
  }

  package func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw InputError("option threads", expected: "1 to 1024", found: "\(threads)")
    }
    guard (1...65536).contains(prefillChunk) else {
      throw InputError("option prefill-chunk", expected: "1 to 65536", found: "\(prefillChunk)")
    }
    if let contextLimit, contextLimit < 1 {
      throw InputError("option context", expected: "at least 1 token", found: "\(contextLimit)")
    }
  }

  package func compute() throws -> Compute {
    try validate()
    let set = try instructionSet ?? InstructionSet.chosen()
    guard let kernels = set.kernels else {
      throw InputError(
        "instruction set", expected: "one that this machine has", found: set.rawValue)
    }
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return Compute(
      kernels: kernels, pool: WorkerPool(threads: threads ?? cores), activations: activations)
  }
}
