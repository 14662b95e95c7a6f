import ArgumentParser

/// A published network whose weights can be made up: for measuring speed, values don't matter and shapes do.
enum FabricatedShape: String, ExpressibleByArgument, CaseIterable {
  case tiny
  case v2Lite8 = "v2-lite-8"
  case v2Lite = "v2-lite"
  case v3Slice = "v3-slice"
  case r1Distill = "r1-distill-1.5b"

  /// One line for each, as help shows them.
  static let overview = allCases.map { shape in
    "  " + shape.rawValue.padding(toLength: 17, withPad: " ", startingAt: 0) + shape.summary
  }.joined(separator: "\n")

  private var summary: String {
    switch self {
    case .tiny: "3 layers, hidden 256, 16 experts; made in no time"
    case .v2Lite8: "the first 8 layers of DeepSeek-V2-Lite"
    case .v2Lite: "DeepSeek-V2-Lite: 15.7 B parameters, 2.4 B active"
    case .v3Slice: "3 layers of DeepSeek-V3, 64 instead of 256 experts"
    case .r1Distill: "DeepSeek-R1-Distill-Qwen-1.5B: dense"
    }
  }

  var network: FabricatedNetwork {
    switch self {
    case .tiny:
      .deepSeek(
        DeepSeekDimensions(
          layers: 3, denseLayers: 1, hidden: 256, heads: 4, qLoraRank: 256, kvLoraRank: 256,
          qkNope: 128, qkRope: 64, vHead: 128, intermediate: 512, moeIntermediate: 256,
          experts: 16, expertsPerToken: 4, sharedExperts: 1, vocabulary: 2048,
          routing: .sigmoid(groups: 4, groupsChosen: 2, scale: 2.5), mscale: 1))
    case .v2Lite8: .deepSeek(Self.v2Lite(layers: 8))
    case .v2Lite: .deepSeek(Self.v2Lite(layers: 27))
    case .v3Slice:
      .deepSeek(
        DeepSeekDimensions(
          layers: 3, denseLayers: 1, hidden: 7168, heads: 128, qLoraRank: 1536, kvLoraRank: 512,
          qkNope: 128, qkRope: 64, vHead: 128, intermediate: 18432, moeIntermediate: 2048,
          experts: 64, expertsPerToken: 8, sharedExperts: 1, vocabulary: 129280,
          routing: .sigmoid(groups: 8, groupsChosen: 4, scale: 2.5), mscale: 1))
    case .r1Distill:
      .dense(
        DenseDimensions(
          layers: 28, hidden: 1536, heads: 12, keyValueHeads: 2, headWidth: 128,
          intermediate: 8960, vocabulary: 151936))
    }
  }

  private static func v2Lite(layers: Int) -> DeepSeekDimensions {
    DeepSeekDimensions(
      layers: layers, denseLayers: 1, hidden: 2048, heads: 16, qLoraRank: nil, kvLoraRank: 512,
      qkNope: 128, qkRope: 64, vHead: 128, intermediate: 10944, moeIntermediate: 1408, experts: 64,
      expertsPerToken: 6, sharedExperts: 2, vocabulary: 102400, routing: .softmax, mscale: 0.707)
  }
}

enum FabricatedNetwork {
  case deepSeek(DeepSeekDimensions)
  case dense(DenseDimensions)
}

/// A network with latent attention and routed experts.
struct DeepSeekDimensions {
  enum Routing {
    case softmax
    case sigmoid(groups: Int, groupsChosen: Int, scale: Float)
  }

  var layers, denseLayers, hidden, heads: Int
  /// nil where queries come straight from the hidden state.
  var qLoraRank: Int?
  var kvLoraRank, qkNope, qkRope, vHead: Int
  var intermediate, moeIntermediate: Int
  var experts, expertsPerToken, sharedExperts: Int
  var vocabulary: Int
  var routing: Routing
  /// `mscale_all_dim` of YaRN.
  var mscale: Float
}

/// A dense network with grouped queries.
struct DenseDimensions {
  var layers, hidden, heads, keyValueHeads, headWidth: Int
  var intermediate, vocabulary: Int
}
