import FathomModels

/// What kind of network this is.
package struct ModelFrame: Sendable, Equatable {
  package struct Latent: Sendable, Equatable {
    package var rank: Int  // `kv_lora_rank`
    package var rotary: Int  // `qk_rope_head_dim`
    package var nope: Int  // `qk_nope_head_dim`
    package var value: Int  // `v_head_dim`
  }

  package struct Experts: Sendable, Equatable {
    package var count: Int
    package var chosen: Int
    package var shared: Int
    package var groups: Int
    package var groupsKept: Int
    package var scoring: Router.Scoring
  }

  package var shape: ModelShape
  /// nil where keys and values are cached whole.
  package var latent: Latent?
  /// nil where all layers are dense.
  package var experts: Experts?
  package var firstMixtureLayer: Int?
  /// Whether there is an MTP module to draft with.
  package var drafts: Bool

  init(_ model: Model) {
    shape = model.shape
    drafts = model.hasMultiTokenPrediction
    let layers = model.network.decoder.layers
    latent = (layers.first?.attention as? LatentAttention).map {
      Latent(
        rank: $0.kvLoraRank, rotary: $0.qkRopeHeadDim, nope: $0.qkNopeHeadDim, value: $0.vHeadDim)
    }
    firstMixtureLayer = layers.firstIndex { $0.feedForward is MixtureOfExperts }
    let mixture = firstMixtureLayer.flatMap { layers[$0].feedForward as? MixtureOfExperts }
    experts = (mixture?.router).map {
      Experts(
        count: $0.weight.rows, chosen: $0.expertsChosen, shared: model.shape.nSharedExperts,
        groups: $0.groups, groupsKept: $0.groupsChosen, scoring: $0.scoring)
    }
  }
}
