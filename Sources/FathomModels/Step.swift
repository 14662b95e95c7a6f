import FathomTensors

/// One pass over some new tokens of one or more sequences.
///
/// The tokens of all sequences lie one behind the other, so products with weights run over all of them at once;
/// only attention looks at the sequence a token belongs to. Results do not depend on what shares a step.
package struct Step {
  /// New tokens of one sequence; they follow the `cache.count` tokens that are cached already.
  package struct Sequence {
    package let tokens: [Int32]
    package let cache: KVCache

    package init(tokens: [Int32], cache: KVCache) {
      self.tokens = tokens
      self.cache = cache
    }
  }

  package let sequences: [Sequence]
  package let compute: Compute
  package let workspace: Workspace
  package let attention: AttentionForm
  package let observer: ForwardObserver?

  /// New tokens, in all.
  package let count: Int
  /// For each new token: which sequence it belongs to, and its position there.
  package let owners: [Int]
  package let positions: [Int]

  package init(
    _ sequences: [Sequence], compute: Compute, workspace: Workspace,
    attention: AttentionForm = .absorbed, observer: ForwardObserver? = nil
  ) {
    self.sequences = sequences
    self.compute = compute
    self.workspace = workspace
    self.attention = attention
    self.observer = observer
    var owners: [Int] = []
    var positions: [Int] = []
    for (index, sequence) in sequences.enumerated() {
      for offset in sequence.tokens.indices {
        owners.append(index)
        positions.append(sequence.cache.count + offset)
      }
    }
    count = owners.count
    self.owners = owners
    self.positions = positions
  }

  package var tokens: [Int32] { sequences.flatMap(\.tokens) }

  /// The largest number of rows that attention of this step looks at.
  package var longest: Int { sequences.map { $0.cache.count + $0.tokens.count }.max() ?? 0 }

  /// Whether the caches keep f32 values; attention over them rounds nothing.
  package var cacheIsExact: Bool { sequences.first?.cache.layout.type == .f32 }

  package func reserve() {
    for sequence in sequences {
      sequence.cache.reserve(tokens: sequence.cache.count + sequence.tokens.count)
    }
  }

  package func advance() {
    for sequence in sequences { sequence.cache.advance(by: sequence.tokens.count) }
  }
}

/// The two written forms of multi-head latent attention. They agree up to rounding; which one runs is a choice
/// for a whole session, never for a batch, so that results stay independent of load.
public enum AttentionForm: String, Sendable, CaseIterable {
  /// Keys and values stay latent; the up-projection is applied to the query and to the mixed latent.
  case absorbed
  /// Keys and values of every cached token are expanded to all heads first.
  case expanded
}

/// What a forward pass shows to someone who watches it.
package enum Observation: Hashable, Sendable {
  case embedding
  /// Queries of all heads as they meet the cached keys, `[s, h * d]`; the rows of the step's own tokens are cached.
  case queries(layer: Int)
  case attention(layer: Int)
  case feedForward(layer: Int)
  /// The residual stream behind a layer.
  case layer(Int)
  case routerLogits(layer: Int)
  /// Experts chosen for each token, ascending; rows are the weights in the same order.
  case routing(layer: Int, experts: [[Int]])
  /// Cached rows that each query may look at, where a layer chooses them; rows are the queries.
  case indexerSelection(layer: Int, rows: [[Int32]])
  case finalNorm
  case mtpInput
  case mtpBlock
}

package typealias ForwardObserver = (Observation, Rows) -> Void
